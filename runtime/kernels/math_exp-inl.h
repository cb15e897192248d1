// exp and what is made of it: expm1, tanh, logistic.
//
//   x = n ln 2 + r, |r| <= ln 2 / 2;  exp(x) = 2^n (1 + r + r^2 P(r))
#ifndef MG_KERNELS_MATH_EXP_INL_H
#define MG_KERNELS_MATH_EXP_INL_H
#include "runtime/kernels/math_base-inl.h"

namespace mg {

// Below kLow exp is 0. A result that is rounded to 0 takes the long way of
// denormals, up to 30 times as long, one that is far below does not; and -1e9
// or -inf are common, as masks. So kLow is where Scale is quick again.
#if HWY_TARGET <= HWY_AVX3
#define MG_EXP_LOW(scalef, products) scalef
#else
#define MG_EXP_LOW(scalef, products) products
#endif

template <class T> struct ExpConstants;
template <> struct ExpConstants<float> {
  static constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;
  // exp is 0, expm1 -1, both infinite (with a positive r).
  static constexpr float kLow = MG_EXP_LOW(-1000, -131), kMinusOne = -20,
                         kHigh = 88.8f;
  // Error 2^-28.2.
  static constexpr float kP[] = {0.49999994f, 0.166665196f, 0.0416682363f,
                                 0.00836882368f, 0.00138235523f};
  // (tanh(x) - x) / x^3 by x^2 for |x| <= kTanhSmall. Error 2^-27.1.
  static constexpr float kTanhSmall = 0.65f, kTanhOne = 9.1f;
  static constexpr float kTanh[] = {-0.333332598f, 0.133308262f, -0.053687520f,
                                    0.0204674974f, -0.00551284244f};
};
template <> struct ExpConstants<double> {
  static constexpr double kLn2High = 0x1.62e42fee00000p-1,
                          kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kLow = MG_EXP_LOW(-4000, -1060), kMinusOne = -40,
                          kHigh = 709.9;
  // Error 2^-57.9.
  static constexpr double kP[] = {
      0.50000000000000111,   0.16666666666666419,    0.041666666666526686,
      0.008333333333490232,  0.0013888888944473428,  0.0001984126951638573,
      2.480149226548962e-05, 2.7557577003957874e-06, 2.7630537163585891e-07,
      2.5003225328774788e-08};
  // Error 2^-64.
  static constexpr double kTanhSmall = 0.625, kTanhOne = 19.1;
  static constexpr double kTanh[] = {
      -0.33333333333333331,   0.13333333333333031,     -0.053968253968066301,
      0.021869488530032909,   -0.0088632354088290944,  0.0035921264684519649,
      -0.0014558204629405334, 0.00058994040803224119,  -0.00023874142201586973,
      9.5684481956582744e-05, -3.6527724044468008e-05, 1.1710595239456247e-05,
      -2.239746222560946e-06};
};

// x = n ln 2 + r
template <class V> struct ReducedExp {
  V n, r;
};

// `low...`: nothing, or what is added to x after the reduction, because x + low
// may have more bits than x.
template <class D, class... Low>
HWY_INLINE ReducedExp<Vector<D>> ReduceExp(D d, Vector<D> x, Low... low) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const auto n = RoundProduct(d, x, T(1.44269504088896340736)).n;
  auto r = hn::NegMulAdd(n, hn::Set(d, C::kLn2High), x);
  r = hn::NegMulAdd(n, hn::Set(d, C::kLn2Low), r);
  ((r = hn::Add(r, low)), ...);
  return {n, r};
}

// exp of a reduced r. One product after the other is the shortest, but where
// each sum rounds a product that is rounded already, r^2 P(r) is more precise.
template <class D> HWY_INLINE Vector<D> ExpOfRest(D d, Vector<D> r) {
  const auto one = hn::Set(d, hn::TFromD<D>(1));
  const auto p = Polynomial(d, r, ExpConstants<hn::TFromD<D>>::kP);
#if HWY_NATIVE_FMA
  return hn::MulAdd(hn::MulAdd(p, r, one), r, one);
#else
  return hn::Add(hn::MulAdd(hn::Mul(r, r), p, r), one);
#endif
}

