// linalg text to code in memory, called through the generic descriptor, at
// every CPU level that this machine has.
#include "Compiled.h"
#include "minigrad/cpu.h"
#include "minigrad/status.h"

#include <cmath>
#include <cstring>
#include <numeric>
#include <thread>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

class AtLevel : public testing::TestWithParam<std::string> {
protected:
  Options options() const { return {.levels = {GetParam()}}; }
};

INSTANTIATE_TEST_SUITE_P(Codegen, AtLevel, testing::ValuesIn(levelsHere()),
                         levelTestName);

std::vector<float> ramp(size_t n, float from, float step) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i)
    values[i] = from + step * float(i);
  return values;
}

constexpr const char *chain = R"mlir(
#id = affine_map<(i) -> (i)>
module attributes {mg.name = "chain"} {
  func.func @infer(%x: tensor<1003xf32> {mg.name = "x", mg.dtype = "f32"},
                   %w: tensor<1003xf32> {mg.name = "w", mg.dtype = "f32"})
      -> (tensor<1003xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %e = tensor.empty() : tensor<1003xf32>
    %y = linalg.generic {indexing_maps = [#id, #id, #id],
                         iterator_types = ["parallel"]}
        ins(%x, %w : tensor<1003xf32>, tensor<1003xf32>)
        outs(%e : tensor<1003xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = math.exp %a : f32
      %m = arith.mulf %s, %b : f32
      linalg.yield %m : f32
    } -> tensor<1003xf32>
    return %y : tensor<1003xf32>
  }
}
)mlir";

TEST_P(AtLevel, ElementwiseWithMath) {
  const Compiled compiled(chain, options());
  ASSERT_TRUE(compiled);
  const auto x = ramp(1003, -80, 0.16f), w = ramp(1003, 1, 0.5f);
  std::vector<float> y(1003, NAN);
  EXPECT_EQ(compiled.call({x.data(), w.data()}, {y.data()}), MG_OK);
  for (size_t i = 0; i < y.size(); ++i) {
    const double want = std::exp(double(x[i])) * w[i];
    EXPECT_NEAR(y[i] / want, 1, 4e-7) << i;
  }
}

TEST(Compile, EveryLevelInOneObject) {
  const uint64_t features = mg_cpu_features();
  const auto x = ramp(1003, -4, 0.01f), w = ramp(1003, 1, 0.5f);
  for (uint64_t mask :
       {MG_CPU_ZNVER4, MG_CPU_ICELAKE, MG_CPU_V4, MG_CPU_V3, MG_CPU_V2}) {
    if ((features & mask) != mask)
      continue;
    const Compiled compiled(chain, {.levels = levelNames()});
    ASSERT_TRUE(compiled);
    EXPECT_STREQ(compiled.model->levels,
                 "x86-64-v2,x86-64-v3,x86-64-v4,icelake-server,znver4");
    mg_cpu_limit(mask);
    std::vector<float> y(1003);
    EXPECT_EQ(compiled.call({x.data(), w.data()}, {y.data()}), MG_OK);
    EXPECT_NEAR(y[7] / (std::exp(double(x[7])) * w[7]), 1, 4e-7);
  }
  const Compiled compiled(chain, {.levels = levelNames()});
  mg_cpu_limit(0);
  std::vector<float> y(1003);
  EXPECT_EQ(compiled.call({x.data(), w.data()}, {y.data()}), MG_ERROR_CPU);
  mg_cpu_limit(~uint64_t(0));
}

TEST(Compile, ArgumentsAreChecked) {
  const Compiled compiled(chain);
  ASSERT_TRUE(compiled);
  std::vector<float> x(1003), y(1003);
  EXPECT_EQ(compiled.call({x.data(), nullptr}, {y.data()}), MG_ERROR_ARGUMENT);
  EXPECT_EQ(compiled.call({x.data(), x.data()}, {nullptr}), MG_ERROR_ARGUMENT);
  const void *inputs[] = {x.data(), x.data()};
  void *outputs[] = {y.data()};
  const mg_entry &entry = compiled.model->entries[0];
  EXPECT_EQ(entry.call(nullptr, nullptr, outputs, nullptr, nullptr),
            MG_ERROR_ARGUMENT);
  alignas(64) char workspace[128];
  EXPECT_EQ(entry.call(nullptr, inputs, outputs, workspace + 4, nullptr),
            MG_ERROR_ARGUMENT);
}

