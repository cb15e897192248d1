//===- io-malformed-test.cpp - every truncation and every flipped bit -----===//
//
// What comes back from a damaged file is an error or an array whose memory can
// be read; run it under the sanitizers, too.
//
//===----------------------------------------------------------------------===//
#include "frontend/io/FileError.h"
#include "frontend/io/NamedArrays.h"
#include "frontend/io/Npy.h"

#include "test/frontend/io-files.h"

#include <gtest/gtest.h>
#include <zip.h>

using namespace mg::io;
using namespace mg::io::test;

namespace {

/// Loads `bytes` and reads every element; true where that was an error.
bool refused(const Folder &folder, const std::string &bytes) {
  write(folder / "x", bytes);
  try {
    for (const auto &[name, array] : loadArrays(folder / "x")) {
      volatile unsigned sum = 0;
      switch (mg_dtype_size(array.view.dtype)) {
      case 1:
        for (auto v : values<std::uint8_t>(array))
          sum = sum + v;
        break;
      case 2:
        for (auto v : values<std::uint16_t>(array))
          sum = sum + v;
        break;
      case 4:
        for (auto v : values<std::uint32_t>(array))
          sum = sum + v;
        break;
      default:
        for (auto v : values<std::uint64_t>(array))
          sum = sum + static_cast<unsigned>(v);
      }
    }
  } catch (const FileError &error) {
    EXPECT_TRUE(error.status == MG_ERROR_FILE ||
                error.status == MG_ERROR_UNSUPPORTED)
        << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return true;
  }
  return false;
}

void damage(const Folder &folder, const std::string &bytes) {
  ASSERT_FALSE(refused(folder, bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(refused(folder, bytes.substr(0, size))) << size;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    refused(folder, flipped);
  }
}

NamedArrays small() {
  return {{"x", array<float>(MG_F32, {2, 2}, {1, 2, 3, 4})},
          {"flags", array<char>(MG_BOOL, {3}, {0, 1, 1})}};
}

TEST(Malformed, Npy) {
  Folder folder;
  damage(folder, npy(descr("<f4", "(2, 2)"), raw<float>({1, 2, 3, 4})));
  damage(folder, npy(descr(">i2", "(1, 3)", "True"), raw<short>({1, 2, 3}), 2));
}

TEST(Malformed, Npz) {
  Folder folder;
  saveArrays(folder / "a.npz", small());
  damage(folder, read(folder / "a.npz"));
}

TEST(Malformed, Safetensors) {
  Folder folder;
  saveArrays(folder / "a.safetensors", small());
  damage(folder, read(folder / "a.safetensors"));
}

/// An archive with one deflated or stored member.
void zip(const std::string &path, const std::string &name,
         const std::string &bytes, int method = ZIP_CM_DEFLATE) {
  int error = 0;
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  zip_source_t *source =
      zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
  zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method,
                           0);
  ASSERT_EQ(zip_close(archive), 0);
}

TEST(Malformed, DeflatedMembersAreReadAndHeldAgainstTheirHeader) {
  Folder folder;
  std::string zeros(4000, '\0');
  zip(folder / "a", "x.npy", npy(descr("<f4", "(10, 100)"), zeros));
  EXPECT_EQ(loadArrays(folder / "a")[0].second.size(), 1000);
  damage(folder, read(folder / "a"));
  // A shape of 4 TB in an archive of some hundred bytes.
  zip(folder / "a", "x.npy", npy(descr("<f4", "(1000000000000,)"), zeros));
  EXPECT_TRUE(refused(folder, read(folder / "a")));
  zip(folder / "a", "x.txt", "hello");
  EXPECT_TRUE(refused(folder, read(folder / "a")));
}

TEST(Malformed, AMemberCannotClaimMoreThanDeflateCan) {
  Folder folder;
  std::string huge = "(2000000000000,)";
  zip(folder / "a", "x.npy", npy(descr("|u1", huge), "abc"));
  std::string bytes = read(folder / "a");
  // The central directory's uncompressed size, at offset 24 of its record.
  std::size_t record = bytes.rfind("PK\1\2");
  ASSERT_NE(record, std::string::npos);
  bytes.replace(record + 24, 4, "\xff\xff\xff\x7f");
  EXPECT_TRUE(refused(folder, bytes));
}

} // namespace
