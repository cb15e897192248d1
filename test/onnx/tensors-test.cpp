// TensorProtos to tensors: every element type in every place, and elements that
// are not there.
#include "frontend/io/FileError.h"
#include "frontend/onnx/Tensors.h"
#include "test/frontend/io-files.h"
#include "test/onnx/Write.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

namespace mg::onnx::test {
namespace {

using io::test::Folder;

Tensor read(const Bytes &bytes, const std::string &model = "m.onnx") {
  ExternalFiles files(model);
  const auto owner = std::make_shared<Bytes>(bytes);
  return tensorOf(readTensor(*owner, model), owner, files, model);
}

template <class T = double> std::vector<T> elements(const Bytes &bytes) {
  return read(bytes).to_vector<T>();
}

void expectError(const Bytes &bytes, const std::string &part,
                 mg_status status = MG_ERROR_FILE,
                 const std::string &model = "m.onnx") {
  try {
    read(bytes, model);
    ADD_FAILURE() << "no error: " << part;
  } catch (const io::FileError &error) {
    EXPECT_EQ(error.status, status) << error.what();
    EXPECT_NE(error.reason.find(part), std::string::npos)
        << "got: '" << error.reason << "', not: '" << part << "'";
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

using Doubles = std::vector<double>;

TEST(Tensors, Raw) {
  const Tensor t = read(tensor<float>("w", {2, 2}, {1, 2, 3, -4}));
  EXPECT_EQ(t.shape(), (Shape{2, 2}));
  EXPECT_EQ(t.dtype(), DType::f32);
  EXPECT_EQ(t.to_vector(), (std::vector<float>{1, 2, 3, -4}));
  EXPECT_EQ(elements(tensor<double>("w", {2}, {1.5, -2})), (Doubles{1.5, -2}));
  EXPECT_EQ(elements(tensor<std::int64_t>("w", {}, {-5})), Doubles{-5});
  EXPECT_EQ(elements(tensor("b", ElementType::b1, {3}, Bytes("\1\0\1", 3))),
            (Doubles{1, 0, 1}));
  EXPECT_EQ(
      elements(tensor("h", ElementType::f16, {2}, Bytes("\x80\x3f\0\xc0", 4))),
      (Doubles{1.875, -2}));
}

TEST(Tensors, AlignedElementsAreShownWhereTheyAre) {
  alignas(8) char buffer[17] = {};
  const auto owner = std::make_shared<int>();
  ExternalFiles files("m");
  TensorData data;
  data.type = ElementType::f64;
  data.dims = {2};
  data.raw = std::string_view(buffer, 16);
  EXPECT_EQ(tensorOf(data, owner, files, "m").data(), buffer);
  EXPECT_EQ(owner.use_count(), 1); // the tensor is gone
  data.raw = std::string_view(buffer + 1, 16);
  const Tensor copy = tensorOf(data, owner, files, "m");
  EXPECT_EQ(owner.use_count(), 1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(copy.data()) % 8, 0u);
}

TEST(Tensors, Empty) {
  EXPECT_EQ(read(tensor("w", ElementType::f32, {0, 3})).shape(), (Shape{0, 3}));
  EXPECT_EQ(read(tensor("w", ElementType::i4, {0}, "")).size(), 0);
  EXPECT_EQ(read(tensor("w", ElementType::i64, {0}).packed(7, Dims{})).size(),
            0);
}

/// A tensor of `count` elements in the typed field `field`.
template <class T>
Bytes typed(ElementType type, std::int64_t count, std::uint32_t field,
            const std::vector<T> &values) {
  return tensor("w", type, {count}).packed(field, values);
}

TEST(Tensors, TypedFields) {
  EXPECT_EQ(elements(typed(ElementType::f32, 2, 4, std::vector<float>{1, 2})),
            (Doubles{1, 2}));
  EXPECT_EQ(elements(typed(ElementType::f64, 2, 10, Doubles{1, -2})),
            (Doubles{1, -2}));
  EXPECT_EQ(elements(typed(ElementType::i64, 2, 7, Dims{1, -2})),
            (Doubles{1, -2}));
  EXPECT_EQ(
      elements<std::uint64_t>(typed(ElementType::u64, 2, 11, Dims{1, -1})),
      (std::vector<std::uint64_t>{1, ~std::uint64_t{0}}));
  EXPECT_EQ(elements(typed(ElementType::u32, 1, 11, Dims{0xffffffff})),
            Doubles{0xffffffff});
  const std::pair<ElementType, Doubles> integers[] = {
      {ElementType::i32, {-2147483648.0, 2147483647}},
      {ElementType::i16, {-32768, 32767}},
      {ElementType::u16, {0, 65535}},
      {ElementType::i8, {-128, 127}},
      {ElementType::u8, {0, 255}},
      {ElementType::b1, {0, 1}}};
  for (const auto &[type, values] : integers)
    EXPECT_EQ(elements(typed(type, 2, 5,
                             Dims{static_cast<std::int64_t>(values[0]),
                                  static_cast<std::int64_t>(values[1])})),
              values)
        << to_string(type);
  EXPECT_EQ(elements(typed(ElementType::f16, 2, 5, Dims{0x3c00, 0xc000})),
            (Doubles{1, -2}));
  EXPECT_EQ(elements(typed(ElementType::bf16, 2, 5, Dims{0x3f80, 0xc000})),
            (Doubles{1, -2}));
}

TEST(Tensors, TypedFieldsUnpackedAndInPieces) {
  EXPECT_EQ(elements(tensor("w", ElementType::i32, {3})
                         .integer(5, 1)
                         .integer(5, 2)
                         .integer(5, -3)),
            (Doubles{1, 2, -3}));
  EXPECT_EQ(elements(tensor("w", ElementType::f32, {3})
                         .number(4, 1)
                         .packed(4, std::vector<float>{2})
                         .number(4, 3)),
            (Doubles{1, 2, 3}));
}

TEST(Tensors, NibblesAndPairsOfBits) {
  const Bytes raw("\xf1\x78\x0a", 3);
  EXPECT_EQ(elements(tensor("w", ElementType::u4, {5}, raw)),
            (Doubles{1, 15, 8, 7, 10}));
  EXPECT_EQ(elements(tensor("w", ElementType::i4, {5}, raw)),
            (Doubles{1, -1, -8, 7, -6}));
  EXPECT_EQ(elements(tensor("w", ElementType::u2, {5}, Bytes("\xe4\x02", 2))),
            (Doubles{0, 1, 2, 3, 2}));
  EXPECT_EQ(elements(tensor("w", ElementType::i2, {5}, Bytes("\xe4\x02", 2))),
            (Doubles{0, 1, -2, -1, -2}));
  // A typed field holds a byte of them in each element.
  EXPECT_EQ(elements(typed(ElementType::i4, 3, 5, Dims{0xf1, 8})),
            (Doubles{1, -1, -8}));
  EXPECT_EQ(read(tensor("w", ElementType::i4, {5}, raw)).dtype(), DType::i8);
}

TEST(Tensors, WrongNumberOfElements) {
  expectError(tensor<float>("w", {3}, {1, 2}),
              "'w' has 8 bytes, but its shape and type need 12");
  expectError(tensor<float>("w", {1}, {1, 2}), "8 bytes");
  expectError(tensor("w", ElementType::f32, {1}), "0 bytes");
  expectError(tensor("w", ElementType::f32, {1}, "abc"), "3 bytes");
  expectError(tensor("w", ElementType::i4, {5}, "ab"), "need 3");
  expectError(tensor("w", ElementType::i4, {5}, "abcd"), "need 3");
  expectError(typed(ElementType::i32, 3, 5, Dims{1, 2}), "2 elements");
  expectError(typed(ElementType::f32, 1, 4, std::vector<float>{1, 2}),
              "8 bytes");
  expectError(typed(ElementType::i4, 5, 5, Dims{1, 2}), "2 bytes");
}

TEST(Tensors, Dimensions) {
  const std::int64_t large = std::int64_t{1} << 62, all = INT64_MAX;
  for (const Dims &dims : {Dims{-1}, Dims{large, 4}, Dims{all},
                           Dims{0, all, all}, Dims{-1, -1}, Dims{INT64_MIN}})
    expectError(tensor("w", ElementType::f32, dims, ""), "dimension");
  expectError(tensor("w", ElementType::u8, {all}, ""), "has 0 bytes");
  EXPECT_EQ(read(tensor("w", ElementType::f32, Dims(16, 1), "abcd")).rank(),
            16);
  expectError(tensor("w", ElementType::f32, Dims(17, 1), "abcd"),
              "17 dimensions", MG_ERROR_UNSUPPORTED);
}

TEST(Tensors, ElementTypes) {
  for (const int type : {8, 14, 15, 17, 18, 19, 20, 23, 24, 27, 28, 99, -1})
    expectError(tensor("w", static_cast<ElementType>(type), {1}, "a"),
                "elements of type", MG_ERROR_UNSUPPORTED);
  expectError(tensor("w", ElementType::undefined, {1}, "a"), "no element type");
}

TEST(Tensors, ElementsThatDoNotFit) {
  expectError(typed(ElementType::u8, 1, 5, Dims{256}), "no u8: 256");
  expectError(typed(ElementType::i8, 1, 5, Dims{-129}), "no i8");
  expectError(typed(ElementType::i32, 1, 5, Dims{INT64_MAX}), "no i32");
  expectError(typed(ElementType::u32, 1, 11, Dims{-1}), "no u32");
  expectError(typed(ElementType::i4, 1, 5, Dims{256}), "no byte: 256");
  expectError(typed(ElementType::b1, 1, 5, Dims{2}), "bool");
  expectError(tensor("w", ElementType::b1, {1}, "\2"), "bool");
  expectError(typed(ElementType::i64, 1, 5, Dims{1}), "not for i64");
  expectError(typed(ElementType::f32, 1, 10, Doubles{1}), "not for f32");
  expectError(tensor("w", ElementType::i64, {1}).bytes(7, "\xff"),
              "malformed elements");
  expectError(tensor("w", ElementType::i64, {1}).number(7, 1),
              "malformed elements");
}

TEST(Tensors, ElementsInTwoPlaces) {
  expectError(tensor("w", ElementType::i64, {1})
                  .packed(7, Dims{1})
                  .bytes(9, "12345678"),
              "several places");
  expectError(
      tensor("w", ElementType::i64, {1}).bytes(9, "12345678").integer(14, 1),
      "several places");
}

TEST(Tensors, Segments) {
  expectError(tensor("w", ElementType::f32, {1}).bytes(3, ""), "segment",
              MG_ERROR_UNSUPPORTED);
  expectError(tensor("w", ElementType::f32, {1}).integer(14, 2),
              "unknown kind of place");
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

struct External : testing::Test {
  Folder folder;
  const std::string model = folder / "m.onnx";

  External() {
    io::test::write(folder / "data.bin", rawBytes<float>({1, 2, 3, 4}));
    std::filesystem::create_directory(folder.path / "sub");
    io::test::write(folder / "sub/more.bin", rawBytes<float>({5, 6}));
  }
  static Bytes at(const std::string &location, const std::string &offset = "0",
                  const std::string &length = "8",
                  ElementType type = ElementType::f32) {
    return externalTensor(
        "w", type, {2},
        {{"location", location}, {"offset", offset}, {"length", length}});
  }
  void refused(const Bytes &tensor, const std::string &part) const {
    expectError(tensor, part, MG_ERROR_FILE, model);
  }
};

TEST_F(External, Reads) {
  EXPECT_EQ(read(at("data.bin"), model).to_vector(),
            (std::vector<float>{1, 2}));
  EXPECT_EQ(read(at("data.bin", "8"), model).to_vector(),
            (std::vector<float>{3, 4}));
  EXPECT_EQ(read(at("./sub//more.bin"), model).to_vector(),
            (std::vector<float>{5, 6}));
  const Bytes rest = externalTensor(
      "w", ElementType::f32, {3}, {{"location", "data.bin"}, {"offset", "4"}});
  EXPECT_EQ(read(rest, model).to_vector(), (std::vector<float>{2, 3, 4}));
  const Bytes whole =
      externalTensor("w", ElementType::f32, {4}, {{"location", "data.bin"}});
  EXPECT_EQ(read(whole, model).size(), 4);
  const Bytes none = externalTensor(
      "w", ElementType::f32, {0},
      {{"location", "data.bin"}, {"offset", "16"}, {"length", "0"}});
  EXPECT_EQ(read(none, model).size(), 0);
}

TEST_F(External, IsMappedOnceAndLivesOn) {
  ExternalFiles files(model);
  const auto first = files.read("data.bin", 0, 4);
  const auto second = files.read("data.bin", 4, 4);
  EXPECT_EQ(first.bytes.data() + 4, second.bytes.data());
  Tensor t;
  {
    ExternalFiles others(model);
    const Bytes bytes = at("data.bin");
    t = tensorOf(readTensor(bytes, model), nullptr, others, model);
  }
  EXPECT_EQ(t.to_vector(), (std::vector<float>{1, 2}));
}

TEST_F(External, MisalignedIsCopied) {
  io::test::write(folder / "odd.bin", "x" + rawBytes<float>({1, 2}));
  EXPECT_EQ(read(at("odd.bin", "1"), model).to_vector(),
            (std::vector<float>{1, 2}));
}

TEST_F(External, TheModelsFolderMayBeTheCurrentOne) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  EXPECT_EQ(read(at("data.bin"), "m.onnx").size(), 2);
  std::filesystem::current_path(before);
}

TEST_F(External, PathsThatLeave) {
  for (const char *path :
       {"../data.bin", "sub/../data.bin", "..", "sub/../../etc/passwd"})
    refused(at(path), "leaves the model's folder");
  refused(at("/etc/passwd"), "no relative path");
  refused(at(""), "no relative path");
  refused(at("nothing.bin"), "cannot be opened");
  refused(at("data.bin/x"), "cannot be opened");
  refused(at(std::string(100000, 'a')), "cannot be opened");
}

TEST_F(External, Links) {
  namespace fs = std::filesystem;
  fs::create_symlink("/etc/passwd", folder.path / "absolute");
  fs::create_symlink("data.bin", folder.path / "inside");
  fs::create_symlink("/etc", folder.path / "etc");
  fs::create_symlink("nowhere", folder.path / "dangling");
  for (const char *path : {"absolute", "inside", "etc/passwd", "dangling"})
    refused(at(path), "symbolic link");
  fs::create_hard_link(folder / "data.bin", folder / "hard");
  refused(at("hard"), "hard link");
  refused(at("data.bin"), "hard link");
}

TEST_F(External, WhatIsNoRegularFile) {
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  refused(at("pipe"), "not a regular file"); // and does not wait
  refused(at("sub"), "is a directory");
  refused(at("sub/"), "cannot be opened");
}

TEST_F(External, OffsetsAndLengths) {
  refused(at("data.bin", "17", "0"), "before the tensor's elements begin");
  refused(at("data.bin", "12"), "before the tensor's elements do");
  refused(at("data.bin", "18446744073709551615"), "ends before");
  refused(at("data.bin", "8", "18446744073709551615"), "ends before");
  refused(at("data.bin", "18446744073709551616"), "no number");
  for (const char *text : {"-1", "", "4x", " 4", "0x4", "4.0"})
    refused(at("data.bin", text), "no number");
  refused(at("data.bin", "0", "4"), "4 bytes");
  refused(at("data.bin", "0", "12"), "12 bytes");
  refused(externalTensor("w", ElementType::f32, {2}, {{"offset", "0"}}),
          "without a location");
  refused(
      externalTensor("w", ElementType::f32, {2}, {{"location", "data.bin"}}),
      "16 bytes");
}

TEST_F(External, AnEmptyFile) {
  io::test::write(folder / "empty.bin", "");
  refused(at("empty.bin"), "ends before");
}

} // namespace
} // namespace mg::onnx::test
