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
      0.12837916612625122070f,   -0.37612625956535339355f,
      0.11283583194017410278f,   -2.6853691786527633667e-2f,
      5.1880744285881519318e-3f, -8.0078892642632126808e-4f,
      7.8461729572154581547e-5f};
  // Error of erf 2^-27.7.
  static constexpr float kQ[] = {
      0.42758357524871826172f,   -0.27321106195449829102f,
      0.15435054898262023926f,   -7.9053342342376708984e-2f,
      3.6874983459711074829e-2f, -1.5110159292817115784e-2f,
      4.9112900160253047943e-3f, -1.0570585727691650391e-3f,
      1.0684364679036661983e-4f};
};
template <> struct ErfConstants<double> {
  static constexpr double kOne = 6;
  // Error of erf 2^-56.3.
  static constexpr double kP[] = {
      0.12837916709551258632,    -0.37612638903183898131,
      0.11283791670960245657,    -2.6866170645973075107e-2,
      5.2239776332638332260e-3,  -8.5483274776008380970e-4,
      1.2055350454289717656e-4,  -1.4926110753856773462e-5,
      1.6470548540075949212e-6,  -1.6473127140113887003e-7,
      1.5735764182246566981e-8,  -1.7497020244022376105e-9,
      2.6372264227303418195e-10, -3.0247738478443946733e-11};
  // Error of erf 2^-55.7.
  static constexpr double kQ[] = {
      0.42758357615580699918,    -0.27321201478388706940,
      0.15437156137110366005,    -7.9226968919362331101e-2,
      3.7572295903070880574e-2,  -1.6661866415767505748e-2,
      6.9701273047867080086e-3,  -2.7690055971618140855e-3,
      1.0501007625203602133e-3,  -3.8159539082031570687e-4,
      1.3307867039160999771e-4,  -4.4405337915723721825e-5,
      1.4018155136092867619e-5,  -4.0931984990226934947e-6,
      1.0686332298462858283e-6,  -2.3910726753796487945e-7,
      4.3675371213178957374e-8,  -6.1509998119951494410e-9,
      6.1896961623222823700e-10, -3.9265553632557682796e-11,
      1.1725394213576834850e-12};
};

template <class D> HWY_INLINE Vector<D> Erf(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using C = ErfConstants<T>;
  const auto one = hn::Set(d, T(1));
  const auto small = hn::MulAdd(x, Polynomial(d, hn::Mul(x, x), C::kP), x);
  const auto a = hn::Min(hn::Set(d, C::kOne), hn::Abs(x)); // keeps NaN
  const auto e = Exp(d, hn::Neg(hn::Mul(a, a)));
  const auto q = Polynomial(d, hn::Sub(a, one), C::kQ);
  const auto large = hn::NegMulAdd(e, q, one);
  return hn::IfThenElse(hn::Lt(a, one), small, hn::CopySign(large, x));
}

} // namespace mg

#endif
