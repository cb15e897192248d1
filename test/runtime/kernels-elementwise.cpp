// Elementwise kernels against scalar twins: every op, dtype, layout, length.
#include "kernels-twin.h"

#include <functional>
#include <string>

using namespace twin;

namespace {

template <class T> using U = std::make_unsigned_t<T>;

template <class T> T max_twin(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b))
      return NAN;
    if (a == b)
      return std::signbit(a) ? b : a;
  }
  return a > b ? a : b;
}
template <class T> T min_twin(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b))
      return NAN;
    if (a == b)
      return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}

// The op on computed values; false where the dtype has no such op.
template <class T> bool unary_twin(const std::string &op, T x, T &y) {
  if constexpr (std::is_floating_point_v<T>) {
    if (op == "neg")
      y = std::copysign(x, std::signbit(x) ? T(1) : T(-1));
    else if (op == "abs")
      y = std::fabs(x);
    else if (op == "sign")
      y = std::isnan(x) || x == 0 ? x : std::copysign(T(1), x);
    else if (op == "floor")
      y = std::floor(x);
    else if (op == "ceil")
      y = std::ceil(x);
    else if (op == "round_even")
      y = std::nearbyint(x);
    else if (op == "trunc")
      y = std::trunc(x);
    else if (op == "sqrt")
      y = std::sqrt(x);
    else if (op == "rsqrt")
      y = T(1) / std::sqrt(x);
    else
      return false;
  } else {
    if (op == "neg")
      y = T(U<T>(0) - U<T>(x));
    else if (op == "abs")
      y = x < T(0) ? T(U<T>(0) - U<T>(x)) : x;
    else if (op == "sign")
      y = T(x > T(0) ? 1 : x < T(0) ? -1 : 0);
    else if (op == "not")
      y = T(~x);
    else
      return false;
  }
  return true;
}

template <class T> bool integer_twin(const std::string &op, T a, T b, T &y) {
  constexpr unsigned width = sizeof(T) * 8;
  const bool over = U<T>(b) >= width;
  const bool edge = std::is_signed_v<T> && b == T(-1);
  if (op == "add")
    y = T(U<T>(a) + U<T>(b));
  else if (op == "sub")
    y = T(U<T>(a) - U<T>(b));
  else if (op == "mul")
    y = T(uint64_t(a) * uint64_t(b));
  else if (op == "div")
    y = b == 0 ? T(-1) : edge ? T(U<T>(0) - U<T>(a)) : T(a / b);
  else if (op == "rem")
    y = b == 0 ? a : edge ? T(0) : T(a % b);
  else if (op == "and")
    y = a & b;
  else if (op == "or")
    y = a | b;
  else if (op == "xor")
    y = a ^ b;
  else if (op == "shl")
    y = over ? T(0) : T(uint64_t(a) << b);
  else if (op == "shr_l")
    y = over ? T(0) : T(U<T>(a) >> b);
  else if (op == "shr_a")
    y = T(std::make_signed_t<T>(a) >> (over ? width - 1 : unsigned(b)));
  else
    return false;
  return true;
}

template <class T> bool binary_twin(const std::string &op, T a, T b, T &y) {
  if (op == "max")
    y = max_twin(a, b);
  else if (op == "min")
    y = min_twin(a, b);
  else if constexpr (!std::is_floating_point_v<T>)
    return integer_twin(op, a, b, y);
  else if (op == "add")
    y = a + b;
  else if (op == "sub")
    y = a - b;
  else if (op == "mul")
    y = a * b;
  else if (op == "div")
    y = a / b;
  else
    return false;
  return true;
}

template <class T> bool compare_twin(const std::string &op, T a, T b) {
  return op == "compare.eq"   ? a == b
         : op == "compare.ne" ? a != b
         : op == "compare.lt" ? a < b
         : op == "compare.le" ? a <= b
         : op == "compare.gt" ? a > b
                              : a >= b;
}

