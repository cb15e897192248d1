// Loops and branches on tensors: what they compute, in a workspace that was
// known before, on one thread and on several.
#include "Compiled.h"

#include "minigrad/pool.h"

#include <cmath>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// Replaces every N by `n`.
std::string sized(std::string text, int64_t n) {
  for (size_t at; (at = text.find("$N")) != std::string::npos;)
    text.replace(at, 2, std::to_string(n));
  return text;
}

/// `%name = f(operands)` elementwise on vectors of $N; the body sees %p, %q.
std::string map(const std::string &name, std::vector<std::string> operands,
                const std::string &body) {
  const std::string type = "tensor<$Nxf32>";
  const bool two = operands.size() == 2;
  return name + "_e = tensor.empty() : " + type + "\n" + name +
         " = linalg.generic {indexing_maps = [#id, " + (two ? "#id, " : "") +
         "#id], iterator_types = [\"parallel\"]} ins(" + operands[0] +
         (two ? ", " + operands[1] + " : " + type + ", " + type
              : " : " + type) +
         ") outs(" + name + "_e : " + type + ") {\n^bb0(%p: f32, " +
         (two ? "%q: f32, " : "") + "%o: f32):\n" + body +
         "linalg.yield %s : f32\n} -> " + type + "\n";
}

const std::string add = "%s = arith.addf %p, %q : f32\n",
                  mul = "%s = arith.mulf %p, %q : f32\n",
                  twice = "%s = arith.addf %p, %p : f32\n";

std::string entry(const std::string &name, const std::string &arguments,
                  const std::string &results, const std::string &body) {
  return "#id = affine_map<(i) -> (i)>\nmodule attributes {mg.name = \"m\"} {\n"
         "func.func @" +
         name + "(" + arguments + ") -> (" + results +
         ") attributes {mg.entry} {\n%c0 = arith.constant 0 : index\n"
         "%c1 = arith.constant 1 : index\n%c5 = arith.constant 5 : index\n" +
         body + "}\n}\n";
}

std::string array(const std::string &name, const std::string &type = "$Nxf32",
                  const std::string &dtype = "f32") {
  return "tensor<" + type + "> {mg.name = \"" + name + "\", mg.dtype = \"" +
         dtype + "\"}";
}

/// a, ys[i] = a + x[i], a * (a + x[i])
std::string scan() {
  return entry("scan", "%h: " + array("h") + ", %x: " + array("x", "5x$Nxf32"),
               array("h1") + ", " + array("ys", "5x$Nxf32"),
               "%e = tensor.empty() : tensor<5x$Nxf32>\n"
               "%r:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%a = %h, "
               "%ys = %e) -> (tensor<$Nxf32>, tensor<5x$Nxf32>) {\n"
               "%xi = tensor.extract_slice %x[%i, 0] [1, $N] [1, 1] : "
               "tensor<5x$Nxf32> to tensor<$Nxf32>\n" +
                   map("%u", {"%a", "%xi"}, add) +
                   map("%v", {"%a", "%u"}, mul) +
                   "%ys1 = tensor.insert_slice %v into %ys[%i, 0] [1, $N] "
                   "[1, 1] : tensor<$Nxf32> into tensor<5x$Nxf32>\n"
                   "scf.yield %u, %ys1 : tensor<$Nxf32>, tensor<5x$Nxf32>\n}\n"
                   "return %r#0, %r#1 : tensor<$Nxf32>, tensor<5x$Nxf32>\n");
}

struct Sized : testing::TestWithParam<int64_t> {
  int64_t n = GetParam();
  Compiled compile(const std::string &text) const {
    return Compiled(sized(text, n), {.levels = {nativeLevel()}});
  }
  std::vector<float> ramp(float start, size_t count) const {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = start + float(i % 97) * 0.25f;
    return values;
  }
};