TEST(Compile, TheDescriptorTellsAll) {
  const Compiled compiled(chain);
  ASSERT_TRUE(compiled);
  const mg_model &model = *compiled.model;
  EXPECT_EQ(model.abi_version, uint32_t(MG_ABI_VERSION));
  EXPECT_STREQ(model.name, "chain");
  ASSERT_EQ(model.entry_count, 1u);
  const mg_entry &entry = model.entries[0];
  EXPECT_STREQ(entry.name, "infer");
  ASSERT_EQ(entry.input_count, 2u);
  ASSERT_EQ(entry.output_count, 1u);
  EXPECT_STREQ(entry.inputs[1].name, "w");
  EXPECT_EQ(entry.outputs[0].dtype, MG_F32);
  ASSERT_EQ(entry.outputs[0].rank, 1);
  EXPECT_EQ(entry.outputs[0].shape[0], 1003);
}

constexpr const char *linear = R"mlir(
#x = affine_map<(i, j, k) -> (i, k)>
#w = affine_map<(i, j, k) -> (k, j)>
#y = affine_map<(i, j, k) -> (i, j)>
#b = affine_map<(i, j) -> (j)>
#id = affine_map<(i, j) -> (i, j)>
module attributes {mg.name = "linear"} {
  func.func @infer(
      %x: tensor<3x17xf32> {mg.name = "x", mg.dtype = "f32"},
      %w: tensor<17x19xf32> {mg.name = "fc.w", mg.dtype = "f32", mg.weight},
      %b: tensor<19xf32> {mg.name = "fc.b", mg.dtype = "f32", mg.weight})
      -> (tensor<3x19xf32> {mg.name = "y", mg.dtype = "f32"})
      attributes {mg.entry} {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3x19xf32>
    %init = linalg.fill ins(%zero : f32) outs(%e : tensor<3x19xf32>)
        -> tensor<3x19xf32>
    %d = linalg.generic {indexing_maps = [#x, #w, #y], mg.contraction,
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<3x17xf32>, tensor<17x19xf32>)
        outs(%init : tensor<3x19xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %m = arith.mulf %p, %q : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<3x19xf32>
    %f = tensor.empty() : tensor<3x19xf32>
    %y = linalg.generic {indexing_maps = [#id, #b, #id],
                         iterator_types = ["parallel", "parallel"]}
        ins(%d, %b : tensor<3x19xf32>, tensor<19xf32>)
        outs(%f : tensor<3x19xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %s = arith.addf %p, %q : f32
      linalg.yield %s : f32
    } -> tensor<3x19xf32>
    return %y : tensor<3x19xf32>
  }
}
)mlir";

struct Linear {
  std::vector<float> x = ramp(3 * 17, -1, 0.05f), w = ramp(17 * 19, 2, -0.01f),
                     b = ramp(19, 0, 1), y = std::vector<float>(3 * 19, NAN);
  void check() const {
    for (size_t i = 0; i < 3; ++i)
      for (size_t j = 0; j < 19; ++j) {
        double want = b[j];
        for (size_t k = 0; k < 17; ++k)
          want += double(x[i * 17 + k]) * w[k * 19 + j];
        EXPECT_NEAR(y[i * 19 + j], want, 1e-5) << i << "," << j;
      }
  }
};

TEST_P(AtLevel, WeightsOutside) {
  const Compiled compiled(linear, options());
  ASSERT_TRUE(compiled);
  ASSERT_EQ(compiled.model->weight_count, 2u);
  EXPECT_STREQ(compiled.model->weights[1].name, "fc.b");
  Linear data;
  EXPECT_EQ(compiled.call({data.x.data()}, {data.y.data()},
                          {data.w.data(), data.b.data()}),
            MG_OK);
  data.check();
  EXPECT_EQ(
      compiled.call({data.x.data()}, {data.y.data()}, {data.w.data(), nullptr}),
      MG_ERROR_ARGUMENT);
}

TEST_P(AtLevel, WeightsEmbedded) {
  Linear data;
  Options embed = options();
  embed.embeddedWeight = [&](llvm::StringRef name) -> llvm::ArrayRef<char> {
    const std::vector<float> &from = name == "fc.w" ? data.w : data.b;
    return {reinterpret_cast<const char *>(from.data()), from.size() * 4};
  };
  const Compiled compiled(linear, embed);
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled.model->weight_count, 0u);
  EXPECT_EQ(compiled.call({data.x.data()}, {data.y.data()}), MG_OK);
  data.check();
}

TEST(Compile, OneWeightOutsideOneEmbedded) {
  Linear data;
  Options embed;
  embed.embeddedWeight = [&](llvm::StringRef name) -> llvm::ArrayRef<char> {
    if (name != "fc.w")
      return {};
    return {reinterpret_cast<const char *>(data.w.data()), data.w.size() * 4};
  };
  const Compiled compiled(linear, embed);
  ASSERT_TRUE(compiled);
  ASSERT_EQ(compiled.model->weight_count, 1u);
  EXPECT_EQ(compiled.call({data.x.data()}, {data.y.data()}, {data.b.data()}),
            MG_OK);
  data.check();
}

/// A safetensors file with `header` and so many bytes of data.
mg_weights *fileWith(std::string header, const std::vector<float> &data) {
  const std::string path = testing::TempDir() + "codegen-weights.safetensors";
  const uint64_t size = header.size();
  std::FILE *file = std::fopen(path.c_str(), "wb");
  std::fwrite(&size, 8, 1, file);
  std::fwrite(header.data(), 1, header.size(), file);
  std::fwrite(data.data(), 4, data.size(), file);
  std::fclose(file);
  mg_weights *weights = nullptr;
  char message[200] = "";
  EXPECT_EQ(mg_weights_open(path.c_str(), &weights, message, sizeof message),
            MG_OK)
      << message;
  return weights;
}

TEST(Compile, WeightsFromAFile) {
  const Compiled compiled(linear);
  ASSERT_TRUE(compiled);
  const auto load = compiled.symbol<int(const mg_weights *, const void **)>(
      "linear_load_weights");
  Linear data;
  std::vector<float> bytes = data.w;
  bytes.insert(bytes.end(), data.b.begin(), data.b.end());
  const void *weights[2] = {nullptr, nullptr};

  const std::string w = R"({"fc.w":{"dtype":"F32","shape":[17,19],)"
                        R"("data_offsets":[0,1292]})";
  mg_weights *file = fileWith(
      w + R"(,"fc.b":{"dtype":"F32","shape":[19],"data_offsets":[1292,1368]}})",
      bytes);
  EXPECT_EQ(load(file, weights), MG_OK);
  ASSERT_TRUE(weights[0] && weights[1]);
  EXPECT_EQ(
      compiled.call({data.x.data()}, {data.y.data()}, {weights[0], weights[1]}),
      MG_OK);
  data.check();
  mg_weights_close(file);

  weights[0] = nullptr;
  file = fileWith(
      w + R"(,"fc.b":{"dtype":"I32","shape":[19],"data_offsets":[1292,1368]}})",
      bytes);
  EXPECT_EQ(load(file, weights), MG_ERROR_SHAPE);
  EXPECT_EQ(weights[0], nullptr);
  mg_weights_close(file);
  file = fileWith(w + "}", data.w);
  EXPECT_EQ(load(file, weights), MG_ERROR_FILE);
  mg_weights_close(file);
}

TEST_P(AtLevel, EveryOptimizationLevel) {
  for (int optLevel : {0, 1, 2, 3}) {
    Options o = options();
    o.optLevel = optLevel;
    const Compiled compiled(linear, o);
    ASSERT_TRUE(compiled);
    Linear data;
    EXPECT_EQ(compiled.call({data.x.data()}, {data.y.data()},
                            {data.w.data(), data.b.data()}),
              MG_OK);
    data.check();
  }
}

/// The same bits with and without optimization: no reassociation, no FMA that
/// was not asked for.
TEST_P(AtLevel, OptimizationKeepsEveryBit) {
  const auto x = ramp(1003, -80, 0.16f), w = ramp(1003, 1, 0.5f);
  std::vector<float> want(1003), y(1003);
  for (int optLevel : {0, 1, 2, 3}) {
    Options o = options();
    o.optLevel = optLevel;
    const Compiled compiled(chain, o);
    ASSERT_TRUE(compiled);
    std::vector<float> &out = optLevel == 0 ? want : y;
    EXPECT_EQ(compiled.call({x.data(), w.data()}, {out.data()}), MG_OK);
    if (optLevel > 0)
      EXPECT_EQ(std::memcmp(want.data(), y.data(), 4 * y.size()), 0)
          << "-O" << optLevel;
  }
}

TEST_P(AtLevel, FastMathIsStillRight) {
  Options o = options();
  o.fastMath = true;
  const Compiled compiled(linear, o);
  ASSERT_TRUE(compiled);
  Linear data;
  EXPECT_EQ(compiled.call({data.x.data()}, {data.y.data()},
                          {data.w.data(), data.b.data()}),
            MG_OK);
  data.check();
}

TEST(Compile, ThreadsCompileAndCall) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      const Compiled compiled(linear);
      ASSERT_TRUE(compiled);
      Linear data;
      for (int i = 0; i < 100; ++i)
        ASSERT_EQ(compiled.call({data.x.data()}, {data.y.data()},
                                {data.w.data(), data.b.data()}),
                  MG_OK);
      data.check();
    });
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace
