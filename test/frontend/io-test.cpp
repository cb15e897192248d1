//===- io-test.cpp - npy, npz and safetensors, written and read -----------===//
#include "frontend/io/FileError.h"
#include "frontend/io/NamedArrays.h"
#include "frontend/io/Npy.h"
#include "frontend/io/Npz.h"
#include "frontend/io/Safetensors.h"
#include "frontend/io/WholeFile.h"

#include "test/frontend/io-files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

using namespace mg::io;
using namespace mg::io::test;
using mg::eager::Array;
using Shape = std::vector<std::int64_t>;

namespace {

Shape shapeOf(const Array &array) {
  return {array.shape().begin(), array.shape().end()};
}

mg_status statusOf(const std::function<void()> &f) {
  try {
    f();
  } catch (const FileError &error) {
    return error.status;
  }
  return MG_OK;
}

mg_status loadStatus(const std::string &bytes) {
  Folder folder;
  write(folder / "x.npy", bytes);
  return statusOf([&] { loadNpy(folder / "x.npy"); });
}

/// An array of `dtype` whose bytes count up (0 and 1 for a bool).
Array counting(mg_dtype dtype, const Shape &shape) {
  Array result = mg::eager::allocate(dtype, shape);
  auto *bytes = static_cast<unsigned char *>(result.view.data);
  for (std::size_t i = 0; i < result.bytes(); ++i)
    bytes[i] = static_cast<unsigned char>(dtype == MG_BOOL ? i % 2 : i * 7);
  return result;
}

void expectEqual(const Array &a, const Array &b) {
  EXPECT_EQ(a.view.dtype, b.view.dtype);
  ASSERT_EQ(shapeOf(a), shapeOf(b));
  if (a.bytes()) {
    EXPECT_EQ(std::memcmp(a.view.data, b.view.data, a.bytes()), 0);
  }
}

TEST(Npy, EveryDtypeAndShapeComesBack) {
  Folder folder;
  for (int dtype = 0; dtype < MG_DTYPE_COUNT; ++dtype)
    for (const Shape &shape :
         {Shape{}, Shape{5}, Shape{0}, Shape{3, 0, 2}, Shape{2, 3, 4}}) {
      Array x = counting(static_cast<mg_dtype>(dtype), shape);
      saveNpy(folder / "x.npy", x);
      expectEqual(loadNpy(folder / "x.npy"), x);
    }
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Npy, WritesWhatNumPyWrites) {
  Folder folder;
  saveNpy(folder / "x.npy", array<float>(MG_F32, {2, 1}, {1, 2}));
  std::string header = "\x93NUMPY\1";
  header += std::string("\0\x76\0", 3) + descr("<f4", "(2, 1)");
  header.append(127 - header.size(), ' ');
  EXPECT_EQ(read(folder / "x.npy"), header + "\n" + raw<float>({1, 2}));
}

TEST(Npy, BfloatIsTwoBytesWithoutMeaning) {
  Folder folder;
  saveNpy(folder / "x.npy", counting(MG_BF16, {3}));
  EXPECT_NE(read(folder / "x.npy").find("'descr': '<V2'"), std::string::npos);
  write(folder / "y.npy", npy(descr("|V2", "(1,)"), raw<short>({0x3f80})));
  EXPECT_EQ(loadNpy(folder / "y.npy").view.dtype, MG_BF16);
}

TEST(Npy, FortranOrderIsStrides) {
  Folder folder;
  write(folder / "x.npy",
        npy(descr("<i4", "(2, 3)", "True"), raw<int>({0, 3, 1, 4, 2, 5})));
  Array x = loadNpy(folder / "x.npy");
  EXPECT_EQ(values<int>(x), (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(x.view.strides[0], 1);
  EXPECT_EQ(x.view.strides[1], 2);
}

TEST(Npy, BigEndianIsSwapped) {
  Folder folder;
  write(folder / "x.npy",
        npy(descr(">i4", "(2,)"), std::string("\0\0\0\1\1\2\3\4", 8)));
  EXPECT_EQ(values<int>(loadNpy(folder / "x.npy")),
            (std::vector<int>{1, 0x01020304}));
}

TEST(Npy, ReadsAnyVersionKeyOrderAndSpelling) {
  Folder folder;
  for (const std::string &bytes :
       {npy("{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"|u1\"}", "ab",
            2),
        npy("{'shape': (2L,), 'descr': '|u1', 'fortran_order': False}  ", "ab",
            3)}) {
    write(folder / "x.npy", bytes);
    EXPECT_EQ(values<char>(loadNpy(folder / "x.npy")),
              (std::vector<char>{'a', 'b'}));
  }
}

TEST(Npy, MisalignedElementsAreCopied) {
  Folder folder;
  std::string bytes = npy(descr("<f8", "(1,)") + "   ", raw<double>({2.5}));
  ASSERT_NE((bytes.size() - 8) % 8, 0u);
  write(folder / "x.npy", bytes);
  Array x = loadNpy(folder / "x.npy");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.view.data) % 8, 0u);
  EXPECT_EQ(values<double>(x), std::vector<double>{2.5});
}

TEST(Npy, MalformedIsOneStatusAndUnsupportedAnother) {
  std::string four(4, '\0');
  EXPECT_EQ(loadStatus(npy(descr("<f4", "(1,)"), four)), MG_OK);
  for (const std::string &bytes :
       {std::string(),
        std::string("\x93NUMP"),
        std::string("text"),
        npy(descr("<f4", "(2,)"), four),
        npy(descr("<f4", "(1,)"), four + "x"),
        npy(descr("<f4", "(-1,)"), four),
        npy(descr("<f4", "(1"), four),
        npy(descr("<f4", "1"), four),
        npy(descr("<f4", "(1 1)"), four),
        npy(descr("<f4", "(4611686018427387904, 4)"), ""),
        npy(descr("<f4", "(4611686018427387904, 4, 0)"), ""),
        npy(descr("<f4", "(99999999999999999999,)"), four),
        npy(descr("<f4", "(1,)", "Maybe"), four),
        npy("{'descr': '<f4', 'descr': '<f4'}", four),
        npy("{'descr': '<f4', 'shape': (1,)}", four),
        npy("{'descr': '<f4", four),
        npy("", four),
        npy(descr("<f4", "(1,)") + " x", four),
        npy("{'other': 1}", four),
        npy(descr("|b1", "(1,)"), "\2"),
        npy(std::string(70000, ' '), four, 2)})
    EXPECT_EQ(loadStatus(bytes), MG_ERROR_FILE) << bytes.substr(0, 200);
  for (const std::string &bytes :
       {npy(descr("<c8", "(1,)"), four + four), npy(descr("|O", "(1,)"), ""),
        npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
            "'shape': (1,)}",
            four),
        npy(descr("<U1", "(1,)"), four), npy(descr("<f4", "(1,)"), four, 4),
        npy(descr("<f4", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), four)})
    EXPECT_EQ(loadStatus(bytes), MG_ERROR_UNSUPPORTED) << bytes;
}

