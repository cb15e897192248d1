// sin, cos, tan of every float: x = n pi/2 + r, |r| <= pi/4.
//
// The reduction is one for f32 and f64, in f64. For |x| < 2^19 it subtracts
// n pi/2 in three parts, the products with the first two being exact. Beyond,
// it multiplies x by the bits of 2/pi that matter (Payne and Hanek), in a
// branch that is taken where any lane needs it and decides each lane by itself.
#ifndef MG_KERNELS_MATH_TRIG_INL_H
#define MG_KERNELS_MATH_TRIG_INL_H
#include "runtime/kernels/math_double-inl.h"

namespace mg {

// The number of the quarter turn, in the low bits, and the rest r = high + low.
template <class D> struct Quarter {
  hn::Vec<hn::RebindToUnsigned<D>> number;
  Vector<D> high, low;
};

// The low bits of a whole number of at most 51 bits.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> LowBits(D d, Vector<D> n) {
  const hn::RebindToUnsigned<D> du;
  return hn::BitCast(du, hn::Add(n, hn::Set(d, FormatOf<D>::kMagic)));
}

// Bits 26 j .. 26 j + 25 of 2/pi after the point.
constexpr double kTwoOverPi[] = {
    42722829, 48555073, 21659401, 56087029, 13858563, 28715353, 38736100,
    4324945,  26128250, 62674459, 29957006, 37899730, 58726692, 49193117,
    6588223,  35515164, 46442140, 65964067, 24988590, 54822121, 41009306,
    54917092, 5137525,  37323603, 15192690, 4585659,  58608142, 52426903,
    67074070, 25231090, 63202006, 34237727, 28629499, 15891632, 40752081,
    37709470, 25143477, 55737260, 33225084, 24853767, 15195689, 19476134,
    50255852, 18845021, 2185228};

// x mod 4, between -2 and 2.
template <class D> HWY_INLINE Vector<D> ModFour(D d, Vector<D> x) {
  const auto turns = hn::Round(hn::Mul(x, hn::Set(d, 0.25)));
  return hn::Sub(x, hn::Mul(turns, hn::Set(d, 4.0)));
}

// For 2^19 <= |x| < infinity; the other lanes are anything. x is split into 26
// and 27 bits, so that its products with 26 bits of 2/pi are exact. The parts
// of 2/pi before `first` give multiples of 4, those after 8 more nothing to r.
template <class D> HWY_INLINE Quarter<D> ReduceHuge(D d, Vector<D> x) {
  const hn::RebindToUnsigned<D> du;
  const hn::RebindToSigned<D> di;
  const auto zero = hn::Zero(d);
  const auto field =
      hn::And(hn::ShiftRight<52>(hn::BitCast(du, x)), hn::Set(du, 0x7ff));
  const auto exponent =
      hn::Sub(hn::BitCast(d, hn::Or(field, LowBits(d, zero))),
              hn::Set(d, FormatOf<D>::kMagic + FormatOf<D>::kBias));
  const auto first = hn::Min(
      hn::Set(d, 37.0),
      hn::Max(zero, hn::Floor(hn::Mul(hn::Sub(exponent, hn::Set(d, 53.5)),
                                      hn::Set(d, 1.0 / 26)))));
  auto index = hn::BitCast(di, hn::And(LowBits(d, first), hn::Set(du, 63)));

  const auto scaled =
      hn::Mul(x, PowerOfTwo(d, hn::Mul(first, hn::Set(d, -26.0))));
  const auto high = hn::BitCast(
      d, hn::And(hn::BitCast(du, scaled), hn::Set(du, ~uint64_t{0x7ffffff})));
  const auto low = hn::Sub(scaled, high);

  Pair<Vector<D>> sum = {zero, zero};
  auto weight = hn::Set(d, 0x1p-26);
  for (int i = 0; i < 8; ++i) {
    const auto part = hn::Mul(hn::GatherIndex(d, kTwoOverPi, index), weight);
    for (const auto &factor : {high, low}) {
      const auto s = TwoSum(sum.high, ModFour(d, hn::Mul(factor, part)));
      sum = TwoSum(s.high, hn::Add(sum.low, s.low));
    }
    index = hn::Add(index, hn::Set(di, 1));
    weight = hn::Mul(weight, hn::Set(d, 0x1p-26));
  }
  const auto n = hn::Round(sum.high);
  const auto turn = TwoSum(hn::Sub(sum.high, n), sum.low);
  const auto r = Multiply(
      d, turn, SetPair(d, 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54));
  return {LowBits(d, n), r.high, r.low};
}

template <class D> HWY_INLINE Quarter<D> ReduceInDouble(D d, Vector<D> x) {
  const auto n = hn::Round(hn::Mul(x, hn::Set(d, 0x1.45f306dc9c883p-1)));
  const auto first = hn::NegMulAdd(n, hn::Set(d, 0x1.921fb544p+0), x);
  const auto second = TwoSum(first, hn::Mul(n, hn::Set(d, -0x1.0b4611a6p-34)));
  const auto third =
      TwoSum(second.high, hn::Mul(n, hn::Set(d, -0x1.3198a2e037073p-69)));
  const auto low = hn::Add(second.low, third.low);
  const auto is_small = hn::Eq(n, hn::Zero(d)); // keeps -0
  Quarter<D> result = {LowBits(d, n), hn::IfThenElse(is_small, x, third.high),
                       low};

  const auto a = hn::Abs(x);
  const auto huge = hn::And(hn::Ge(a, hn::Set(d, 0x1p19)),
                            hn::Lt(a, hn::Set(d, FormatOf<D>::kInfinity)));
  if (HWY_UNLIKELY(!hn::AllFalse(d, huge))) {
    const auto other = ReduceHuge(d, x);
    const hn::RebindToUnsigned<D> du;
    const auto huge_u = hn::RebindMask(du, huge);
    result.number = hn::IfThenElse(huge_u, other.number, result.number);
    result.high = hn::IfThenElse(huge, other.high, result.high);
    result.low = hn::IfThenElse(huge, other.low, result.low);
  }
  return result;
}

