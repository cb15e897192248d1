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

/// An object as a shared library in this process.
class Library {
public:
  explicit Library(const std::string &object) {
    const std::string link = MG_CC " -shared -o " + object + ".so " + object +
                             ".o " MG_RUNTIME " -lpthreadpool -lpthread -lm";
    EXPECT_EQ(std::system(link.c_str()), 0);
    handle = dlopen((object + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_TRUE(handle) << dlerror();
  }
  ~Library() { dlclose(handle); }
  template <class F> F *get(const char *symbol) const {
    void *found = dlsym(handle, symbol);
    EXPECT_TRUE(found) << symbol;
    return reinterpret_cast<F *>(found);
  }

private:
  void *handle;
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

struct Fit {
  Tensor w, b;
};
std::pair<Fit, Tensor> step(Fit m, Tensor x, Tensor y) {
  const Tensor error = x * m.w + m.b - y;
  return {{m.w - 0.1f * mean(error * x), m.b - 0.1f * mean(error)},
          mean(error * error)};
}
std::vector<aot::Entry> trained() {
  auto start = [](Tensor w) { return Fit{w, w * 0.0f}; };
  auto infer = [](Fit m, Tensor x) { return x * m.w + m.b; };
  const Fit like{mg::spec({}), mg::spec({})};
  return {
      aot::entry("init", start, aot::input("w", mg::spec({}))).returns({"m"}),
      aot::entry("train", step, aot::state("m", like),
                 aot::input("x", mg::spec({16})),
                 aot::input("y", mg::spec({16})))
          .returns({"m", "loss"}),
      aot::entry("infer", infer, aot::state("m", like),
                 aot::input("x", mg::spec({16})))};
}

TEST(Aot, ResultsWithTheNameOfStateUpdateIt) {
  const std::string text = aot::to_mlir("fit", trained());
  EXPECT_TRUE(has(text, "mg.name = \"m.b\", mg.state, mg.updates = 1"));
  EXPECT_TRUE(has(text, "-> (tensor<f32> {mg.name = \"m.w\", mg.state},"));
  const auto misnamed = [](std::vector<std::string> names) {
    return error_of([&] {
      aot::to_mlir("fit", {aot::Entry(trained()[1]).returns(names)});
    });
  };
  EXPECT_TRUE(has(misnamed({"m"}), "returns 2 results, but 1 names are given"));
  EXPECT_TRUE(has(misnamed({"m", "a", "b"}), "2 results, but 3 names"));
  auto wider = [](Fit m, Tensor x) { return Fit{m.w + x, m.b}; };
  const auto types = error_of([&] {
    aot::to_mlir("fit",
                 {aot::entry("train", wider,
                             aot::state("m", Fit{mg::spec({}), mg::spec({})}),
                             mg::spec({16}))
                      .returns({"m"})});
  });
  EXPECT_TRUE(has(types, "the new 'm.w' of entry 'train' is tensor<16xf32>"));
}

TEST(Aot, StateIsInTheCallersMemory) {
  const Folder folder;
  aot::compile("fit", trained(),
               {.targets = {"x86-64-v2"}, .directory = folder.path.string()});
  const Library library(folder.path / "fit");
  struct State {
    float *w, *b;
  };
  float w = 0, b = 7, loss = 0, first = 2;
  const State state{&w, &b};
  using Init = int(const State *, const float *, void *, mg_pool *);
  using Train = int(const State *, const float *, const float *, float *,
                    void *, mg_pool *);
  using Infer = int(const State *, const float *, float *, void *, mg_pool *);
  alignas(64) static char workspace[1 << 12];
  ASSERT_EQ(library.get<Init>("fit_init")(&state, &first, workspace, nullptr),
            0);
  EXPECT_EQ(w, 2);
  EXPECT_EQ(b, 0);
  const Tensor x = mg::linspace(-1, 1, 16), y = 3 * x + 1;
  const auto data = [](const Tensor &t) {
    return static_cast<const float *>(t.data());
  };
  auto compiled = mg::jit(step);
  Fit fit{mg::zeros({}) + 2.0f, mg::zeros({})};
  for (int i = 0; i < 5; ++i) {
    Tensor wanted;
    std::tie(fit, wanted) = compiled(std::move(fit), x, y);
    ASSERT_EQ(library.get<Train>("fit_train")(&state, data(x), data(y), &loss,
                                              workspace, nullptr),
              0);
    EXPECT_NEAR(loss, wanted.item<float>(), 1e-6);
    EXPECT_NEAR(w, fit.w.item<float>(), 1e-6);
    EXPECT_NEAR(b, fit.b.item<float>(), 1e-6);
  }
  float out[16];
  ASSERT_EQ(
      library.get<Infer>("fit_infer")(&state, data(x), out, workspace, nullptr),
      0);
  EXPECT_NEAR(out[15], w + b, 1e-6);
}

TEST(Aot, TheObjectComputesWhatEagerDoes) {
  const Folder folder;
  aot::compile("mlp", {infer()},
               {.targets = {"x86-64-v2", "x86-64-v3"},
                .directory = folder.path.string()});
  const Library library(folder.path / "mlp");
  using Infer = int(const float *, float *, void *, mg_pool *);
  const auto call = library.get<Infer>("mlp_infer");
  const Tensor x = mg::reshape(mg::arange(32) * 0.1f, {8, 4});
  float y[16];
  alignas(64) static char workspace[1 << 16];
  EXPECT_EQ(call(static_cast<const float *>(x.data()), y, workspace, nullptr),
            0);
  EXPECT_TRUE(is(model()(x), std::vector<double>(y, y + 16)));
}

} // namespace
