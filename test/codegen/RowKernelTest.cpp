// Kernels over rows against the same ops one after the other, and against plain
// loops in f64: every level, one and two threads, lengths around the vector's;
// what forbids running by rows; memory that is not needed.
#include "Compiled.h"
#include "minigrad/pool.h"

#include <cmath>
#include <cstring>
#include <random>
#include <regex>

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
/// of a kernel or, unfused, by nothing; `{contraction 0, 1}` is one as well.
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
    for (const std::string start : {"{rows", "{contraction"})
      for (size_t at; (at = result.find(start)) != std::string::npos;) {
        const size_t end = result.find('}', at), from = at + start.size();
        const std::string list = result.substr(from, end - from);
        std::string attrs = start == "{rows" ? "" : "mg.contraction";
        if (fused)
          attrs += std::string(attrs.empty() ? "" : ", ") +
                   "mg.kernel = 0 : i64, mg.rows = array<i64" +
                   (list.empty() ? "" : ":" + list) + ">";
        result.replace(at, end + 1 - at, "{" + attrs + "}");
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

void replaceOnce(std::string &text, const std::string &from,
                 const std::string &to) {
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

/// The softmax takes the place of its input: every row is read before it is
/// overwritten. Returns the bytes of workspace of the kernel over rows.
uint64_t checkInPlace(Text text) {
  replaceOnce(text.text, R"(-> ($T {mg.name = "y",)",
              R"(-> ($T {mg.updates = 0 : i64, mg.name = "y",)");
  const auto x = noise(40 * 1000);
  std::vector<float> got[2];
  uint64_t workspace = 0;
  for (bool fused : {false, true}) {
    const Compiled compiled(text.get(fused), {.levels = {nativeLevel()}});
    EXPECT_TRUE(compiled);
    got[fused] = x;
    EXPECT_EQ(compiled.call({got[fused].data()}, {got[fused].data()}), 0);
    workspace = compiled.artefact.entries[0].workspaceBytes;
  }
  EXPECT_EQ(got[0], got[1]);
  EXPECT_NE(got[0], x);
  return workspace;
}

TEST(RowKernel, InPlaceRowsAreOwnRows) {
  // e = exp(x - max) lies where x was.
  EXPECT_EQ(checkInPlace(softmaxOf(40, 1000, false)), 0u);
}

TEST(RowKernel, WhatIsReadAgainIsKept) {
  // x is wanted by the last op: e = exp(x - max) needs room of its own.
  Text text = softmaxOf(40, 1000, false);
  replaceOnce(text.text, "[#rc, $row, #rc], iter",
              "[#rc, $row, #rc, #rc], iter");
  replaceOnce(text.text, "ins(%es#0, %es#1 : $T, $S)",
              "ins(%es#0, %es#1, %x : $T, $S, $T)");
  replaceOnce(text.text, "%b: f32, %o: f32):\n    %q = arith.divf %a, %b : f32",
              "%b: f32, %c: f32, %o: f32):\n    %d = arith.divf %a, %b : f32\n"
              "    %q = arith.addf %d, %c : f32");
  EXPECT_GE(checkInPlace(text), 4000u);
}

TEST(RowKernel, WhatIsReadTurnedIsKept) {
  // e[i, j] = exp(x[i, 999 - j] - max): it would overwrite what is read later.
  Text text = softmaxOf(40, 1000, false);
  replaceOnce(text.text, "[#rc, $row, #rc, $row], iter",
              "[affine_map<(i, j) -> (i, 999 - j)>, $row, #rc, $row], iter");
  EXPECT_GE(checkInPlace(text), 4000u);
}

TEST(RowKernel, WhatNobodyReadsSpoilsNothing) {
  // The second result of the last op has a place of its own.
  Text text = softmaxOf(40, 1000, false);
  replaceOnce(text.text,
              "%y = linalg.generic {indexing_maps = [#rc, $row, #rc]",
              "%y:2 = linalg.generic {indexing_maps = [#rc, $row, #rc, #rc]");
  replaceOnce(text.text, "outs(%e3 : $T)", "outs(%e3, %e4 : $T, $T)");
  replaceOnce(text.text, "%b: f32, %o: f32):\n    %q",
              "%b: f32, %o: f32, %p: f32):\n    %q");
  replaceOnce(text.text, "linalg.yield %q : f32\n  } -> $T\n  return %y :",
              "linalg.yield %q, %a : f32, f32\n  } -> ($T, $T)\n"
              "  return %y#0 :");
  replaceOnce(text.text, "  %e3 = tensor.empty() : $T\n",
              "  %e3 = tensor.empty() : $T\n  %e4 = tensor.empty() : $T\n");
  const auto x = noise(40 * 1000);
  const auto [fused, apart] = runBoth(text, {x.data()}, {40 * 1000}, false);
  EXPECT_EQ(fused, apart);
}

/// A part of a row's temporary is read last, into a part of the result.
const std::string halves = std::string(header) + R"(
func.func @f(%x: $T {mg.name = "x", mg.dtype = "f32"})
    -> ($T {mg.name = "z", mg.dtype = "f32"}) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : $T
  %e1 = tensor.empty() : $S
  %e2 = tensor.empty() : $H
  %e3 = tensor.empty() : $T
  %e4 = tensor.empty() : $H
  %w = tensor.extract_slice %x[0, 0] [40, 500] [1, 1] : $T to $H
  %u = linalg.generic {indexing_maps = [#rc, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%w : $H) outs(%e4 : $H) {
  ^bb0(%a: f32, %o: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> $H
  %all = tensor.insert_slice %u into %e3[0, $beside] [40, 500] [1, 1] : $H into $T
  %s0 = linalg.fill {rows 0} ins(%zero : f32) outs(%e1 : $S) -> $S
  %es:2 = linalg.generic {indexing_maps = [#rc, #rc, #r], iterator_types = ["parallel", "reduction"]}
      ins(%x : $T) outs(%e0, %s0 : $T, $S) attrs = {rows 0} {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %e = math.exp %a : f32
    %s = arith.addf %p, %e : f32
    linalg.yield %e, %s : f32, f32
  } -> ($T, $S)
  %v = tensor.extract_slice %es#0[0, 0] [40, 500] [1, 1] : $T to $H
  %y = linalg.generic {indexing_maps = [#rc, #r, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%v, %es#1 : $H, $S) outs(%e2 : $H) attrs = {rows 0} {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> $H
  %z = tensor.insert_slice %y into %all[0, $at] [40, 500] [1, 1] : $H into $T
  return %z : $T
}
}
)";

TEST(RowKernel, APartOfTheResultHoldsNoWholeRow) {
  for (const auto &[at, beside] : {std::pair("0", "500"), {"500", "0"}}) {
    const Text text{halves,
                    {{"T", shape({40, 1000})},
                     {"S", shape({40})},
                     {"H", shape({40, 500})},
                     {"at", at},
                     {"beside", beside}}};
    const auto x = noise(40 * 1000);
    const auto [fused, apart] = runBoth(text, {x.data()}, {40 * 1000}, false);
    EXPECT_EQ(fused, apart) << at;
  }
}

/// A product, one of its sums per row, and both in one result.
const std::string product = R"(
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#p = affine_map<(i, j, k) -> (i, j)>
)" + std::string(header) + R"(
func.func @f(%a: $A {mg.name = "a", mg.dtype = "f32"}, %b: $B {mg.name = "b", mg.dtype = "f32"})
    -> ($T {mg.name = "y", mg.dtype = "f32"}) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : $T
  %e1 = tensor.empty() : $S
  %e2 = tensor.empty() : $T
  %c0 = linalg.fill {$first} ins(%zero : f32) outs(%e0 : $T) -> $T
  %c = linalg.generic {indexing_maps = [#a, #b, #p], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : $A, $B) outs(%c0 : $T) attrs = {mg.contraction, $first} {
  ^bb0(%x: f32, %w: f32, %o: f32):
    %m = arith.mulf %x, %w : f32
    %n = arith.addf %o, %m : f32
    linalg.yield %n : f32
  } -> $T
  %s0 = linalg.fill {$second} ins(%zero : f32) outs(%e1 : $S) -> $S
  %s = linalg.generic {indexing_maps = [#rc, #r], iterator_types = ["parallel", "reduction"]}
      ins(%c : $T) outs(%s0 : $S) attrs = {$second} {
  ^bb0(%x: f32, %o: f32):
    %n = arith.addf %o, %x : f32
    linalg.yield %n : f32
  } -> $S
  %y = linalg.generic {indexing_maps = [#rc, #r, #rc], iterator_types = ["parallel", "parallel"]}
      ins(%c, %s : $T, $S) outs(%e2 : $T) attrs = {$second} {
  ^bb0(%x: f32, %t: f32, %o: f32):
    %n = arith.subf %x, %t : f32
    linalg.yield %n : f32
  } -> $T
  return %y : $T
}
}
)";

TEST(RowKernel, BlocksOfAProductAreItsRows) {
  // 2 or 3 blocks, of 128 rows and of as many or 44 more.
  const int64_t depth = 16, columns = 4224;
  for (const int64_t rows : {256, 300, 428}) {
    const auto a = noise(rows * depth), b = noise(depth * columns, 2);
    auto run = [&](bool kernels, const std::string &level, mg_pool *pool) {
      const Text text{
          product,
          {{"A", shape({rows, depth})},
           {"B", shape({depth, columns})},
           {"T", shape({rows, columns})},
           {"S", shape({rows})},
           {"first",
            kernels ? "mg.kernel = 0 : i64, mg.rows = array<i64: 0, 1>" : ""},
           {"second",
            kernels ? "mg.kernel = 1 : i64, mg.rows = array<i64: 0>" : ""}}};
      std::string program = text.get(false);
      for (size_t at;
           (at = program.find("mg.contraction, }")) != std::string::npos;)
        program.replace(at, 17, "mg.contraction}");
      const Compiled compiled(program, {.levels = {level}});
      std::vector<float> y(rows * columns, NAN);
      EXPECT_TRUE(compiled) << program;
      if (compiled)
        EXPECT_EQ(compiled.call({a.data(), b.data()}, {y.data()}, {}, 0, pool),
                  0);
      return y;
    };
    mg_pool *three = mg_pool_create(3);
    for (const std::string &level : levelsHere()) {
      const auto apart = run(false, level, nullptr);
      EXPECT_EQ(run(true, level, nullptr), apart) << rows << " " << level;
      EXPECT_EQ(run(true, level, three), apart) << rows << " " << level;
    }
    mg_pool_destroy(three);
  }
}

/// Scores of all pairs, those of later positions left out, their softmax and
/// the weighted mean: rows are heads and positions.
const std::string attention = R"(
#q = affine_map<(h, i, j, d) -> (h, i, d)>
#k = affine_map<(h, i, j, d) -> (h, j, d)>
#s = affine_map<(h, i, j, d) -> (h, i, j)>
#a = affine_map<(h, i, j) -> (h, i, j)>
#r = affine_map<(h, i, j) -> (h, i)>
#p = affine_map<(h, i, d, j) -> (h, i, j)>
#v = affine_map<(h, i, d, j) -> (h, j, d)>
#o = affine_map<(h, i, d, j) -> (h, i, d)>
module attributes {mg.name = "k"} {
func.func @f(%q: $X {mg.name = "q", mg.dtype = "f32"},
             %k: $X {mg.name = "k", mg.dtype = "f32"},
             %v: $X {mg.name = "v", mg.dtype = "f32"})
    -> ($X {mg.name = "y", mg.dtype = "f32"}) attributes {mg.entry} {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : $P
  %e1 = tensor.empty() : $P
  %e2 = tensor.empty() : $P
  %e3 = tensor.empty() : $P
  %e4 = tensor.empty() : $R
  %e5 = tensor.empty() : $R
  %e6 = tensor.empty() : $X
  %s0 = linalg.fill {rows 0, 1} ins(%zero : f32) outs(%e0 : $P) -> $P
  %s = linalg.generic {indexing_maps = [#q, #k, #s],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q, %k : $X, $X) outs(%s0 : $P) attrs = {contraction 0, 1} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %c, %m : f32
    linalg.yield %n : f32
  } -> $P
  %t = linalg.generic {indexing_maps = [#a, #a],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s : $P) outs(%e1 : $P) attrs = {rows 0, 1} {
  ^bb0(%a: f32, %c: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %l = arith.cmpi sge, %i, %j : index
    %n = arith.select %l, %a, %low : f32
    linalg.yield %n : f32
  } -> $P
  %m0 = linalg.fill {rows 0, 1} ins(%low : f32) outs(%e4 : $R) -> $R
  %m = linalg.generic {indexing_maps = [#a, #r],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t : $P) outs(%m0 : $R) attrs = {rows 0, 1} {
  ^bb0(%a: f32, %c: f32):
    %n = arith.maximumf %c, %a : f32
    linalg.yield %n : f32
  } -> $R
  %l0 = linalg.fill {rows 0, 1} ins(%zero : f32) outs(%e5 : $R) -> $R
  %el:2 = linalg.generic {indexing_maps = [#a, #r, #a, #r],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%t, %m : $P, $R) outs(%e2, %l0 : $P, $R) attrs = {rows 0, 1} {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %n = arith.subf %a, %b : f32
    %e = math.exp %n : f32
    %f = arith.addf %d, %e : f32
    linalg.yield %e, %f : f32, f32
  } -> ($P, $R)
  %w = linalg.generic {indexing_maps = [#a, #r, #a],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%el#0, %el#1 : $P, $R) outs(%e3 : $P) attrs = {rows 0, 1} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %n = arith.divf %a, %b : f32
    linalg.yield %n : f32
  } -> $P
  %y0 = linalg.fill {rows 0, 1} ins(%zero : f32) outs(%e6 : $X) -> $X
  %y = linalg.generic {indexing_maps = [#p, #v, #o],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%w, %v : $P, $X) outs(%y0 : $X) attrs = {contraction 0, 1} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %n = arith.mulf %a, %b : f32
    %o = arith.addf %c, %n : f32
    linalg.yield %o : f32
  } -> $X
  return %y : $X
}
}
)";

/// Scores are scaled, masked and their maximum found by one op, as passes make
/// it: after the product they are stored once, scaled and masked.
std::string withOneScale(const std::string &program) {
  const size_t begin = program.find("  %t = "), end = program.find("  %l0 = ");
  return program.substr(0, begin) + R"(
  %half = arith.constant 0.5 : f32
  %m0 = linalg.fill {rows 0, 1} ins(%low : f32) outs(%e4 : $R) -> $R
  %t, %m = linalg.generic {indexing_maps = [#a, #a, #r],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s : $P) outs(%e1, %m0 : $P, $R) attrs = {rows 0, 1} {
  ^bb0(%a0: f32, %c: f32, %d: f32):
    %a = arith.mulf %a0, %half : f32
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %l = arith.cmpi sge, %i, %j : index
    %n = arith.select %l, %a, %low : f32
    %o = arith.maximumf %d, %n : f32
    linalg.yield %n, %o : f32, f32
  } -> ($P, $R)
)" + program.substr(end);
}

/// Against f64, where scores are multiplied by `scale`.
void checkAttention(const std::string &program, double scale) {
  const int64_t heads = 3;
  for (int64_t n : {1, 7, 67, 128, 300})
    for (int64_t depth : {5, 24}) {
      Text text{program,
                {{"X", shape({heads, n, depth})},
                 {"P", shape({heads, n, n})},
                 {"R", shape({heads, n})}}};
      const int64_t size = heads * n * depth;
      const auto q = noise(size), k = noise(size, 2), v = noise(size, 3);
      const auto [fused, apart] =
          runBoth(text, {q.data(), k.data(), v.data()}, {size}, false);
      std::vector<double> want(size);
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t i = 0; i < n; ++i) {
          auto row = [&](const std::vector<float> &x, int64_t at) {
            return &x[(h * n + at) * depth];
          };
          double sum = 0;
          std::vector<double> mean(depth);
          for (int64_t j = 0; j <= i; ++j) {
            double score = 0;
            for (int64_t d = 0; d < depth; ++d)
              score += double(row(q, i)[d]) * row(k, j)[d];
            sum += std::exp(scale * score);
            for (int64_t d = 0; d < depth; ++d)
              mean[d] += std::exp(scale * score) * row(v, j)[d];
          }
          for (int64_t d = 0; d < depth; ++d)
            want[(h * n + i) * depth + d] = mean[d] / sum;
        }
      expectNear(fused[0], want, 1e-5);
      expectNear(apart[0], want, 1e-5);
    }
}

TEST(RowKernel, AttentionKeepsATileOfScores) {
  checkAttention(attention, 1);
  checkAttention(withOneScale(attention), 0.5);
}

/// Attention with 0 for a maximum of -inf, and 1 for a sum of 0.
std::string withStandIns() {
  std::string program = attention;
  auto put = [&](const std::string &before, const std::string &from,
                 const std::string &to, const std::string &name,
                 const std::string &old, const std::string &number) {
    const std::string use = "ins(" + from + ", " + to + " : $P, $R)";
    program.replace(program.find(use), use.size(),
                    "ins(" + from + ", " + name + " : $P, $R)");
    program.insert(program.find(before),
                   "  " + name +
                       " = linalg.generic {indexing_maps = [#n, #n], "
                       "iterator_types = [\"parallel\", \"parallel\"]} ins(" +
                       to + " : $R) outs(%e7 : $R) attrs = {rows 0, 1} {\n" +
                       "  ^bb0(%a: f32, %c: f32):\n" +
                       "    %is = arith.cmpf oeq, %a, " + old + " : f32\n" +
                       "    %x = arith.select %is, " + number +
                       ", %a : f32\n    linalg.yield %x : f32\n  } -> $R\n");
  };
  put("  %l0 = ", "%t", "%m", "%ms", "%low", "%zero");
  put("  %w = ", "%el#0", "%el#1", "%ls", "%zero", "%one");
  program.insert(program.find("  %zero = "),
                 "  %e7 = tensor.empty() : $R\n"
                 "  %one = arith.constant 1.0 : f32\n");
  return "\n#n = affine_map<(h, i) -> (h, i)>" + program;
}

/// What comes after a position is left out, and yet no bit changes: not where
/// values are infinite or NaN, whose product with a weight of 0 is NaN, nor in
/// rows whose scores are. The same mask in words that no one understands leaves
/// nothing out.
void checkMasks(const std::string &attention) {
  const std::string mask = "%l = arith.cmpi sge, %i, %j : index\n"
                           "    %n = arith.select %l, %a, %low : f32";
  const int64_t n = 300, depth = 24, size = 2 * n * depth;
  auto q = noise(size), k = noise(size, 2), v = noise(size, 3);
  v[(n - 1) * depth + 3] = INFINITY;
  v[(n + 170) * depth + 5] = -INFINITY;
  v[(n + 171) * depth + 6] = NAN;
  q[20 * depth] = NAN;
  k[0] = INFINITY;
  for (int64_t d = 0; d < depth; ++d)
    q[30 * depth + d] = -INFINITY;
  auto run = [&](const std::string &column, const std::string &words) {
    std::string program = attention;
    program.replace(program.find(mask), mask.size(), column + words);
    const Text text{program,
                    {{"X", shape({2, n, depth})},
                     {"P", shape({2, n, n})},
                     {"R", shape({2, n})}}};
    std::vector<float> y(size);
    const Compiled compiled(text.get(true), {.levels = {nativeLevel()}});
    EXPECT_TRUE(compiled) << text.get(true);
    if (compiled)
      EXPECT_EQ(compiled.call({q.data(), k.data(), v.data()}, {y.data()}), 0);
    return y;
  };
  const std::string plain = "%c0 = arith.constant 0 : index\n"
                            "%b = arith.addi %j, %c0 : index\n",
                    opaque = "%c0 = arith.constant 0 : index\n"
                             "%b = arith.maxsi %j, %c0 : index\n";
  for (const std::string words : {"%l = arith.cmpi sge, %i, %b : index\n"
                                  "%n = arith.select %l, %a, %low : f32",
                                  "%l = arith.cmpi sgt, %b, %i : index\n"
                                  "%n = arith.select %l, %low, %a : f32",
                                  "%c70 = arith.constant 70 : index\n"
                                  "%i1 = arith.addi %i, %c70 : index\n"
                                  "%l = arith.cmpi sgt, %i1, %b : index\n"
                                  "%n = arith.select %l, %a, %low : f32",
                                  "%c5 = arith.constant 5 : index\n"
                                  "%i1 = arith.subi %i, %c5 : index\n"
                                  "%l = arith.cmpi sge, %i1, %b : index\n"
                                  "%n = arith.select %l, %a, %low : f32"}) {
    const auto got = run(plain, words), want = run(opaque, words);
    for (int64_t i = 0; i < size; ++i)
      ASSERT_TRUE(std::isnan(got[i])
                      ? std::isnan(want[i])
                      : std::memcmp(&got[i], &want[i], sizeof(float)) == 0)
          << words << " at " << i << ": " << got[i] << ", " << want[i];
  }
}

TEST(RowKernel, AttentionLeavesOutOnlyZeros) {
  checkMasks(attention);
  checkMasks(withStandIns());
  checkMasks(withOneScale(attention));
}

/// Loops that end where only the run knows.
size_t openLoops(const std::string &program) {
  const Text text{program,
                  {{"X", shape({2, 300, 24})},
                   {"P", shape({2, 300, 300})},
                   {"R", shape({2, 300})}}};
  auto vectors = compileText(text.get(true),
                             {.levels = {"x86-64-v3"}, .emit = Emit::Vector});
  if (mlir::failed(vectors))
    return 0;
  // Constants have names that begin with a letter.
  const std::regex end(R"(scf\.for %\w+ = %\w+ to %\d)");
  const std::string code(vectors->bytes.data(), vectors->bytes.size());
  return std::distance(std::sregex_iterator(code.begin(), code.end(), end),
                       std::sregex_iterator());
}

// The equal bits above say nothing about whether anything is left out.
TEST(RowKernel, AttentionStopsAtItsMask) {
  for (const std::string &open :
       {attention, withStandIns(), withOneScale(attention)}) {
    std::string hidden = open;
    const std::string comparison = "%l = arith.cmpi sge, %i, %j : index";
    const size_t at = hidden.find(comparison);
    ASSERT_NE(at, std::string::npos);
    hidden.replace(at, comparison.size(),
                   "%c0 = arith.constant 0 : index\n"
                   "%b = arith.maxsi %j, %c0 : index\n"
                   "%l = arith.cmpi sge, %i, %b : index");
    EXPECT_GT(openLoops(open), openLoops(hidden));
  }
}

TEST(RowKernel, AttentionNeedsNoScoreMatrix) {
  const Text text{attention,
                  {{"X", shape({8, 1024, 8})},
                   {"P", shape({8, 1024, 1024})},
                   {"R", shape({8, 1024})}}};
  auto compiled = compileText(text.get(true), {.levels = {nativeLevel()}});
  ASSERT_TRUE(mlir::succeeded(compiled));
  EXPECT_LT(compiled->entries[0].workspaceBytes, 3u << 20);
}

/// The largest and the smallest of each row.
const std::string extremes = std::string(header) + R"(
func.func @f(%x: $T {mg.name = "x", mg.dtype = "f32"})
    -> ($S {mg.name = "high", mg.dtype = "f32"},
        $S {mg.name = "low", mg.dtype = "f32"}) attributes {mg.entry} {
  %minus = arith.constant 0xFF800000 : f32
  %plus = arith.constant 0x7F800000 : f32
  %e0 = tensor.empty() : $S
  %e1 = tensor.empty() : $S
  %h0 = linalg.fill {rows 0} ins(%minus : f32) outs(%e0 : $S) -> $S
  %l0 = linalg.fill {rows 0} ins(%plus : f32) outs(%e1 : $S) -> $S
  %y:2 = linalg.generic {indexing_maps = [#rc, #r, #r], iterator_types = ["parallel", "reduction"]}
      ins(%x : $T) outs(%h0, %l0 : $S, $S) attrs = {rows 0} {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %v = arith.maximumf %a, %o : f32
    %w = arith.minimumf %p, %a : f32
    linalg.yield %v, %w : f32, f32
  } -> ($S, $S)
  return %y#0, %y#1 : $S, $S
}
}
)";

TEST(RowKernel, NaNsAndZerosAreExact) {
  for (int64_t n : {1, 5, 16, 63, 200}) {
    // Row i has its NaN at i; one is infinite, one ordinary, and in two the
    // extremes are zeros of both signs.
    const int64_t rows = n + 4;
    auto x = noise(rows * n);
    for (int64_t i = 0; i < n; ++i) {
      x[i * n + i] = i % 2 ? NAN : -NAN;
      x[n * n + i] = -INFINITY;
      x[(n + 2) * n + i] = i == n / 2 ? 0.0f : -0.0f;
      x[(n + 3) * n + i] = i == n / 3 ? -0.0f : 0.0f;
    }
    const Text text{extremes, {{"T", shape({rows, n})}, {"S", shape({rows})}}};
    const auto got = runBoth(text, {x.data()}, {rows, rows}).first;
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_TRUE(std::isnan(got[0][i])) << n << " " << i;
      EXPECT_TRUE(std::isnan(got[1][i])) << n << " " << i;
    }
    EXPECT_EQ(got[0][n], -INFINITY);
    EXPECT_EQ(got[1][n], -INFINITY);
    const float *last = &x[(n + 1) * n];
    EXPECT_EQ(got[0][n + 1], *std::max_element(last, last + n));
    EXPECT_EQ(got[1][n + 1], *std::min_element(last, last + n));
    EXPECT_FALSE(std::signbit(got[0][n + 2]));
    EXPECT_TRUE(std::signbit(got[1][n + 3]));
  }
}

/// The same of columns, whose lanes run across them.
TEST(RowKernel, NaNsAndZerosOfColumnsAreExact) {
  std::string columns = extremes;
  const std::string maps = "[#rc, #r, #r]",
                    loops = R"(["parallel", "reduction"])";
  columns.replace(columns.find(maps), maps.size(), "[#rc, #c, #c]");
  columns.replace(columns.find(loops), loops.size(),
                  R"(["reduction", "parallel"])");
  for (int64_t n : {5, 16, 40, 77}) {
    const int64_t rows = 100;
    auto x = noise(rows * n);
    for (int64_t i = 0; i < rows; ++i) {
      x[i * n + 1] = i == 50 ? 0.0f : -0.0f;
      x[i * n + 2] = i == 70 ? -0.0f : 0.0f;
    }
    x[99 * n] = NAN;
    x[30 * n + n - 1] = -NAN;
    const Text text{columns, {{"T", shape({rows, n})}, {"S", shape({n})}}};
    Text bare = text;
    // Columns belong to no rows.
    for (size_t at; (at = bare.text.find("{rows 0}")) != std::string::npos;)
      bare.text.replace(at, 8, "{}");
    const auto got = runBoth(bare, {x.data()}, {n, n}).first;
    for (int64_t j = 0; j < n; ++j) {
      const bool isNaN = j == 0 || j == n - 1;
      EXPECT_EQ(std::isnan(got[0][j]), isNaN) << n << " " << j;
      EXPECT_EQ(std::isnan(got[1][j]), isNaN) << n << " " << j;
      float high = -INFINITY, low = INFINITY;
      for (int64_t i = 0; i < rows; ++i) {
        high = std::max(high, x[i * n + j]);
        low = std::min(low, x[i * n + j]);
      }
      if (isNaN)
        continue;
      EXPECT_EQ(got[0][j], high);
      EXPECT_EQ(got[1][j], low);
    }
    EXPECT_FALSE(std::signbit(got[0][1]));
    EXPECT_TRUE(std::signbit(got[1][2]));
  }
}

TEST(RowKernel, StreamedResultsAreTheSame) {
  // Large enough to be stored past the caches, where it is aligned.
  const int64_t rows = 8200, columns = 1024, size = rows * columns;
  const Compiled compiled(softmaxOf(rows, columns, false).get(true),
                          {.levels = {nativeLevel()}});
  ASSERT_TRUE(compiled);
  const auto x = noise(size);
  mg_pool *two = mg_pool_create(2);
  std::vector<float> memory(size + 64, NAN), want;
  auto *aligned = reinterpret_cast<float *>(
      (reinterpret_cast<uintptr_t>(memory.data() + 1) + 63) / 64 * 64);
  for (int64_t shift : {0, 1})
    for (mg_pool *pool : {static_cast<mg_pool *>(nullptr), two}) {
      std::fill(memory.begin(), memory.end(), NAN);
      float *y = aligned + shift;
      ASSERT_EQ(compiled.call({x.data()}, {y}, {}, 0, pool), 0);
      EXPECT_TRUE(std::isnan(y[-1]) && std::isnan(y[size]));
      if (want.empty())
        want.assign(y, y + size);
      EXPECT_EQ(std::memcmp(y, want.data(), size * sizeof(float)), 0);
    }
  mg_pool_destroy(two);
  for (int64_t r : {int64_t(0), rows - 1}) {
    double sum = 0;
    for (int64_t c = 0; c < columns; ++c)
      sum += std::exp(double(x[r * columns + c]));
    for (int64_t c = 0; c < columns; ++c)
      ASSERT_NEAR(want[r * columns + c],
                  std::exp(double(x[r * columns + c])) / sum, 1e-6);
  }
}

} // namespace
