// Kernels over rows against the same ops one after the other, and against plain
// loops in f64: every level, one and two threads, lengths around the vector's;
// what forbids running by rows; memory that is not needed.
#include "Compiled.h"
#include "minigrad/pool.h"

#include <cmath>
#include <random>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

std::vector<float> noise(int64_t n, uint32_t seed = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> x(n);
  for (float &v : x)
    v = values(engine);
  return x;
}

/// A module's text: each `$NAME` replaced, and `{rows 0, 1}` by the attributes
/// of a kernel or, unfused, by nothing.
struct Text {
  std::string text;
  std::vector<std::pair<std::string, std::string>> words;

  std::string get(bool fused) const {
    std::string result = text;
    auto replace = [&](const std::string &from, const std::string &to) {
      for (size_t at = 0; (at = result.find(from, at)) != std::string::npos;
           at += to.size())
        result.replace(at, from.size(), to);
    };
    for (const auto &[name, value] : words)
      replace("$" + name, value);
    for (size_t at; (at = result.find("{rows")) != std::string::npos;) {
      const size_t end = result.find('}', at);
      const std::string list = result.substr(at + 5, end - at - 5);
      const std::string attrs = "{mg.kernel = 0 : i64, mg.rows = array<i64" +
                                (list.empty() ? "" : ":" + list) + ">}";
      result.replace(at, end + 1 - at, fused ? attrs : "{}");
    }
    return result;
  }
};

/// Runs the module on all levels, with one thread and two, fused and not; fused
/// runs must agree in every bit, but for levels where the math differs (`exp`
/// without FMA). Returns {fused, unfused} of the last level.
using Outputs = std::vector<std::vector<float>>;
std::pair<Outputs, Outputs> runBoth(const Text &text,
                                    std::vector<const void *> inputs,
                                    std::vector<int64_t> sizes,
                                    bool levelsAgree = true) {
  mg_pool *two = mg_pool_create(2);
  Outputs results[2];
  auto run = [&](bool fused, const std::string &level, mg_pool *pool) {
    const Compiled compiled(text.get(fused), {.levels = {level}});
    Outputs outputs;
    std::vector<void *> pointers;
    for (int64_t size : sizes)
      outputs.emplace_back(size, NAN);
    for (auto &output : outputs)
      pointers.push_back(output.data());
    EXPECT_TRUE(compiled) << text.get(fused);
    if (compiled)
      EXPECT_EQ(compiled.call(inputs, pointers, {}, 0, pool), 0);
    return outputs;
  };
  auto same = [](const Outputs &a, const Outputs &b) {
    for (size_t i = 0; i < a.size(); ++i)
      if (std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)))
        return false;
    return true;
  };
  for (const std::string &level : levelsHere()) {
    const Outputs one = run(true, level, nullptr);
    EXPECT_TRUE(same(one, run(true, level, two))) << level << ", two threads";
    EXPECT_TRUE(results[0].empty() || !levelsAgree || same(one, results[0]))
        << level;
    results[0] = one;
  }
  results[1] = run(false, levelsHere().back(), nullptr);
  mg_pool_destroy(two);
  return {results[0], results[1]};
}

void expectNear(const std::vector<float> &got, const std::vector<double> &want,
                double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], want[i], tolerance) << i;
}

std::string shape(std::vector<int64_t> extents, const char *type = "f32") {
  std::string text = "tensor<";
  for (int64_t extent : extents)
    text += std::to_string(extent) + "x";
  return text + type + ">";
}

constexpr const char *header = R"(
#rc = affine_map<(i, j) -> (i, j)>
#r = affine_map<(i, j) -> (i)>
#c = affine_map<(i, j) -> (j)>
#i = affine_map<(i) -> (i)>
module attributes {mg.name = "k"} {
)";

