// atan and atan2, in f64.
#ifndef MG_KERNELS_MATH_ATAN_INL_H
#define MG_KERNELS_MATH_ATAN_INL_H
#include "runtime/kernels/math_double-inl.h"

namespace mg {

// (atan(t) - t) / t^3 by t^2, |t| <= tan(pi / 8). Error of atan 2^-59.3.
constexpr double kAtan[] = {
    -0.33333333333333187,  0.19999999999950699,   -0.14285714279909861,
    0.11111110769211162,   -0.090908973486148723, 0.076920529301046564,
    -0.066630210248992183, 0.05847282983346936,   -0.050365609241599107,
    0.037994522518335273,  -0.017830134785453963};

// atan(y / x) for y, x >= 0, not both 0 and not both infinite, as a sum of
// multiples of pi / 4 and atan(t), |t| <= tan(pi / 8):
//   small  0     t = y / x
//   middle pi/4  t = (y - x) / (y + x)
//   large  pi/2  t = -x / y
template <class D>
HWY_INLINE Vector<D> AtanOfRatio(D d, Vector<D> y, Vector<D> x) {
  const auto small = hn::Le(y, hn::Mul(x, hn::Set(d, 0.41421356237309503)));
  const auto large = hn::Le(x, hn::Mul(y, hn::Set(d, 0.41421356237309503)));
  const auto top = hn::IfThenElse(
      small, y, hn::IfThenElse(large, hn::Neg(x), hn::Sub(y, x)));
  const auto bottom =
      hn::IfThenElse(small, x, hn::IfThenElse(large, y, hn::Add(y, x)));
  const auto base = hn::IfThenZeroElse(
      small, hn::IfThenElse(large, hn::Set(d, 0x1.921fb54442d18p+0),
                            hn::Set(d, 0x1.921fb54442d18p-1)));
  const auto base_low = hn::IfThenZeroElse(
      small, hn::IfThenElse(large, hn::Set(d, 0x1.1a62633145c07p-54),
                            hn::Set(d, 0x1.1a62633145c07p-55)));
  const auto t = hn::Div(top, bottom);
  const auto z = hn::Mul(t, t);
  const auto rest =
      hn::MulAdd(hn::Mul(t, z), Polynomial(d, z, kAtan), base_low);
  // |base| > |t|, so the end that this sum loses is t - (sum - base).
  const auto sum = hn::Add(base, t);
  const auto lost = hn::Sub(t, hn::Sub(sum, base));
  return hn::Add(sum, hn::Add(lost, rest));
}

template <class D> HWY_INLINE Vector<D> Atan(D d, Vector<D> x) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return InDouble(d, [](auto wide, auto v) { return Atan(wide, v); }, x);
  } else {
    const auto y = AtanOfRatio(d, hn::Abs(x), hn::Set(d, 1.0));
    return hn::CopySign(y, x);
  }
}

template <class D> HWY_INLINE Vector<D> Atan2(D d, Vector<D> y, Vector<D> x) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return InDouble(
        d, [](auto wide, auto u, auto v) { return Atan2(wide, u, v); }, y, x);
  } else {
    const auto one = hn::Set(d, 1.0);
    auto up = hn::Abs(y), across = hn::Abs(x);
    // Twice infinity counts as 1 / 1, twice zero as 0 / 1. The sum of two large
    // numbers must not overflow, nor the products of tiny ones lose bits.
    const auto infinity = hn::Set(d, FormatOf<D>::kInfinity);
    const auto infinite =
        hn::And(hn::Eq(up, infinity), hn::Eq(across, infinity));
    const auto zero = hn::Zero(d);
    const auto none = hn::And(hn::Eq(up, zero), hn::Eq(across, zero));
    up = hn::IfThenElse(infinite, one, up);
    across = hn::IfThenElse(hn::Or(infinite, none), one, across);
    const auto most = hn::Max(up, across);
    const auto large = hn::Gt(most, hn::Set(d, 0x1p1000));
    const auto tiny = hn::Lt(most, hn::Set(d, 0x1p-900));
    const auto scale =
        hn::IfThenElse(large, hn::Set(d, 0.25),
                       hn::IfThenElse(tiny, hn::Set(d, 0x1p200), one));
    const auto a = AtanOfRatio(d, hn::Mul(up, scale), hn::Mul(across, scale));
    const auto back = hn::Add(hn::Sub(hn::Set(d, 0x1.921fb54442d18p+1), a),
                              hn::Set(d, 0x1.1a62633145c07p-53));
    const auto left = hn::Lt(hn::CopySign(one, x), zero);
    return hn::CopySign(hn::IfThenElse(left, back, a), y);
  }
}

} // namespace mg

#endif