TEST_P(Sized, AScanStacks) {
  const Compiled compiled = compile(scan());
  ASSERT_TRUE(compiled);
  // One temporary of the body, not one per iteration.
  EXPECT_LE(compiled.model->entries[0].workspace_bytes, uint64_t(n * 4 + 64));
  const auto h = ramp(1, n), x = ramp(-2, 5 * n);
  for (int threads : {1, 3}) {
    std::vector<float> h1(n), ys(5 * n, NAN);
    mg_pool *pool = mg_pool_create(threads);
    EXPECT_EQ(compiled.call({h.data(), x.data()}, {h1.data(), ys.data()}, {}, 0,
                            pool),
              0);
    mg_pool_destroy(pool);
    for (int64_t i = 0; i < n; ++i) {
      float a = h[i];
      for (int t = 0; t < 5; ++t) {
        const float u = a + x[t * n + i];
        ASSERT_EQ(ys[t * n + i], a * u) << t << "," << i;
        a = u;
      }
      ASSERT_EQ(h1[i], a) << i;
    }
  }
}

/// Two that change places each iteration, one of them updated on the way; the
/// count is a scalar of the host.
std::string fibonacci() {
  return entry("fibonacci", "%h: " + array("h") + ", %g: " + array("g"),
               array("h1") + ", " + array("g1"),
               "%r:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%a = %h, "
               "%b = %g) -> (tensor<$Nxf32>, tensor<$Nxf32>) {\n" +
                   map("%s", {"%a", "%b"}, add) +
                   "scf.yield %b, %s : tensor<$Nxf32>, tensor<$Nxf32>\n}\n"
                   "return %r#0, %r#1 : tensor<$Nxf32>, tensor<$Nxf32>\n");
}

TEST_P(Sized, CarriedValuesChangePlaces) {
  const Compiled compiled = compile(fibonacci());
  ASSERT_TRUE(compiled);
  const auto h = ramp(1, n), g = ramp(3, n);
  std::vector<float> h1(n), g1(n);
  EXPECT_EQ(compiled.call({h.data(), g.data()}, {h1.data(), g1.data()}), 0);
  for (int64_t i = 0; i < n; ++i) {
    ASSERT_EQ(h1[i], 3 * h[i] + 5 * g[i]) << i;
    ASSERT_EQ(g1[i], 5 * h[i] + 8 * g[i]) << i;
  }
}

/// Doubles until the first element is 100, or `m` times where that is less;
/// inside a loop over rows, with a branch.
std::string nested() {
  return entry(
      "nested",
      "%x: " + array("x", "5x$Nxf32") + ", %m: " + array("m", "i32", "i32"),
      array("y", "5x$Nxf32") + ", " + array("n", "5xi32", "i32"),
      "%zero = arith.constant 0 : i32\n%one = arith.constant 1 : i32\n"
      "%limit = arith.constant 100.0 : f32\n"
      "%most = tensor.extract %m[] : tensor<i32>\n"
      "%z = arith.constant dense<0> : tensor<i32>\n"
      "%e = tensor.empty() : tensor<5x$Nxf32>\n"
      "%f = tensor.empty() : tensor<5xi32>\n"
      "%r:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%ys = %e, %ns = %f) "
      "-> (tensor<5x$Nxf32>, tensor<5xi32>) {\n"
      "%xi = tensor.extract_slice %x[%i, 0] [1, $N] [1, 1] : tensor<5x$Nxf32> "
      "to tensor<$Nxf32>\n"
      "%w:2 = scf.while (%a = %xi, %k = %z) : (tensor<$Nxf32>, tensor<i32>) -> "
      "(tensor<$Nxf32>, tensor<i32>) {\n"
      "%a0 = tensor.extract %a[%c0] : tensor<$Nxf32>\n"
      "%k0 = tensor.extract %k[] : tensor<i32>\n"
      "%small = arith.cmpf olt, %a0, %limit : f32\n"
      "%few = arith.cmpi slt, %k0, %most : i32\n"
      "%go = arith.andi %small, %few : i1\n"
      "scf.condition(%go) %a, %k : tensor<$Nxf32>, tensor<i32>\n} do {\n"
      "^bb0(%a: tensor<$Nxf32>, %k: tensor<i32>):\n" +
          map("%u", {"%a"}, twice) +
          "%k0 = tensor.extract %k[] : tensor<i32>\n"
          "%k1 = arith.addi %k0, %one : i32\n"
          "%ke = tensor.empty() : tensor<i32>\n"
          "%kt = tensor.insert %k1 into %ke[] : tensor<i32>\n"
          "scf.yield %u, %kt : tensor<$Nxf32>, tensor<i32>\n}\n"
          "%k = tensor.extract %w#1[] : tensor<i32>\n"
          "%none = arith.cmpi eq, %k, %zero : i32\n"
          "%y = scf.if %none -> tensor<$Nxf32> {\n" +
          map("%v", {"%xi", "%xi"}, mul) +
          "scf.yield %v : tensor<$Nxf32>\n} else {\n"
          "scf.yield %w#0 : tensor<$Nxf32>\n}\n"
          "%ys1 = tensor.insert_slice %y into %ys[%i, 0] [1, $N] [1, 1] : "
          "tensor<$Nxf32> into tensor<5x$Nxf32>\n"
          "%ns1 = tensor.insert %k into %ns[%i] : tensor<5xi32>\n"
          "scf.yield %ys1, %ns1 : tensor<5x$Nxf32>, tensor<5xi32>\n}\n"
          "return %r#0, %r#1 : tensor<5x$Nxf32>, tensor<5xi32>\n");
}