/// exp(x - max) and its sum are one op with two results.
const std::string softmax = std::string(header) + R"(
func.func @f(%x: $T {mg.name = "x", mg.dtype = "f32"})
    -> ($T {mg.name = "y", mg.dtype = "f32"}) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : $S
  %e1 = tensor.empty() : $S
  %e2 = tensor.empty() : $T
  %e3 = tensor.empty() : $T
  %m0 = linalg.fill {rows $ofsum} ins(%low : f32) outs(%e0 : $S) -> $S
  %m = linalg.generic {indexing_maps = [#rc, $row], iterator_types = [$iters]}
      ins(%x : $T) outs(%m0 : $S) attrs = {rows $rows} {
  ^bb0(%a: f32, %o: f32):
    %v = arith.maximumf %o, %a : f32
    linalg.yield %v : f32
  } -> $S
  %s0 = linalg.fill {rows $ofsum} ins(%zero : f32) outs(%e1 : $S) -> $S
  %es:2 = linalg.generic {indexing_maps = [#rc, $row, #rc, $row], iterator_types = [$iters]}
      ins(%x, %m : $T, $S) outs(%e2, %s0 : $T, $S) attrs = {rows $rows} {
  ^bb0(%a: f32, %b: f32, %o: f32, %p: f32):
    %d = arith.subf %a, %b : f32
    %e = math.exp %d : f32
    %s = arith.addf %p, %e : f32
    linalg.yield %e, %s : f32, f32
  } -> ($T, $S)
  %y = linalg.generic {indexing_maps = [#rc, $row, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%es#0, %es#1 : $T, $S) outs(%e3 : $T) attrs = {rows $rows} {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> $T
  return %y : $T
}
}
)";

Text softmaxOf(int64_t rows, int64_t columns, bool overRows) {
  return {softmax,
          {{"ofsum", "0"},
           {"rows", overRows ? "1" : "0"},
           {"row", overRows ? "#c" : "#r"},
           {"iters", overRows ? R"("reduction", "parallel")"
                              : R"("parallel", "reduction")"},
           {"T", shape({rows, columns})},
           {"S", shape({overRows ? columns : rows})}}};
}

class RowKernelShapes
    : public testing::TestWithParam<std::pair<int64_t, int64_t>> {};
INSTANTIATE_TEST_SUITE_P(Codegen, RowKernelShapes,
                         testing::Values(std::pair{3, 1}, std::pair{5, 7},
                                         std::pair{1, 1000}, std::pair{1000, 7},
                                         std::pair{67, 1000},
                                         std::pair{33, 4097}),
                         [](const auto &info) {
                           return std::to_string(info.param.first) + "x" +
                                  std::to_string(info.param.second);
                         });

TEST_P(RowKernelShapes, Softmax) {
  const auto [rows, columns] = GetParam();
  const auto x = noise(rows * columns);
  for (bool overRows : {false, true}) {
    const auto [fused, apart] = runBoth(softmaxOf(rows, columns, overRows),
                                        {x.data()}, {rows * columns}, false);
    std::vector<double> want(rows * columns);
    const int64_t n = overRows ? rows : columns, step = overRows ? columns : 1,
                  across = overRows ? 1 : columns;
    for (int64_t r = 0; r < (overRows ? columns : rows); ++r) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i)
        sum += std::exp(double(x[r * across + i * step]));
      for (int64_t i = 0; i < n; ++i)
        want[r * across + i * step] =
            std::exp(double(x[r * across + i * step])) / sum;
    }
    expectNear(fused[0], want, 1e-6);
    expectNear(apart[0], want, 1e-6);
  }
}

/// The gradients of a norm with scale: of its input by rows, and of its
/// parameters across the rows.
const std::string normBackward = std::string(header) + R"(
func.func @f(%x: $T {mg.name = "x", mg.dtype = "f32"},
             %dy: $T {mg.name = "dy", mg.dtype = "f32"},
             %g: $B {mg.name = "g", mg.dtype = "f32"})
    -> ($T {mg.name = "dx", mg.dtype = "f32"},
        $B {mg.name = "dg", mg.dtype = "f32"},
        $B {mg.name = "db", mg.dtype = "f32"}) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : $S
  %e1 = tensor.empty() : $T
  %e2 = tensor.empty() : $B
  %e3 = tensor.empty() : $B
  %s0 = linalg.fill {rows 0} ins(%zero : f32) outs(%e0 : $S) -> $S
  %s = linalg.generic {indexing_maps = [#rc, #rc, #c, #r], iterator_types = ["parallel", "reduction"]}
      ins(%x, %dy, %g : $T, $T, $B) outs(%s0 : $S) attrs = {rows 0} {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %p = arith.mulf %b, %c : f32
    %q = arith.mulf %a, %p : f32
    %v = arith.addf %o, %q : f32
    linalg.yield %v : f32
  } -> $S
  %g0 = linalg.fill {rows} ins(%zero : f32) outs(%e2 : $B) -> $B
  %b0 = linalg.fill {rows} ins(%zero : f32) outs(%e3 : $B) -> $B
  %gb:2 = linalg.generic {indexing_maps = [#rc, #rc, #c, #c], iterator_types = ["reduction", "parallel"]}
      ins(%x, %dy : $T, $T) outs(%g0, %b0 : $B, $B) attrs = {rows 0} {
  ^bb0(%a: f32, %b: f32, %o: f32, %p: f32):
    %q = arith.mulf %a, %b : f32
    %v = arith.addf %o, %q : f32
    %w = arith.addf %p, %b : f32
    linalg.yield %v, %w : f32, f32
  } -> ($B, $B)
  %dx = linalg.generic {indexing_maps = [#rc, #rc, #c, #r, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%x, %dy, %g, %s : $T, $T, $B, $S) outs(%e1 : $T) attrs = {rows 0} {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %o: f32):
    %p = arith.mulf %b, %c : f32
    %q = arith.mulf %a, %d : f32
    %v = arith.subf %p, %q : f32
    linalg.yield %v : f32
  } -> $T
  return %dx, %gb#0, %gb#1 : $T, $B, $B
}
}
)";

TEST_P(RowKernelShapes, SumsAcrossRows) {
  const auto [rows, columns] = GetParam();
  const auto x = noise(rows * columns), dy = noise(rows * columns, 2),
             g = noise(columns, 3);
  const Text text{normBackward,
                  {{"T", shape({rows, columns})},
                   {"S", shape({rows})},
                   {"B", shape({columns})}}};
  const auto [fused, apart] = runBoth(text, {x.data(), dy.data(), g.data()},
                                      {rows * columns, columns, columns});
  std::vector<double> dx(rows * columns), dg(columns), db(columns);
  for (int64_t r = 0; r < rows; ++r) {
    double s = 0;
    for (int64_t c = 0; c < columns; ++c)
      s += double(x[r * columns + c]) * dy[r * columns + c] * g[c];
    for (int64_t c = 0; c < columns; ++c) {
      const double a = x[r * columns + c], b = dy[r * columns + c];
      dx[r * columns + c] = b * g[c] - a * s;
      dg[c] += a * b;
      db[c] += b;
    }
  }
  expectNear(fused[0], dx, 1e-4);
  // |x|, |dy| <= 1: the sum of magnitudes is at most the number of rows; each
  // product has a rounding of its own.
  const double bound =
      (std::ceil(std::log2(double(rows))) + 9) * std::ldexp(rows, -24);
  expectNear(fused[1], dg, bound);
  expectNear(fused[2], db, bound);
}

TEST(RowKernel, RowsNeedNoFullSizeTemporary) {
  const Compiled fused(softmaxOf(64, 1000, false).get(true));
  ASSERT_TRUE(fused);
  EXPECT_LT(fused.artefact.entries[0].workspaceBytes, 64u * 1000 * 4 / 2);
  const Compiled apart(softmaxOf(64, 1000, false).get(false));
  ASSERT_TRUE(apart);
  EXPECT_GE(apart.artefact.entries[0].workspaceBytes, 64u * 1000 * 4);
}

/// The second op reads the first one's result in $order.
const std::string reordered = std::string(header) + R"(
func.func @f(%x: $T {mg.name = "x", mg.dtype = "f32"})
    -> ($T {mg.name = "y", mg.dtype = "f32"},
        $T {mg.name = "z", mg.dtype = "f32"}) attributes {mg.entry} {
  %e0 = tensor.empty() : $T
  %e1 = tensor.empty() : $T
  %y = linalg.generic {indexing_maps = [#rc, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%x : $T) outs(%e0 : $T) attrs = {rows 0} {
  ^bb0(%a: f32, %o: f32):
    %v = arith.addf %a, %a : f32
    linalg.yield %v : f32
  } -> $T
  %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> ($order)>, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%y : $T) outs(%e1 : $T) attrs = {rows 0} {
  ^bb0(%a: f32, %o: f32):
    %v = arith.mulf %a, %a : f32
    linalg.yield %v : f32
  } -> $T
  return %y, %z : $T, $T
}
}
)";

TEST(RowKernel, AnotherRowForbidsIt) {
  // The promise is broken: rows are read from the last to the first. Running
  // by rows would read what is not written yet.
  for (int64_t n : {1, 7, 40})
    for (const std::string &order :
         {std::string("9 - i, j"), "i, " + std::to_string(n - 1) + " - j"}) {
      const Text text{reordered, {{"T", shape({10, n})}, {"order", order}}};
      const auto x = noise(10 * n);
      const auto [fused, apart] = runBoth(text, {x.data()}, {10 * n, 10 * n});
      EXPECT_EQ(fused, apart) << order << " " << n;
    }
}

} // namespace