// For an x + low... that is known to be between kLow and kHigh.
template <class D, class... Low>
HWY_INLINE Vector<D> ExpInRange(D d, Vector<D> x, Low... low) {
  const auto e = ReduceExp(d, x, low...);
  return Scale(d, ExpOfRest(d, e.r), e.n);
}

template <class D>
HWY_INLINE Vector<D> ExpOfSum(D d, Vector<D> x, Vector<D> low) {
  using C = ExpConstants<hn::TFromD<D>>;
  return ExpInRange(d, Clamp(d, C::kLow, C::kHigh, x), low);
}

template <class D> HWY_INLINE Vector<D> Exp(D d, Vector<D> x) {
  using C = ExpConstants<hn::TFromD<D>>;
  return ExpInRange(d, Clamp(d, C::kLow, C::kHigh, x));
}

template <class D> HWY_INLINE Vector<D> Expm1(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const auto e = ReduceExp(d, Clamp(d, C::kMinusOne, C::kHigh, x));
  const auto q = hn::MulAdd(hn::Mul(e.r, e.r), Polynomial(d, e.r, C::kP), e.r);
  // 2^n q + (2^n - 1), halved, because 2^n may be infinite.
  const auto half = PowerOfTwo(d, hn::Sub(e.n, hn::Set(d, T(1))));
  const auto y = hn::MulAdd(half, q, hn::Sub(half, hn::Set(d, T(0.5))));
  // Near zero 2^n is 1 and q keeps denormals; the sign keeps -0.
  const auto result =
      hn::IfThenElse(hn::Eq(e.n, hn::Zero(d)), q, hn::Add(y, y));
  return hn::CopySign(result, x);
}

// Where |x| is large, |x| = n ln 2 / 2 + r and
//
//   tanh |x| = 1 - 2 / (exp(2 |x|) + 1),  exp(2 |x|) = 2^n (1 + t) / (1 - t)
//
// with t = tanh(r). That would cancel where it is small; but there r = |x|, and
// t itself is the answer: both cases share the polynomial. What r lacks, since
// ln 2 / 2 is one constant, is less than what the sum with 1 drops.
template <class D> HWY_INLINE Vector<D> Tanh(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const hn::RebindToUnsigned<D> du;
  const auto one = hn::Set(d, T(1));
  const auto a = hn::Min(hn::Set(d, C::kTanhOne), hn::Abs(x)); // keeps NaN
  const auto is_large = hn::Gt(a, hn::Set(d, C::kTanhSmall));
  const auto whole =
      RoundProduct(d, a, T(2.88539008177792681472), T(FormatOf<D>::kBias));
  const auto power = hn::BitCast(d, hn::ShiftLeft<FormatOf<D>::kFractionBits>(
                                        hn::BitCast(du, whole.shifted)));
  const auto half_ln2 = hn::Set(d, T(0.34657359027997265471));
  const auto r =
      hn::IfThenElse(is_large, hn::NegMulAdd(whole.n, half_ln2, a), a);
  const auto z = hn::Mul(r, r);
  const auto t = hn::MulAdd(hn::Mul(r, z), Polynomial(d, z, C::kTanh), r);
  const auto rest = hn::Sub(one, t);
  const auto quotient = hn::Div(rest, hn::MulAdd(power, hn::Add(one, t), rest));
  const auto large = hn::NegMulAdd(hn::Set(d, T(2)), quotient, one);
  return hn::CopySign(hn::IfThenElse(is_large, large, t), x);
}

// 1 / (1 + exp(-x)), by the smaller exponential. Generated code says the same,
// op by op (ScalarBuilder::logistic). What 1 + e loses is put back after the
// division: exp, sum and quotient would otherwise round to 2.4 ULP together.
template <class D> HWY_INLINE Vector<D> Logistic(D d, Vector<D> x) {
  const auto one = hn::Set(d, hn::TFromD<D>(1));
  const auto e = Exp(d, hn::Neg(hn::Abs(x)));
  const auto top = hn::IfThenElse(hn::Ge(x, hn::Zero(d)), one, e);
  const auto sum = hn::Add(one, e);
  const auto lost = hn::Sub(e, hn::Sub(sum, one));
  const auto quotient = hn::Div(top, sum);
  return hn::Sub(quotient, hn::Mul(quotient, lost));
}

} // namespace mg

#endif
