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
  static constexpr float kP[] = {
      0.49999994039535522461f, 0.16666519641876220703f,
      4.1668236255645751953e-2f, 8.3688236773014068604e-3f,
      1.3823552289977669716e-3f};
  // (tanh(x) - x) / x^3 by x^2 for |x| <= kTanhSmall. Error 2^-32.4.
  static constexpr float kTanhSmall = 0.625f;
  static constexpr float kTanh[] = {
      -0.33333331346511840820f,   0.13333222270011901855f,
      -5.3948447108268737793e-2f, 2.1708592772483825684e-2f,
      -8.1945573911070823669e-3f, 2.1570557728409767151e-3f};
};
template <> struct ExpConstants<double> {
  static constexpr double kLn2High = 0x1.62e42fee00000p-1,
                          kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kLow = -750, kMinusOne = -40, kHigh = 709.9;
  // Error 2^-57.9.
  static constexpr double kP[] = {
      0.50000000000000111022,   0.16666666666666418717,
      4.1666666666526686047e-2, 8.3333333334902320172e-3,
      1.3888888944473428127e-3, 1.9841269516385730211e-4,
      2.4801492265489620656e-5, 2.7557577003957873903e-6,
      2.7630537163585890580e-7, 2.5003225328774787505e-8};
  // Error 2^-64.
  static constexpr double kTanhSmall = 0.625;
  static constexpr double kTanh[] = {
      -0.33333333333333331483,   0.13333333333333030612,
      -5.3968253968066301485e-2, 2.1869488530032909351e-2,
      -8.8632354088290940940e-3, 3.5921264684519648919e-3,
      -1.4558204629453330374e-3, 5.8994040803224119356e-4,
      -2.3874142201586972915e-4, 9.5684481956582543728e-5,
      -3.6527724044468008237e-5, 1.1711595239456247034e-5,
      -2.2397462225609459630e-6};
};

// exp(x) = 2^n (1 + q)
template <class V> struct ReducedExp {
  V n, q;
};

// `low` is added to x after the reduction: x + low may have more bits than x.
template <class D>
HWY_INLINE ReducedExp<Vector<D>> ReduceExp(D d, Vector<D> x, Vector<D> low) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const auto n = hn::Round(hn::Mul(x, hn::Set(d, T(1.44269504088896340736))));
  auto r = hn::NegMulAdd(n, hn::Set(d, C::kLn2High), x);
  r = hn::Add(hn::NegMulAdd(n, hn::Set(d, C::kLn2Low), r), low);
  const auto q = hn::MulAdd(hn::Mul(r, r), Polynomial(d, r, C::kP), r);
  return {n, q};
}

template <class D>
HWY_INLINE Vector<D> ExpOfSum(D d, Vector<D> x, Vector<D> low) {
  using C = ExpConstants<hn::TFromD<D>>;
  const auto e = ReduceExp(d, Clamp(d, C::kLow, C::kHigh, x), low);
  return Scale(d, hn::Add(e.q, hn::Set(d, hn::TFromD<D>(1))), e.n);
}

template <class D> HWY_INLINE Vector<D> Exp(D d, Vector<D> x) {
  return ExpOfSum(d, x, hn::Zero(d));
}

template <class D> HWY_INLINE Vector<D> Expm1(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using C = ExpConstants<T>;
  const auto e = ReduceExp(d, Clamp(d, C::kMinusOne, C::kHigh, x), hn::Zero(d));
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
  const auto z = hn::Mul(x, x);
  const auto small = hn::MulAdd(hn::Mul(x, z), Polynomial(d, z, C::kTanh), x);
  const auto e = Exp(d, hn::Add(a, a));
  const auto large = hn::Sub(one, hn::Div(hn::Set(d, T(2)), hn::Add(e, one)));
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, C::kTanhSmall)), small,
                        hn::CopySign(large, x));
}

// 1 / (1 + exp(-x)), by the smaller exponential. Generated code says the same.
template <class D> HWY_INLINE Vector<D> Logistic(D d, Vector<D> x) {
  const auto one = hn::Set(d, hn::TFromD<D>(1));
  const auto e = Exp(d, hn::Neg(hn::Abs(x)));
  const auto top = hn::IfThenElse(hn::Ge(x, hn::Zero(d)), one, e);
  return hn::Div(top, hn::Add(one, e));
}

} // namespace mg

#endif
