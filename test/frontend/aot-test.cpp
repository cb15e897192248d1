// What `aot::entry` traces: names, weights, composites, locations; what
// `aot::compile` writes.
#include "dsl-check.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using mg::Tensor;
namespace aot = mg::aot;

struct Linear {
  Tensor w, b;
  Tensor operator()(Tensor x) const { return matmul(x, w) + b; }
};
struct Mlp {
  Linear fc1, fc2;
  Tensor operator()(Tensor x) const { return fc2(relu(fc1(x))); }
};
const Mlp &model() {
  static const Mlp model = mg::init<Mlp>(mg::Key(1), {{"fc1.w", {4, 32}},
                                                      {"fc1.b", {32}},
                                                      {"fc2.w", {32, 2}},
                                                      {"fc2.b", {2}}});
  return model;
}
auto infer() {
  return aot::entry("infer", &Mlp::operator(), aot::weights(model()),
                    aot::input("x", mg::spec({8, 4})));
}

TEST(Aot, WeightsAndInputsHaveNames) {
  const std::string text = aot::to_mlir("mlp", {infer()});
  EXPECT_TRUE(has(text, "mg.weight \"fc1.w\""));
  EXPECT_TRUE(has(text, "mg.weight \"fc2.b\""));
  EXPECT_TRUE(has(text, "mg.name = \"x\""));
  EXPECT_TRUE(has(text, "mg.name = \"out\""));
  EXPECT_TRUE(has(text, "func.func @infer("));
}

TEST(Aot, EntriesShareWeights) {
  auto two = aot::entry("two", &Mlp::operator(), aot::weights(model()),
                        mg::spec({1, 4}));
  const std::string text = aot::to_mlir("mlp", {infer(), two});
  EXPECT_TRUE(has(text, "@two(%arg0: tensor<1x4xf32> {mg.name = \"arg1\"})"));
  const Mlp other = mg::map([](Tensor t) { return t + 1; }, model());
  auto third = aot::entry("two", &Mlp::operator(), aot::weights(other),
                          mg::spec({1, 4}));
  EXPECT_TRUE(has(error_of([&] { aot::to_mlir("mlp", {infer(), third}); }),
                  "two weights are named"));
  EXPECT_TRUE(has(error_of([&] { aot::to_mlir("mlp", {infer(), infer()}); }),
                  "two entries are named 'infer'"));
}

TEST(Aot, ArgumentsAreInputsByPath) {
  auto plain = aot::entry("f", &Mlp::operator(), mg::shapes_of(model()),
                          mg::spec({1, 4}));
  const std::string text = aot::to_mlir("m", {plain});
  EXPECT_TRUE(has(text, "mg.name = \"arg0.fc1.w\""));
  EXPECT_FALSE(has(text, "mg.weight"));
}

TEST(Aot, CompositesKeepTheirNames) {
  auto f = [](Tensor x) { return log_softmax(softmax(x)); };
  const std::string text =
      aot::to_mlir("m", {aot::entry("f", f, mg::spec({2, 3}))});
  EXPECT_TRUE(has(text, "mg.composite \"softmax\""));
  EXPECT_TRUE(has(text, "mg.composite \"logsumexp\""));
  EXPECT_TRUE(has(text, "func.func private @softmax"));
}

TEST(Aot, LargeCapturesAreWeights) {
  const Tensor table = mg::arange(100) * 1.0f;
  auto f = [=](Tensor x) { return x + table; };
  const std::string text =
      aot::to_mlir("m", {aot::entry("f", f, mg::spec({100}))});
  EXPECT_TRUE(has(text, "mg.weight \"constant0\""));
}

TEST(Aot, CompileWritesObjectAndHeader) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "aot-test";
  fs::create_directories(folder);
  aot::compile("mlp", {infer()},
               {.targets = {"x86-64-v3"}, .directory = folder.string()});
  std::stringstream header;
  header << std::ifstream(folder / "mlp.h").rdbuf();
  EXPECT_TRUE(has(header.str(), "int mlp_infer("));
  EXPECT_GT(fs::file_size(folder / "mlp.o"), 100u);
  EXPECT_FALSE(fs::exists(folder / "mlp.safetensors")); // embedded
  fs::remove_all(folder);
  EXPECT_TRUE(has(error_of([&] {
                    aot::compile("mlp", {infer()},
                                 {.targets = {"x86-64-v3"},
                                  .directory = folder.string()});
                  }),
                  "error: aot: "));
}

} // namespace
