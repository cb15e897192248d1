// What `aot::entry` traces: names, weights, composites, locations; what
// `aot::compile` writes.
#include "dsl-check.h"

#include "minigrad/pool.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <dlfcn.h>
#include <unistd.h>

namespace {

using mg::Tensor;
namespace aot = mg::aot;
namespace fs = std::filesystem;

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

/// A folder that goes with the test.
struct Folder {
  fs::path path =
      fs::path(testing::TempDir()) / ("aot-test-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

TEST(Aot, CompileWritesObjectAndHeader) {
  const Folder folder;
  const aot::Options options{.targets = {"x86-64-v3"},
                             .directory = folder.path.string()};
  aot::compile("mlp", {infer()}, options);
  std::stringstream header;
  header << std::ifstream(folder.path / "mlp.h").rdbuf();
  EXPECT_TRUE(has(header.str(), "int mlp_infer("));
  EXPECT_FALSE(fs::exists(folder.path / "mlp.safetensors")); // embedded
  aot::compile("outside", {infer()},
               {.targets = {"x86-64-v3"},
                .directory = folder.path.string(),
                .embed_limit = 0});
  EXPECT_TRUE(fs::exists(folder.path / "outside.safetensors"));
  const auto missing = error_of([&] {
    aot::compile("mlp", {infer()}, {.directory = folder.path / "nowhere"});
  });
  EXPECT_TRUE(has(missing, "error: aot: "));
  EXPECT_TRUE(has(missing, "nowhere"));
}

TEST(Aot, TheObjectComputesWhatEagerDoes) {
  const Folder folder;
  aot::compile("mlp", {infer()},
               {.targets = {"x86-64-v2", "x86-64-v3"},
                .directory = folder.path.string()});
  const std::string object = (folder.path / "mlp").string();
  const std::string link = MG_CC " -shared -o " + object + ".so " + object +
                           ".o " MG_RUNTIME " -lpthreadpool -lpthread -lm";
  ASSERT_EQ(std::system(link.c_str()), 0);
  void *library = dlopen((object + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  using Infer = int (*)(const float *, float *, void *, mg_pool *);
  const auto call = reinterpret_cast<Infer>(dlsym(library, "mlp_infer"));
  ASSERT_TRUE(call);
  const Tensor x = mg::reshape(mg::arange(32) * 0.1f, {8, 4});
  float y[16];
  alignas(64) static char workspace[1 << 16];
  EXPECT_EQ(call(static_cast<const float *>(x.data()), y, workspace, nullptr),
            0);
  EXPECT_TRUE(is(model()(x), std::vector<double>(y, y + 16)));
  dlclose(library);
}

} // namespace