template <class D> HWY_INLINE Quarter<D> ReduceQuarter(D d, Vector<D> x) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    return ReduceInDouble(d, x);
  } else {
    const hn::RebindToUnsigned<D> du;
    const hn::Half<D> half;
    const hn::Rebind<double, decltype(half)> wide;
    const auto a =
        ReduceInDouble(wide, hn::PromoteTo(wide, hn::LowerHalf(half, x)));
    const auto b =
        ReduceInDouble(wide, hn::PromoteTo(wide, hn::UpperHalf(half, x)));
    const auto a_high = hn::DemoteTo(half, a.high);
    const auto b_high = hn::DemoteTo(half, b.high);
    const auto lost = [=](auto r, auto high) {
      return hn::DemoteTo(half, hn::Sub(r, hn::PromoteTo(wide, high)));
    };
    return {hn::ConcatEven(du, hn::BitCast(du, b.number),
                           hn::BitCast(du, a.number)),
            hn::Combine(d, b_high, a_high),
            hn::Combine(d, lost(b.high, b_high), lost(a.high, a_high))};
  }
}

template <class T> struct TrigConstants;
template <> struct TrigConstants<float> {
  // (sin(r) - r) / r^3 and (cos(r) - 1 + r^2 / 2) / r^4. Errors 2^-32, 2^-33.
  static constexpr float kSin[] = {-0.166666672f, 0.00833337195f,
                                   -0.00019849911f, 2.80054496e-06f};
  static constexpr float kCos[] = {0.0416666456f, -0.00138873106f,
                                   2.44325638e-05f};
};
template <> struct TrigConstants<double> {
  // Errors 2^-57.9, 2^-63.9.
  static constexpr double kSin[] = {
      -0.1666666666666663,    0.0083333333333219205,   -0.00019841269829460562,
      2.7557313583111128e-06, -2.5050742467399591e-08, 1.5895952752398004e-10};
  static constexpr double kCos[] = {
      0.041666666666666595,    -0.0013888888888873346, 2.4801587289005627e-05,
      -2.7557314218073983e-07, 2.0875705523765137e-09, -1.1358754840328495e-11};
};

template <class D> HWY_INLINE Vector<D> SinOfRest(D d, const Quarter<D> &q) {
  using C = TrigConstants<hn::TFromD<D>>;
  const auto z = hn::Mul(q.high, q.high);
  const auto small =
      hn::MulAdd(hn::Mul(q.high, z), Polynomial(d, z, C::kSin), q.low);
  // -0 + 0 would be 0.
  return hn::IfThenElse(hn::Eq(q.high, hn::Zero(d)), q.high,
                        hn::Add(q.high, small));
}

template <class D> HWY_INLINE Vector<D> CosOfRest(D d, const Quarter<D> &q) {
  using T = hn::TFromD<D>;
  using C = TrigConstants<T>;
  const auto z = hn::Mul(q.high, q.high);
  const auto half = hn::Mul(z, hn::Set(d, T(0.5)));
  const auto near = hn::Sub(hn::Set(d, T(1)), half);
  const auto lost = hn::Sub(hn::Sub(hn::Set(d, T(1)), near), half);
  const auto small = hn::MulAdd(hn::Mul(z, z), Polynomial(d, z, C::kCos),
                                hn::NegMulAdd(q.high, q.low, lost));
  return hn::Add(near, small);
}

// Bit 0 of the number: cos stands for sin. Bit 1: the sign.
template <class D> HWY_INLINE Vector<D> SinOfQuarter(D d, const Quarter<D> &q) {
  using T = hn::TFromD<D>;
  const hn::RebindToUnsigned<D> du;
  constexpr int kTop = 8 * sizeof(T) - 2;
  const auto odd = hn::MaskFromVec(
      hn::BitCast(d, hn::Sub(hn::Zero(du), hn::And(q.number, hn::Set(du, 1)))));
  const auto sign =
      hn::BitCast(d, hn::ShiftLeft<kTop>(hn::And(q.number, hn::Set(du, 2))));
  return hn::Xor(hn::IfThenElse(odd, CosOfRest(d, q), SinOfRest(d, q)), sign);
}

template <class D> HWY_INLINE Vector<D> Sin(D d, Vector<D> x) {
  return SinOfQuarter(d, ReduceQuarter(d, x));
}

template <class D> HWY_INLINE Vector<D> Cos(D d, Vector<D> x) {
  auto q = ReduceQuarter(d, x);
  q.number = hn::Add(q.number, hn::Set(hn::RebindToUnsigned<D>(), 1));
  return SinOfQuarter(d, q);
}

// sin / cos, or -cos / sin. In f32 three roundings would be too many.
template <class D> HWY_INLINE Vector<D> Tan(D d, Vector<D> x) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return InDouble(d, [](auto wide, auto v) { return Tan(wide, v); }, x);
  } else {
    const hn::RebindToUnsigned<D> du;
    const auto q = ReduceQuarter(d, x);
    const auto s = SinOfRest(d, q), c = CosOfRest(d, q);
    const auto odd = hn::MaskFromVec(hn::BitCast(
        d, hn::Sub(hn::Zero(du), hn::And(q.number, hn::Set(du, 1)))));
    return hn::Div(hn::IfThenElse(odd, hn::Neg(c), s),
                   hn::IfThenElse(odd, s, c));
  }
}

} // namespace mg

#endif