TEST_P(Sized, LoopsAndBranchesNest) {
  const Compiled compiled = compile(nested());
  ASSERT_TRUE(compiled);
  EXPECT_LE(compiled.model->entries[0].workspace_bytes,
            uint64_t(2 * (n * 4 + 64) + 64));
  auto x = ramp(1, 5 * n);
  for (int t = 0; t < 5; ++t)
    x[t * n] = std::pow(10.0f, float(t - 1)); // 0.1 .. 1000
  const int most = 8;
  std::vector<float> y(5 * n, NAN);
  std::vector<int> count(5, -1);
  mg_pool *pool = mg_pool_create(2);
  EXPECT_EQ(
      compiled.call({x.data(), &most}, {y.data(), count.data()}, {}, 0, pool),
      0);
  mg_pool_destroy(pool);
  for (int t = 0; t < 5; ++t) {
    int times = 0;
    for (float first = x[t * n]; first < 100 && times < most; ++times)
      first += first;
    ASSERT_EQ(count[t], times);
    for (int64_t i = 0; i < n; ++i) {
      const float in = x[t * n + i];
      ASSERT_EQ(y[t * n + i], times ? std::ldexp(in, times) : in * in)
          << t << "," << i;
    }
  }
}

TEST_P(Sized, BranchesUpdateInPlaceOrNot) {
  std::string result = array("w1");
  result.insert(result.size() - 1, ", mg.updates = 0");
  const Compiled compiled = compile(entry(
      "skip", "%w: " + array("w") + ", %c: " + array("c", "i32", "i32"), result,
      "%zero = arith.constant 0 : i32\n"
      "%ci = tensor.extract %c[] : tensor<i32>\n"
      "%b = arith.cmpi ne, %ci, %zero : i32\n"
      "%r = scf.if %b -> tensor<$Nxf32> {\n" +
          map("%u", {"%w"}, twice) +
          "scf.yield %u : tensor<$Nxf32>\n} else {\n"
          "scf.yield %w : tensor<$Nxf32>\n}\nreturn %r : tensor<$Nxf32>\n"));
  ASSERT_TRUE(compiled);
  EXPECT_EQ(compiled.model->entries[0].workspace_bytes, 0u);
  auto w = ramp(1, n);
  const auto before = w;
  for (int yes : {0, 1, 0, 1}) {
    const auto old = w;
    EXPECT_EQ(compiled.call({w.data(), &yes}, {w.data()}), 0);
    for (int64_t i = 0; i < n; ++i)
      ASSERT_EQ(w[i], yes ? 2 * old[i] : old[i]) << i;
  }
  EXPECT_EQ(w[n - 1], 4 * before[n - 1]);
}

// The larger is worth several threads, inside the loops, too.
INSTANTIATE_TEST_SUITE_P(ControlFlow, Sized, testing::Values(7, 64, 300'000));

} // namespace
