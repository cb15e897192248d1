//===- io-tensor-test.cpp - files of the DSL's tensors --------------------===//
#include "mg/io.h"
#include "mg/mg.h"

#include "test/frontend/io-files.h"

#include <gtest/gtest.h>

using mg::io::test::Folder;

namespace {

using Floats = std::vector<float>;

mg::Tensor example() {
  return mg::from(Floats{1, 2, 3, 4, 5, 6}, mg::Shape{2, 3});
}

TEST(TensorFiles, EveryFormatComesBack) {
  Folder folder;
  mg::Tensor x = example();
  mg::io::Tensors set = {{"x", x}, {"fc1.w", mg::from({1, 2})}};
  mg::io::save_npy(folder / "x.npy", x);
  EXPECT_EQ(mg::io::load_npy(folder / "x.npy").to_vector(), x.to_vector());
  mg::io::save_npz(folder / "x.npz", set);
  mg::io::save_safetensors(folder / "x.safetensors", set);
  for (const mg::io::Tensors &loaded :
       {mg::io::load_npz(folder / "x.npz"),
        mg::io::load_safetensors(folder / "x.safetensors")}) {
    ASSERT_EQ(loaded.size(), 2u);
    EXPECT_EQ(loaded.at("x").to_vector(), x.to_vector());
    EXPECT_EQ(loaded.at("x").shape(), x.shape());
    EXPECT_EQ(loaded.at("fc1.w").dtype(), mg::DType::i32);
  }
}

TEST(TensorFiles, AStridedTensorIsWrittenInItsOrder) {
  Folder folder;
  mg::io::save_npy(folder / "x.npy", transpose(example()));
  mg::Tensor back = mg::io::load_npy(folder / "x.npy");
  EXPECT_EQ(back.shape(), (mg::Shape{3, 2}));
  EXPECT_EQ(back.to_vector(), (Floats{1, 4, 2, 5, 3, 6}));
}

TEST(TensorFiles, ATensorOutlivesTheNameOfItsFile) {
  Folder folder;
  mg::io::save_npy(folder / "x.npy", example());
  mg::Tensor x = mg::io::load_npy(folder / "x.npy");
  std::filesystem::remove(folder / "x.npy");
  EXPECT_EQ(x.to_vector(), example().to_vector());
}

TEST(TensorFiles, AnErrorNamesTheFileAndTheLine) {
  Folder folder;
  int line = __LINE__ + 2;
  try {
    mg::io::load_npy(folder / "none.npy");
    FAIL();
  } catch (const mg::Error &error) {
    EXPECT_EQ(error.where.line(), static_cast<unsigned>(line));
    EXPECT_EQ(error.op, "load_npy");
    EXPECT_NE(std::string(error.what()).find("none.npy"), std::string::npos);
  }
  EXPECT_THROW(mg::io::save_npy(folder / "none/x.npy", example()), mg::Error);
  EXPECT_THROW(mg::io::save_npy(folder / "x.npy", mg::spec({2})), mg::Error);
}

} // namespace
