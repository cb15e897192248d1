// Conversions between all dtypes against twins that round once.
#include "kernels-twin.h"

using namespace twin;

namespace {

template <class To> To clamped(long double x) {
  if (std::isnan(x))
    return 0;
  const long double low = std::numeric_limits<To>::min();
  const long double high = std::numeric_limits<To>::max();
  return x <= low    ? std::numeric_limits<To>::min()
         : x >= high ? std::numeric_limits<To>::max()
                     : To(x);
}

// Any number to f16 or bf16, which double cannot always carry: the digits that
// matter and a sticky one.
template <class To> To to_half(long double x) {
  const double nearest = double(x);
  if (std::isnan(x) || std::isinf(x) || (long double)nearest == x)
    return narrow<To>(nearest);
  int exponent;
  const long double mantissa = std::frexp(x, &exponent);
  const long double digits = std::trunc(std::ldexp(mantissa, 40));
  const double sticky = digits == std::ldexp(mantissa, 40) ? 0 : 0.5;
  return narrow<To>(std::ldexp(
      double(digits) + std::copysign(sticky, double(x)), exponent - 40));
}

template <class From, class To> To twin_of(From from, mg_convert_mode mode) {
  const auto x = widen(from);
  if constexpr (std::is_same_v<To, Bool>)
    return {uint8_t(x != 0)};
  else if constexpr (is_half<To>)
    return to_half<To>((long double)x);
  else if constexpr (is_float<To>)
    return To(x);
  else if constexpr (is_float<From>)
    return clamped<To>(mode == MG_NEAREST ? std::nearbyint((long double)x)
                                          : std::trunc((long double)x));
  else
    return mode == MG_SATURATE ? clamped<To>((long double)x) : To(x);
}

template <class From, class To> void check() {
  if constexpr (std::is_same_v<From, To>)
    return;
  Random random(1);
  for (mg_convert_mode mode : {MG_TRUNCATE, MG_NEAREST, MG_SATURATE})
    for (int64_t n : {0, 1, 7, 64, 1031, 5000})
      for (Layout layout : {kRowMajor, kRepeated, kSpaced}) {
        Tensor<From> x({n}, layout);
        Tensor<To> out({n});
        randomize(x, random);
        ASSERT_EQ(mg_convert(&x.view, mode, &out.view, nullptr), MG_OK);
        for (int64_t i = 0; i < n; ++i)
          ASSERT_TRUE(same(out[i], twin_of<From, To>(x[i], mode)))
              << mg_dtype_name(dtype_of<From>()) << " " << +widen(x[i])
              << " to " << mg_dtype_name(dtype_of<To>()) << " "
              << +widen(out[i]) << ", mode " << mode;
      }
}

template <class From> struct Convert : testing::Test {};
using Types =
    testing::Types<Bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t,
                   uint32_t, uint64_t, Half, Brain, float, double>;
TYPED_TEST_SUITE(Convert, Types);

template <class From, class... To> void check_all(testing::Types<To...>) {
  (check<From, To>(), ...);
}

TYPED_TEST(Convert, RoundsOnceAndSaturates) {
  at_each_level([] { check_all<TypeParam>(Types()); });
}

template <class T> void every_value_returns() {
  Tensor<T> x({65536}), back({65536});
  Tensor<float> wide({65536});
  for (int64_t i = 0; i < 65536; ++i)
    x[i].bits = uint16_t(i);
  at_each_level([&] {
    ASSERT_EQ(mg_convert(&x.view, MG_TRUNCATE, &wide.view, nullptr), MG_OK);
    ASSERT_EQ(mg_convert(&wide.view, MG_TRUNCATE, &back.view, nullptr), MG_OK);
    for (int64_t i = 0; i < 65536; ++i) {
      ASSERT_TRUE(same(wide[i], widen(x[i]))) << i;
      ASSERT_TRUE(same(back[i], x[i])) << i;
    }
  });
}

TEST(Halves, EveryF16BecomesItselfAgain) { every_value_returns<Half>(); }
TEST(Halves, EveryBF16BecomesItselfAgain) { every_value_returns<Brain>(); }

// Between each two neighbours: the middle, and the floats beside it.
template <class T> void middles_round_to_even() {
  std::vector<float> values;
  for (uint32_t i = 0; i < 65535; ++i) {
    const float a = widen(T{uint16_t(i)}), b = widen(T{uint16_t(i + 1)});
    const float middle = float((double(a) + double(b)) / 2);
    for (float f :
         {middle, std::nextafter(middle, a), std::nextafter(middle, b)})
      values.push_back(f);
  }
  const int64_t n = int64_t(values.size());
  Tensor<float> x({n});
  Tensor<T> out({n});
  std::copy(values.begin(), values.end(), x.begin());
  at_each_level([&] {
    ASSERT_EQ(mg_convert(&x.view, MG_TRUNCATE, &out.view, nullptr), MG_OK);
    for (int64_t i = 0; i < n; ++i)
      ASSERT_TRUE(same(out[i], narrow<T>(double(x[i])))) << x[i];
  });
}

TEST(Halves, F16MiddlesRoundToEven) { middles_round_to_even<Half>(); }
TEST(Halves, BF16MiddlesRoundToEven) { middles_round_to_even<Brain>(); }

TEST(ConvertOp, RefusesUnknownModes) {
  Tensor<float> x({3});
  Tensor<int8_t> out({3});
  EXPECT_EQ(mg_convert(&x.view, mg_convert_mode(3), &out.view, nullptr),
            MG_ERROR_ARGUMENT);
}

} // namespace
