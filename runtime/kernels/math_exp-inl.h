// exp and what is made of it: expm1, tanh, logistic.
//
//   x = n ln 2 + r, |r| <= ln 2 / 2;  exp(x) = 2^n (1 + r + r^2 P(r))
#ifndef MG_KERNELS_MATH_EXP_INL_H
#define MG_KERNELS_MATH_EXP_INL_H
#include "runtime/kernels/math_base-inl.h"

namespace mg {

template <class T> struct ExpConstants;
template <> struct ExpConstants<float> {
  static constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;
  // exp is 0, expm1 -1, both infinite (with a positive r).
  static constexpr float kLow = -105, kMinusOne = -20, kHigh = 88.8f;
  // Error 2^-28.2.
  static constexpr float kP[] = {0.49999994f, 0.166665196f, 0.0416682363f,
                                 0.00836882368f, 0.00138235523f};
  // (tanh(x) - x) / x^3 by x^2 for |x| <= kTanhSmall. Error 2^-32.4.
  static constexpr float kTanhSmall = 0.625f;
  static constexpr float kTanh[] = {-0.333333313f,   0.133332223f,
                                    -0.0539484471f,  0.0217085928f,
                                    -0.00819455739f, 0.00215705577f};
};
template <> struct ExpConstants<double> {
  static constexpr double kLn2High = 0x1.62e42fee00000p-1,
                          kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kLow = -750, kMinusOne = -40, kHigh = 709.9;
  // Error 2^-57.9.
  static constexpr double kP[] = {
      0.50000000000000111,   0.16666666666666419,    0.041666666666526686,
      0.008333333333490232,  0.0013888888944473428,  0.0001984126951638573,
      2.480149226548962e-05, 2.7557577003957874e-06, 2.7630537163585891e-07,
      2.5003225328774788e-08};
  // Error 2^-64.
  static constexpr double kTanhSmall = 0.625;
  static constexpr double kTanh[] = {
      -0.33333333333333331,   0.13333333333333031,     -0.053968253968066301,
      0.021869488530032909,   -0.0088632354088290944,  0.0035921264684519649,
      -0.0014558204629405334, 0.00058994040803224119,  -0.00023874142201586973,
      9.5684481956582744e-05, -3.6527724044468008e-05, 1.1710595239456247e-05,
      -2.239746222560946e-06};
};

// exp(x) = 2^n (1 + q)
template <class V> struct ReducedExp {
  V n, q;
};

// `low...`: nothing, or what is added to x after the reduction, because x + low
// may have more bits than x.
template <class D, class... Low>
HWY_INLINE ReducedExp<Vector<D>> ReduceExp(D d, Vector<D> x, Low... low) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const auto n = hn::Round(hn::Mul(x, hn::Set(d, T(1.44269504088896340736))));
  auto r = hn::NegMulAdd(n, hn::Set(d, C::kLn2High), x);
  r = hn::NegMulAdd(n, hn::Set(d, C::kLn2Low), r);
  ((r = hn::Add(r, low)), ...);
  const auto q = hn::MulAdd(hn::Mul(r, r), Polynomial(d, r, C::kP), r);
  return {n, q};
}

// For an x + low... that is known to be between kLow and kHigh.
template <class D, class... Low>
HWY_INLINE Vector<D> ExpInRange(D d, Vector<D> x, Low... low) {
  const auto e = ReduceExp(d, x, low...);
  return Scale(d, hn::Add(e.q, hn::Set(d, hn::TFromD<D>(1))), e.n);
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
  // 2^n q + (2^n - 1), halved, because 2^n may be infinite.
  const auto half = PowerOfTwo(d, hn::Sub(e.n, hn::Set(d, T(1))));
  const auto y = hn::MulAdd(half, e.q, hn::Sub(half, hn::Set(d, T(0.5))));
  // Near zero 2^n is 1 and q keeps denormals; the sign keeps -0.
  const auto result =
      hn::IfThenElse(hn::Eq(e.n, hn::Zero(d)), e.q, hn::Add(y, y));
  return hn::CopySign(result, x);
}

// For small x a polynomial: 1 - 2 / (exp(2x) + 1) would cancel there.
template <class D> HWY_INLINE Vector<D> Tanh(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const auto a = hn::Abs(x);
  const auto one = hn::Set(d, T(1));
  const auto z = hn::Mul(a, a);
  const auto small = hn::MulAdd(hn::Mul(a, z), Polynomial(d, z, C::kTanh), a);
  const auto e =
      ExpInRange(d, hn::Min(hn::Set(d, C::kHigh), hn::Add(a, a))); // keeps NaN
  const auto large = hn::Sub(one, hn::Div(hn::Set(d, T(2)), hn::Add(e, one)));
  const auto is_small = hn::Lt(a, hn::Set(d, C::kTanhSmall));
  return hn::CopySign(hn::IfThenElse(is_small, small, large), x);
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