template <class T> using Computed = decltype(widen(T()));
template <class T> T rounded(Computed<T> x) {
  if constexpr (is_half<T>)
    return narrow<T>(x);
  else if constexpr (std::is_same_v<T, Bool>)
    return {x};
  else
    return x;
}

template <class T> void check_unary(const Shape &shape, Layout layout) {
  Random random(uint64_t(product(shape)) * 8 + layout);
  Tensor<T> x(shape, layout), out(shape);
  randomize(x, random);
  for (const char *const *name = mg_unary_op_names(); *name; ++name) {
    Computed<T> y{};
    if (std::is_same_v<T, Bool> || !unary_twin(*name, widen(T()), y))
      continue;
    SCOPED_TRACE(*name);
    ASSERT_EQ(mg_unary(mg_unary_op(*name), &x.view, &out.view, nullptr), MG_OK);
    for (int64_t i = 0; i < x.count(); ++i) {
      unary_twin(*name, widen(x[i]), y);
      ASSERT_TRUE(same(out[i], rounded<T>(y)))
          << "at " << i << " of " << +widen(x[i]) << ": " << +widen(out[i]);
    }
  }
}

template <class T>
void check_binary(const Shape &shape, Layout first, Layout second) {
  Random random(uint64_t(product(shape)) * 64 + first * 8 + second);
  Tensor<T> a(shape, first), b(shape, second), out(shape);
  Tensor<Bool> truth(shape);
  randomize(a, random);
  randomize(b, random);
  for (const char *const *name = mg_binary_op_names(); *name; ++name) {
    SCOPED_TRACE(*name);
    const int op = mg_binary_op(*name);
    if (std::string(*name).starts_with("compare.")) {
      ASSERT_EQ(mg_binary(op, &a.view, &b.view, &truth.view, nullptr), MG_OK);
      for (int64_t i = 0; i < a.count(); ++i)
        ASSERT_EQ(truth[i].value, compare_twin(*name, widen(a[i]), widen(b[i])))
            << "at " << i;
      continue;
    }
    Computed<T> y{};
    if (!binary_twin(*name, Computed<T>(1), Computed<T>(1), y) ||
        (std::is_same_v<T, Bool> &&
         std::string("and or xor max min").find(*name) == std::string::npos))
      continue;
    ASSERT_EQ(mg_binary(op, &a.view, &b.view, &out.view, nullptr), MG_OK);
    for (int64_t i = 0; i < a.count(); ++i) {
      binary_twin(*name, widen(a[i]), widen(b[i]), y);
      ASSERT_TRUE(same(out[i], rounded<T>(y)))
          << "at " << i << ": " << +widen(a[i]) << ", " << +widen(b[i])
          << " gives " << +widen(out[i]) << ", not " << +y;
    }
  }
}

template <class T> struct Elementwise : testing::Test {};
using Types =
    testing::Types<Bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t,
                   uint32_t, uint64_t, Half, Brain, float, double>;
TYPED_TEST_SUITE(Elementwise, Types);

TYPED_TEST(Elementwise, UnaryEqualsTheTwinAtEveryLength) {
  at_each_level([] {
    for (int64_t n : lengths())
      check_unary<TypeParam>({n}, kRowMajor);
  });
}

TYPED_TEST(Elementwise, UnaryEqualsTheTwinOnEveryView) {
  for (const Shape &shape : shapes())
    for (Layout layout : kLayouts)
      check_unary<TypeParam>(shape, layout);
}

TYPED_TEST(Elementwise, BinaryEqualsTheTwinAtEveryLength) {
  at_each_level([] {
    for (int64_t n : lengths()) {
      check_binary<TypeParam>({n}, kRowMajor, kRowMajor);
      check_binary<TypeParam>({n}, kRepeated, kRowMajor);
      check_binary<TypeParam>({n}, kRowMajor, kRepeated);
      check_binary<TypeParam>({n}, kRepeated, kRepeated);
    }
  });
}

