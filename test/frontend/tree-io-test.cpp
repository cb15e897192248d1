// Trees to and from safetensors files by the names of their paths.
#include "dsl-check.h"

#include "mg/tree_io.h"

#include <filesystem>
#include <unistd.h>

namespace {

using mg::Tensor;

struct Linear {
  Tensor w, b;
};
struct Net {
  Linear in;
  std::vector<Linear> layers;
  Tensor missing;
};

TEST(TreeIo, RoundTripByPath) {
  const std::string file = testing::TempDir() + "tree-io-" +
                           std::to_string(getpid()) + ".safetensors";
  const Linear a{mg::from({1, 2, 3, 4}, {2, 2}), mg::from({0.5f})};
  const Linear b{transpose(a.w), mg::from({true})};
  mg::save(file, Net{a, {a, b}, {}});
  const auto names = mg::io::load_safetensors(file);
  EXPECT_EQ(names.count("layers.1.w"), 1u);
  EXPECT_EQ(names.count("missing"), 0u);
  // What is missing in the file is an error; what has a type must agree.
  const auto missing = error_of([&] { mg::load<Net>(file); });
  EXPECT_TRUE(has(missing, "error: load: "));
  EXPECT_TRUE(has(missing, "has no tensor 'missing'"));
  struct Part {
    std::vector<Linear> layers;
  };
  const Part part = mg::load(file, Part{{{}, {b.w, {}}}});
  EXPECT_TRUE(is(part.layers[0].w, {2, 2}, {1, 2, 3, 4}));
  EXPECT_TRUE(is(part.layers[1].w, {2, 2}, {1, 3, 2, 4}));
  EXPECT_EQ(part.layers[1].b.dtype(), mg::DType::b1);
  EXPECT_TRUE(has(error_of([&] { mg::load(file, Part{{{a.b, {}}}}); }),
                  "'layers.0.w' is i32[2,2]"));
  std::filesystem::remove(file);
}

} // namespace
