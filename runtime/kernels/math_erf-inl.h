// erf, in two pieces:
//
//   |x| < 1    erf(x) = x + x P(x^2)
//   otherwise  erf(x) = 1 - exp(-x^2) Q(|x| - 1), where Q need not be precise:
//              what is subtracted is at most 0.16 and soon nothing
#ifndef MG_KERNELS_MATH_ERF_INL_H
#define MG_KERNELS_MATH_ERF_INL_H
#include "runtime/kernels/math_exp-inl.h"

namespace mg {

template <class T> struct ErfConstants;
template <> struct ErfConstants<float> {
  static constexpr float kOne = 4; // where erf is 1
  // Error of erf 2^-29.3.
  static constexpr float kP[] = {
      0.128379166f,   -0.37612626f,     0.112835832f,   -0.0268536918f,
      0.00518807443f, -0.000800788926f, 7.84617296e-05f};
  // Error of erf 2^-27.7.
  static constexpr float kQ[] = {
      0.427583575f,   -0.273211062f,   0.154350549f,
      -0.0790533423f, 0.0368749835f,   -0.0151101593f,
      0.00491129002f, -0.00105705857f, 0.000106843647f};
};
template <> struct ErfConstants<double> {
  static constexpr double kOne = 6;
  // Error of erf 2^-56.3.
  static constexpr double kP[] = {
      0.12837916709551259,     -0.37612638903183898,    0.11283791670960246,
      -0.026866170645973051,   0.0052239776332632338,   -0.00085483274776008381,
      0.00012055350454289718,  -1.4926110753856773e-05, 1.6470548540075949e-06,
      -1.6473127140114387e-07, 1.5735764182246567e-08,  -1.7497020244022376e-09,
      2.6372264227303418e-10,  -3.0247738478443947e-11};
  // Error of erf 2^-55.7.
  static constexpr double kQ[] = {
      0.427583576155807,       -0.27321201478388707,    0.15437156137110367,
      -0.079226968919362331,   0.037572295903070881,    -0.016661866415875057,
      0.0069701273047867007,   -0.0027690055971618141,  0.0010501007625203602,
      -0.00038159539082031571, 0.00013307867039161,     -4.4405337915723722e-05,
      1.4018155136092868e-05,  -4.0931984990226935e-06, 1.0686332298462858e-06,
      -2.3910726753796488e-07, 4.3675371213178957e-08,  -6.1509998119951494e-09,
      6.1896961623222824e-10,  -3.9265553632557683e-11, 1.1725394213576835e-12};
};

template <class D> HWY_INLINE Vector<D> Erf(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using C = ErfConstants<T>;
  const auto one = hn::Set(d, T(1));
  const auto small = hn::MulAdd(x, Polynomial(d, hn::Mul(x, x), C::kP), x);
  const auto a = hn::Min(hn::Set(d, C::kOne), hn::Abs(x)); // keeps NaN
  const auto e = ExpInRange(d, hn::Neg(hn::Mul(a, a)));
  const auto q = Polynomial(d, hn::Sub(a, one), C::kQ);
  const auto large = hn::NegMulAdd(e, q, one);
  return hn::IfThenElse(hn::Lt(a, one), small, hn::CopySign(large, x));
}

} // namespace mg

#endif