TYPED_TEST(Elementwise, BinaryEqualsTheTwinOnEveryView) {
  for (const Shape &shape : shapes())
    for (Layout first : kLayouts)
      for (Layout second : kLayouts)
        check_binary<TypeParam>(shape, first, second);
}

TYPED_TEST(Elementwise, SelectTakesTheRightOneOnEveryView) {
  at_each_level([] {
    for (const Shape &shape : shapes())
      for (Layout layout : kLayouts)
        for (Layout other : kLayouts) {
          Random random(layout * 8 + other);
          Tensor<Bool> condition(shape, other);
          Tensor<TypeParam> a(shape, layout), b(shape, other), out(shape);
          randomize(condition, random);
          randomize(a, random);
          randomize(b, random);
          ASSERT_EQ(
              mg_select(&condition.view, &a.view, &b.view, &out.view, nullptr),
              MG_OK);
          for (int64_t i = 0; i < out.count(); ++i)
            ASSERT_TRUE(same(out[i], condition[i].value ? a[i] : b[i]));
        }
  });
}

TYPED_TEST(Elementwise, AResultMayBeAnOperand) {
  Random random(1);
  Tensor<TypeParam> a({70001}), b({70001}), out({70001});
  randomize(a, random);
  randomize(b, random);
  const int op = mg_binary_op("max");
  ASSERT_EQ(mg_binary(op, &a.view, &b.view, &out.view, nullptr), MG_OK);
  ASSERT_EQ(mg_binary(op, &a.view, &b.view, &b.view, nullptr), MG_OK);
  for (int64_t i = 0; i < out.count(); ++i)
    ASSERT_TRUE(same(out[i], b[i]));
}

TYPED_TEST(Elementwise, ThreadsChangeNoBit) {
  Random random(2);
  Tensor<TypeParam> a({311, 409}, kTransposed), b({311, 409});
  Tensor<TypeParam> one({311, 409}), three({311, 409});
  randomize(a, random);
  randomize(b, random);
  const int op = mg_binary_op("min");
  ASSERT_EQ(mg_binary(op, &a.view, &b.view, &one.view, nullptr), MG_OK);
  ASSERT_EQ(mg_binary(op, &a.view, &b.view, &three.view, three_threads()),
            MG_OK);
  EXPECT_EQ(std::memcmp(one.begin(), three.begin(),
                        size_t(one.count()) * sizeof(TypeParam)),
            0);
}

TEST(ElementwiseOps, RefusesWhatItCannotDo) {
  Tensor<float> x({4}), y({5});
  Tensor<Bool> truth({4});
  EXPECT_EQ(mg_unary_op("nonsense"), -1);
  EXPECT_EQ(mg_binary_op("compare"), -1);
  EXPECT_EQ(mg_unary(-1, &x.view, &x.view, nullptr), MG_ERROR_ARGUMENT);
  EXPECT_EQ(mg_unary(999, &x.view, &x.view, nullptr), MG_ERROR_ARGUMENT);
  EXPECT_EQ(mg_unary(mg_unary_op("neg"), &x.view, &y.view, nullptr),
            MG_ERROR_SHAPE);
  EXPECT_EQ(mg_unary(mg_unary_op("not"), &x.view, &x.view, nullptr),
            MG_ERROR_UNSUPPORTED);
  EXPECT_EQ(mg_unary(mg_unary_op("neg"), &truth.view, &truth.view, nullptr),
            MG_ERROR_UNSUPPORTED);
  EXPECT_EQ(
      mg_binary(mg_binary_op("compare.lt"), &x.view, &x.view, &x.view, nullptr),
      MG_ERROR_SHAPE);
  mg_array broken = x.view;
  broken.rank = 17;
  EXPECT_EQ(mg_unary(mg_unary_op("neg"), &broken, &x.view, nullptr),
            MG_ERROR_SHAPE);
  broken = x.view;
  broken.shape[0] = -1;
  EXPECT_EQ(mg_copy(&broken, &broken, nullptr), MG_ERROR_SHAPE);
}

} // namespace