TEST(Npz, ComesBackInOrder) {
  Folder folder;
  NamedArrays arrays = {{"z", counting(MG_F32, {2, 3})},
                        {"a/b", counting(MG_BOOL, {4})},
                        {"empty", counting(MG_I64, {0, 7})}};
  saveNpz(folder / "x.npz", arrays);
  NamedArrays loaded = loadNpz(folder / "x.npz");
  ASSERT_EQ(loaded.size(), arrays.size());
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    EXPECT_EQ(loaded[i].first, arrays[i].first);
    expectEqual(loaded[i].second, arrays[i].second);
  }
  std::string once = read(folder / "x.npz");
  saveNpz(folder / "x.npz", arrays);
  EXPECT_EQ(read(folder / "x.npz"), once);
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Safetensors, ComesBackByName) {
  Folder folder;
  NamedArrays arrays;
  for (int i = 0; i < MG_DTYPE_COUNT; ++i) {
    auto dtype = static_cast<mg_dtype>(i);
    arrays.emplace_back(mg_dtype_name(dtype), counting(dtype, {3, 5}));
  }
  arrays.emplace_back("\"quoted\"\n\\", counting(MG_F32, {}));
  arrays.emplace_back("empty", counting(MG_F32, {0}));
  saveSafetensors(folder / "x.safetensors", arrays);
  NamedArrays loaded = loadSafetensors(folder / "x.safetensors");
  ASSERT_EQ(loaded.size(), arrays.size());
  for (const auto &[name, array] : arrays) {
    const Array *found = find(loaded, name);
    ASSERT_TRUE(found) << name;
    expectEqual(*found, array);
  }
}

