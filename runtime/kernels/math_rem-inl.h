// rem: C's fmod, which is exact. Long division of the significands, a bit a
// step, until the lane with the largest difference of exponents is done.
#ifndef MG_KERNELS_MATH_REM_INL_H
#define MG_KERNELS_MATH_REM_INL_H
#include "runtime/kernels/math_base-inl.h"

namespace mg {

// x = significand * 2^(exponent - fraction bits), x > 0 finite, the significand
// with its top bit set. Both are integers in lanes as wide as x.
template <class D> struct Parts {
  hn::Vec<hn::RebindToSigned<D>> significand, exponent;
};

template <class D> HWY_INLINE Parts<D> TakeApart(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using F = FormatOf<D>;
  using I = hwy::MakeSigned<T>;
  const hn::RebindToSigned<D> di;
  const auto tiny = hn::Lt(x, hn::Set(d, F::kSmallestNormal));
  constexpr int kUp = F::kFractionBits + 1;
  const auto bits = hn::BitCast(
      di,
      hn::IfThenElse(tiny, hn::Mul(x, hn::Set(d, T(uint64_t{1} << kUp))), x));
  constexpr I kTop = I{1} << F::kFractionBits;
  const auto significand =
      hn::Or(hn::And(bits, hn::Set(di, kTop - 1)), hn::Set(di, kTop));
  const auto lift =
      hn::IfThenElseZero(hn::RebindMask(di, tiny), hn::Set(di, I{kUp}));
  const auto exponent = hn::Sub(hn::ShiftRight<F::kFractionBits>(bits),
                                hn::Add(lift, hn::Set(di, I{F::kBias})));
  return {significand, exponent};
}

// An integer below 2^(fraction bits + 1) as a float: in two halves, by magic.
template <class D>
HWY_INLINE Vector<D> ToFloat(D d, hn::Vec<hn::RebindToSigned<D>> n) {
  using F = FormatOf<D>;
  using I = hwy::MakeSigned<hn::TFromD<D>>;
  const hn::RebindToSigned<D> di;
  constexpr int kHalf = F::kFractionBits / 2;
  const auto magic = hn::Set(d, F::kMagic);
  const auto convert = [=](auto small) {
    return hn::Sub(hn::BitCast(d, hn::Add(small, hn::BitCast(di, magic))),
                   magic);
  };
  const auto low = convert(hn::And(n, hn::Set(di, (I{1} << kHalf) - 1)));
  const auto high = convert(hn::ShiftRight<kHalf>(n));
  return hn::MulAdd(high, hn::Set(d, hn::TFromD<D>(I{1} << kHalf)), low);
}

template <class D> HWY_INLINE Vector<D> Rem(D d, Vector<D> x, Vector<D> y) {
  using T = hn::TFromD<D>;
  using F = FormatOf<D>;
  using I = hwy::MakeSigned<T>;
  const hn::RebindToSigned<D> di;
  const auto zero = hn::Zero(di), one = hn::Set(di, I{1});
  const auto infinity = hn::Set(d, F::kInfinity);
  const auto a = hn::Abs(x), b = hn::Abs(y);
  const auto defined =
      hn::And(hn::Lt(a, infinity), hn::Gt(b, hn::Zero(d))); // NaN: neither
  const auto divides =
      hn::And(hn::And(defined, hn::Lt(b, infinity)), hn::Ge(a, b));

  const auto dividend = TakeApart(d, a), divisor = TakeApart(d, b);
  const auto subtract = [=](auto rest) {
    const auto less = hn::Lt(rest, divisor.significand);
    return hn::Sub(rest, hn::IfThenZeroElse(less, divisor.significand));
  };
  auto steps = hn::IfThenElseZero(hn::RebindMask(di, divides),
                                  hn::Sub(dividend.exponent, divisor.exponent));
  auto rest = dividend.significand;
  for (auto more = hn::Gt(steps, zero); !hn::AllFalse(di, more);
       more = hn::Gt(steps, zero)) {
    rest = hn::IfThenElse(more, hn::ShiftLeft<1>(subtract(rest)), rest);
    steps = hn::Sub(steps, one);
  }
  rest = subtract(rest);

  // rest * 2^(exponent - fraction bits), which may be denormal but is a float:
  // by two powers of two, because one may leave the range of normal numbers.
  constexpr int kDown = F::kFractionBits;
  const auto exponent =
      ToFloat(d, hn::Add(divisor.exponent, hn::Set(di, I{2 * F::kBias})));
  const auto n = hn::Sub(exponent, hn::Set(d, T(2 * F::kBias + kDown)));
  const auto up = hn::Max(n, hn::Set(d, T(-F::kBias + 1)));
  const auto scaled = hn::Mul(hn::Mul(ToFloat(d, rest), PowerOfTwo(d, up)),
                              PowerOfTwo(d, hn::Sub(n, up)));

  const auto result = hn::IfThenElse(divides, hn::CopySign(scaled, x), x);
  return hn::IfThenElse(defined, result, hn::Set(d, F::kNaN));
}

} // namespace mg

#endif
