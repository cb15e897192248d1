// What the math functions share. Every function is a template of the vector
// type, for f32 and f64: both follow the same steps with other constants.
//
// MulAdd is one rounding or two, as the CPU level has it. So sums that must be
// exact are built from products that are exact without FMA: the high parts of
// split constants end in enough zeros.
#ifndef MG_KERNELS_MATH_BASE_INL_H
#define MG_KERNELS_MATH_BASE_INL_H
#include "hwy/highway.h"

#include <cstddef>
#include <cstdint>

namespace mg {

namespace hn = hwy::HWY_NAMESPACE;

template <class D> using Vector = hn::Vec<D>;

// The format of a floating-point type.
template <class T> struct Format;
template <> struct Format<float> {
  static constexpr int kFractionBits = 23, kBias = 127;
  static constexpr float kMagic = 0x1.8p23f; // x + kMagic has x's low bits
  static constexpr float kSmallestNormal = 0x1p-126f;
  static constexpr float kInfinity = __builtin_inff();
  static constexpr float kNaN = __builtin_nanf("");
};
template <> struct Format<double> {
  static constexpr int kFractionBits = 52, kBias = 1023;
  static constexpr double kMagic = 0x1.8p52;
  static constexpr double kSmallestNormal = 0x1p-1022;
  static constexpr double kInfinity = __builtin_inf();
  static constexpr double kNaN = __builtin_nan("");
};
template <class D> using FormatOf = Format<hn::TFromD<D>>;

// c[0] + c[1] x + c[2] x^2 + ..., by Horner's rule.
template <size_t kFirst = 0, class D, class T, size_t kCount>
HWY_INLINE Vector<D> Polynomial(D d, Vector<D> x, const T (&c)[kCount]) {
  if constexpr (kFirst + 1 == kCount)
    return hn::Set(d, c[kFirst]);
  else
    return hn::MulAdd(Polynomial<kFirst + 1>(d, x, c), x,
                      hn::Set(d, c[kFirst]));
}

// x rounded to a whole number n, where |n| < 2^21. One instruction less than a
// product and a rounding; a tie may go either way.
template <class V> struct Whole {
  V shifted, n;
};
template <class D>
HWY_INLINE Whole<Vector<D>> RoundProduct(D d, Vector<D> x, hn::TFromD<D> factor,
                                         hn::TFromD<D> bias = 0) {
  const auto magic = hn::Set(d, FormatOf<D>::kMagic + bias);
  const auto shifted = hn::MulAdd(x, hn::Set(d, factor), magic);
  return {shifted, hn::Sub(shifted, magic)};
}

// 2^n for a whole n inside the range of normal numbers.
template <class D> HWY_INLINE Vector<D> PowerOfTwo(D d, Vector<D> n) {
  using F = FormatOf<D>;
  const hn::RebindToUnsigned<D> du;
  const auto biased = hn::Add(n, hn::Set(d, F::kMagic + F::kBias));
  return hn::BitCast(d,
                     hn::ShiftLeft<F::kFractionBits>(hn::BitCast(du, biased)));
}

#if HWY_TARGET <= HWY_AVX3
HWY_INLINE __m512 ScaleRaw(__m512 x, __m512 n) {
  return _mm512_scalef_ps(x, n);
}
HWY_INLINE __m512d ScaleRaw(__m512d x, __m512d n) {
  return _mm512_scalef_pd(x, n);
}
HWY_INLINE __m256 ScaleRaw(__m256 x, __m256 n) {
  return _mm256_scalef_ps(x, n);
}
HWY_INLINE __m256d ScaleRaw(__m256d x, __m256d n) {
  return _mm256_scalef_pd(x, n);
}
HWY_INLINE __m128 ScaleRaw(__m128 x, __m128 n) { return _mm_scalef_ps(x, n); }
HWY_INLINE __m128d ScaleRaw(__m128d x, __m128d n) {
  return _mm_scalef_pd(x, n);
}
#endif

#if HWY_TARGET <= HWY_AVX2
// table[i] of each lane's low bits i, where the table has a vector's lanes.
#if HWY_TARGET <= HWY_AVX3
HWY_INLINE __m512 PickRaw(__m512 table, __m512 index) {
  return _mm512_permutexvar_ps(_mm512_castps_si512(index), table);
}
#else
HWY_INLINE __m256 PickRaw(__m256 table, __m256 index) {
  return _mm256_permutevar8x32_ps(table, _mm256_castps_si256(index));
}
#endif
template <class D, size_t kLanes>
HWY_INLINE Vector<D> PickByLowBits(D d, const float (&table)[kLanes],
                                   Vector<D> index) {
  static_assert(kLanes == hn::MaxLanes(D()));
  Vector<D> y;
  y.raw = PickRaw(hn::LoadU(d, table).raw, index.raw);
  return y;
}
#endif

// x * 2^n, rounded once, for a whole n. |n| < 3/2 the bias, x about 1 where
// the result may be denormal: then the first of two products is exact.
template <class D> HWY_INLINE Vector<D> Scale(D d, Vector<D> x, Vector<D> n) {
#if HWY_TARGET <= HWY_AVX3
  Vector<D> y;
  y.raw = ScaleRaw(x.raw, n.raw);
  return y;
#else
  // Two factors, since 2^n alone leaves the normal numbers at both ends: of
  // the low bits of n + 2 bias, half and the rest are their exponent fields.
  using F = FormatOf<D>;
  const hn::RebindToUnsigned<D> du;
  const auto both =
      hn::BitCast(du, hn::Add(n, hn::Set(d, F::kMagic + 2 * F::kBias)));
  const auto half = hn::ShiftRight<1>(both);
  const auto power = [d](auto field) {
    return hn::BitCast(d, hn::ShiftLeft<F::kFractionBits>(field));
  };
  return hn::Mul(hn::Mul(x, power(half)), power(hn::Sub(both, half)));
#endif
}

// x between low and high; NaN stays, because Min and Max of x86 answer with
// their second operand then.
template <class D>
HWY_INLINE Vector<D> Clamp(D d, hn::TFromD<D> low, hn::TFromD<D> high,
                           Vector<D> x) {
  return hn::Min(hn::Set(d, high), hn::Max(hn::Set(d, low), x));
}

// function(d64, x) of an f32 vector, computed in f64 and rounded once more.
template <class D, class Function, class... Vs>
HWY_INLINE Vector<D> InDouble(D d, Function function, Vs... xs) {
  const hn::Half<D> half;
  const hn::Rebind<double, decltype(half)> wide;
  const auto low =
      function(wide, hn::PromoteTo(wide, hn::LowerHalf(half, xs))...);
  const auto high =
      function(wide, hn::PromoteTo(wide, hn::UpperHalf(half, xs))...);
  return hn::Combine(d, hn::DemoteTo(half, high), hn::DemoteTo(half, low));
}

} // namespace mg

#endif