TEST(NamedArrays, TellsTheFormatsApartByContent) {
  Folder folder;
  NamedArrays arrays = {{"x", counting(MG_F32, {2})}};
  saveNpy(folder / "1", arrays[0].second);
  saveNpz(folder / "2", arrays);
  saveSafetensors(folder / "3", arrays);
  write(folder / "4", "neither of them");
  EXPECT_EQ(loadArrays(folder / "1")[0].first, "");
  EXPECT_EQ(loadArrays(folder / "2")[0].first, "x");
  EXPECT_EQ(loadArrays(folder / "3")[0].first, "x");
  EXPECT_EQ(statusOf([&] { loadArrays(folder / "4"); }), MG_ERROR_FILE);
  EXPECT_EQ(statusOf([&] { loadArrays(folder / "none"); }), MG_ERROR_FILE);
  EXPECT_EQ(statusOf([&] { loadArrays(folder.path); }), MG_ERROR_FILE);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(statusOf([&] { loadArrays(folder / "pipe"); }), MG_ERROR_FILE);
}

TEST(WholeFile, IsNotThereBeforeTheCommit) {
  Folder folder;
  write(folder / "x", "old");
  {
    WholeFile file(folder / "x");
    file.write("new");
    EXPECT_EQ(read(folder / "x"), "old");
    EXPECT_EQ(folder.files(), 2u);
  }
  EXPECT_EQ(read(folder / "x"), "old");
  EXPECT_EQ(folder.files(), 1u);
  writeWholeFile(folder / "x", "new");
  EXPECT_EQ(read(folder / "x"), "new");
  EXPECT_EQ(folder.files(), 1u);
}

TEST(WholeFile, ALinkKeepsItsPlace) {
  Folder folder;
  write(folder / "x", "old");
  std::filesystem::create_symlink("x", folder / "link");
  writeWholeFile(folder / "link", "new");
  EXPECT_EQ(read(folder / "x"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
}

TEST(WholeFile, FailsWithAStatusAndLeavesNothing) {
  Folder folder;
  auto status = [](const std::string &path) {
    return statusOf([&] { writeWholeFile(path, "x"); });
  };
  EXPECT_EQ(status(folder / "none/x"), MG_ERROR_WRITE);
  EXPECT_EQ(status(folder.path), MG_ERROR_WRITE);
  EXPECT_EQ(status("/dev/full"), MG_ERROR_WRITE);
  EXPECT_EQ(status("/dev/null"), MG_OK);
  EXPECT_EQ(folder.files(), 0u);
}

/// No file may grow beyond `bytes` while this lives: a full disk in small.
struct SmallDisk {
  rlimit before;
  explicit SmallDisk(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

TEST(WholeFile, AFullDiskLeavesTheOldFile) {
  Folder folder;
  Array large = counting(MG_F64, {10000});
  for (const char *name : {"x.npy", "x.npz", "x.safetensors"}) {
    write(folder / name, "old");
    {
      SmallDisk disk(4096);
      EXPECT_EQ(statusOf([&] {
                  if (std::string(name) == "x.npy")
                    saveNpy(folder / name, large);
                  else
                    saveArrays(folder / name, {{"a", large}});
                }),
                MG_ERROR_WRITE)
          << name;
    }
    EXPECT_EQ(read(folder / name), "old");
  }
  EXPECT_EQ(folder.files(), 3u);
}

} // namespace
