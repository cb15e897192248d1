// The math library's functions as elementwise ops: every mnemonic works on
// every float dtype, in every layout, near the C library's value. (How near
// over all floats is measured by mg-accuracy.)
#include "kernels-twin.h"

#include <string>

using namespace twin;

namespace {

double unary_twin(const std::string &op, double x) {
  return op == "exp"        ? std::exp(x)
         : op == "log"      ? std::log(x)
         : op == "log1p"    ? std::log1p(x)
         : op == "expm1"    ? std::expm1(x)
         : op == "sin"      ? std::sin(x)
         : op == "cos"      ? std::cos(x)
         : op == "tan"      ? std::tan(x)
         : op == "tanh"     ? std::tanh(x)
         : op == "atan"     ? std::atan(x)
         : op == "erf"      ? std::erf(x)
         : op == "logistic" ? 1 / (1 + std::exp(-x))
                            : 0;
}

double binary_twin(const std::string &op, double a, double b) {
  return op == "pow"     ? std::pow(a, b)
         : op == "atan2" ? std::atan2(a, b)
                         : std::fmod(a, b);
}

const char *const kUnary[] = {"exp", "log",  "log1p", "expm1", "sin",     "cos",
                              "tan", "tanh", "atan",  "erf",   "logistic"};
const char *const kBinary[] = {"pow", "atan2", "rem"};

// The error in units of the last place of T, a type of `digits` digits.
template <class T> bool is_near(T got_, double expected, double units) {
  const double got = double(widen(got_)),
               best = double(widen(narrow<T>(expected)));
  if (std::isnan(best) || std::isinf(best) || std::isnan(got))
    return same(got_, narrow<T>(expected));
  constexpr int digits = std::is_same_v<T, double>  ? 53
                         : std::is_same_v<T, float> ? 24
                         : std::is_same_v<T, Half>  ? 11
                                                    : 8;
  constexpr int least = std::is_same_v<T, double> ? -1022
                        : std::is_same_v<T, Half> ? -14
                                                  : -126;
  const int exponent = best == 0 ? least : std::max(std::ilogb(best), least);
  return std::fabs(got - expected) <=
         units * std::ldexp(1.0, exponent - digits + 1);
}

template <class T> T argument(Random &random) {
  const uint64_t kind = random() % 8;
  if (kind == 0)
    return random_value<T>(random);
  return narrow<T>(double(int64_t(random())) / 9.3e18 *
                   (kind < 4   ? 1
                    : kind < 7 ? 10
                               : 80));
}

template <class T> void check(const Shape &shape, Layout layout) {
  Random random(uint64_t(product(shape)) + layout);
  Tensor<T> a(shape, layout), b(shape), out(shape);
  for (auto *x : {&a, &b})
    for (T &v : *x)
      v = argument<T>(random);
  for (const char *name : kUnary) {
    SCOPED_TRACE(name);
    ASSERT_EQ(mg_unary(mg_unary_op(name), &a.view, &out.view, nullptr), MG_OK);
    for (int64_t i = 0; i < a.count(); ++i)
      ASSERT_TRUE(is_near(out[i], unary_twin(name, double(widen(a[i]))), 4))
          << widen(a[i]) << " gives " << widen(out[i]);
  }
  for (const char *name : kBinary)
    for (bool exchange : {false, true}) {
      SCOPED_TRACE(name);
      Tensor<T> &x = exchange ? b : a, &y = exchange ? a : b;
      ASSERT_EQ(
          mg_binary(mg_binary_op(name), &x.view, &y.view, &out.view, nullptr),
          MG_OK);
      for (int64_t i = 0; i < a.count(); ++i)
        ASSERT_TRUE(is_near(
            out[i], binary_twin(name, double(widen(x[i])), double(widen(y[i]))),
            name == std::string("rem") ? 0 : 4.5))
            << widen(x[i]) << ", " << widen(y[i]) << " gives " << widen(out[i]);
    }
}

template <class T> struct Math : testing::Test {};
using Types = testing::Types<Half, Brain, float, double>;
TYPED_TEST_SUITE(Math, Types);

TYPED_TEST(Math, IsNearTheLibraryAtEveryLength) {
  at_each_level([] {
    for (int64_t n : lengths())
      check<TypeParam>({n}, kRowMajor);
  });
}

TYPED_TEST(Math, ReadsEveryView) {
  for (const Shape &shape : shapes())
    for (Layout layout : kLayouts)
      check<TypeParam>(shape, layout);
}

TEST(MathOps, IntegersHaveNone) {
  Tensor<int32_t> x({3});
  for (const char *name : kUnary)
    EXPECT_EQ(mg_unary(mg_unary_op(name), &x.view, &x.view, nullptr),
              MG_ERROR_UNSUPPORTED);
}

} // namespace
