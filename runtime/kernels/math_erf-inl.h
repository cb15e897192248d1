// erf, in two pieces:
//
//   |x| < 1    erf(x) = x + x P(x^2)
//   otherwise  erf(x) = 1 - exp(-x^2) Q(|x| - 1), where Q need not be precise:
//              what is subtracted is at most 0.16 and soon nothing
//
// f32 where a vector is a table of 8 or 16 floats that one instruction looks
// up: as many pieces as lanes, half the instructions,
//
//   erf(x) = E_i + t Q_i(t), t = |x| - C_i, i = |x| / width rounded
//
// but for the first, |x| + |x| Q_0(|x|), which has 3 bits more. The last piece
// ends at its centre, where erf is 1.
#ifndef MG_KERNELS_MATH_ERF_INL_H
#define MG_KERNELS_MATH_ERF_INL_H
#include "runtime/kernels/math_exp-inl.h"

#include <iterator>
#include <type_traits>

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

#if HWY_TARGET <= HWY_AVX2
template <size_t kPieces> struct ErfPieces;
template <> struct ErfPieces<8> {
  // Error 2^-23.8.
  static constexpr float kWidth = 0.5625f;
  static constexpr float kCentre[] = {0,          0.5751343f, 1.1057739f,
                                      1.7034302f, 2.2840576f, 2.7976685f,
                                      3.4030151f, 3.9375f};
  static constexpr float kValue[] = {0,          0.58398986f, 0.88213557f,
                                     0.9840043f, 0.9987627f,  0.99992394f,
                                     0.9999985f, 1.0f};
  static constexpr float kQ[][8] = {
      {0.12837917f, 0.81058705f, 0.3322218f, 0.06198292f, 0.006120333f,
       0.00045007005f, 1.0548218e-05f, 6.488884e-06f},
      {-1.0192432e-06f, -0.4661964f, -0.36736026f, -0.10558285f, -0.01397887f,
       -0.0012589865f, -3.5908237e-05f, 0.0002559085f},
      {-0.37607315f, -0.09150026f, 0.16002317f, 0.09927228f, 0.019247562f,
       0.0021953138f, 7.7581244e-05f, 0.003858021f},
      {-0.0008852314f, 0.18169501f, 0.03388718f, -0.049391963f, -0.017340083f,
       -0.0026596882f, -0.00011884475f, 0.02621454f},
      {0.119261734f, -0.012933554f, -0.061695997f, 0.003032547f, 0.01000394f,
       0.002391719f, 0.0001512039f, 0.08222939f},
      {-0.021316612f, -0.045101166f, 0.01447393f, 0.011651923f, -0.002740306f,
       -0.0014087438f, -0.00015318091f, 0.096727476f}};
};
template <> struct ErfPieces<16> {
  // Error 2^-24.0.
  static constexpr float kWidth = 0.265625f;
  static constexpr float kCentre[] = {
      0,          0.2700348f, 0.5379944f, 0.8018036f, 1.0619812f, 1.3299408f,
      1.60672f,   1.851593f,  2.1226654f, 2.3753204f, 2.6463928f, 2.9083862f,
      3.1742706f, 3.457016f,  3.7353516f, 3.984375f};
  static constexpr float kValue[] = {
      0,           0.2974547f,  0.55324674f, 0.7431725f,
      0.86686885f, 0.94000363f, 0.9769283f,  0.9911695f,
      0.997317f,   0.99921834f, 0.99981785f, 0.99996096f,
      0.99999285f, 0.999999f,   0.9999999f,  1.0f};
  static constexpr float kQ[][16] = {
      {0.12837917f, 1.0490274f, 0.8447998f, 0.5932694f, 0.3653053f, 0.19244201f,
       0.0853694f, 0.036603395f, 0.012463807f, 0.004000372f, 0.0010254555f,
       0.00023926752f, 4.747859e-05f, 7.281506e-06f, 9.836193e-07f,
       6.2861745e-06f},
      {3.1279598e-07f, -0.28326833f, -0.45449132f, -0.47568282f, -0.38794872f,
       -0.25593948f, -0.13716659f, -0.06777525f, -0.026456187f, -0.009501863f,
       -0.0027134693f, -0.0006959817f, -0.00015067593f, -2.5345727e-05f,
       -7.658543e-06f, 0.00035983216f},
      {-0.3761434f, -0.29869404f, -0.1186269f, 0.05649654f, 0.1528903f,
       0.16277897f, 0.1184891f, 0.07145747f, 0.033285093f, 0.013718202f,
       0.0044478746f, 0.0012704241f, 0.000303486f, 5.5474928e-05f,
       2.4167225e-06f, 0.0074529587f},
      {0.00031182703f, 0.13371992f, 0.18224804f, 0.13541588f, 0.04838839f,
       -0.02237911f, -0.04910844f, -0.04344504f, -0.026553452f, -0.013186799f,
       -0.005030592f, -0.0016249883f, -0.00043888905f, -7.9798214e-05f,
       0.00023292331f, 0.06302196f},
      {0.11085418f, 0.07569952f, -0.0015130055f, -0.0592302f, -0.06592423f,
       -0.036964457f, -0.005184636f, 0.010878683f, 0.012437999f, 0.008071342f,
       0.0038337333f, 0.0014185143f, 0.00043495698f, 0.00011676436f,
       0.000792538f, 0.18676935f}};
};

template <class D> HWY_INLINE Vector<D> ErfByPieces(D d, Vector<D> x) {
  using P = ErfPieces<hn::MaxLanes(D())>;
  const auto end = hn::Set(d, P::kCentre[hn::MaxLanes(D()) - 1]);
  const auto a = hn::Min(end, hn::Abs(x)); // keeps NaN
  const auto piece = RoundProduct(d, a, 1 / P::kWidth).shifted;
  const auto t = hn::Sub(a, PickByLowBits(d, P::kCentre, piece));
  size_t i = std::size(P::kQ) - 1;
  auto q = PickByLowBits(d, P::kQ[i], piece);
  while (i > 0)
    q = hn::MulAdd(q, t, PickByLowBits(d, P::kQ[--i], piece));
  const auto later = hn::Ne(piece, hn::Set(d, FormatOf<D>::kMagic));
  const auto value =
      hn::IfThenElse(later, PickByLowBits(d, P::kValue, piece), t);
  return hn::CopySign(hn::MulAdd(q, t, value), x);
}
#endif

template <class D> HWY_INLINE Vector<D> Erf(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
#if HWY_TARGET <= HWY_AVX2
  if constexpr (std::is_same_v<T, float>)
    return ErfByPieces(d, x);
#endif
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
