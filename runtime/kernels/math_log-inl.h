// log and log1p.
//
//   x = 2^k (1 + f), kLeast <= 1 + f < 2 kLeast;  log(x) = k ln 2 + log(1 + f)
//
// log(1 + f) = f - f^2/2 + rest, where f is exact and the rest is small.
#ifndef MG_KERNELS_MATH_LOG_INL_H
#define MG_KERNELS_MATH_LOG_INL_H
#include "runtime/kernels/math_base-inl.h"

namespace mg {

template <class T> struct LogConstants;
template <> struct LogConstants<float> {
  static constexpr float kLn2High = 0x1.62e4p-1f, kLn2Low = 0x1.7f7d1cp-20f;
  static constexpr float kLeast = 0.75f;
  // (log(1 + f) - f + f^2 / 2) / f^3. Error of the logarithm 2^-29.8.
  static constexpr float kP[] = {0.333334982f,  -0.250000238f, 0.199886575f,
                                 -0.166477099f, 0.145088345f,  -0.131849214f,
                                 0.103413172f,  -0.0434659608f};
};
template <> struct LogConstants<double> {
  static constexpr double kLn2High = 0x1.62e42fee00000p-1,
                          kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kLeast = 0x1.6a09e667f3bcdp-1; // sqrt(1/2)
  // (log((1 + s) / (1 - s)) - 2 s) / s^3 by s^2. Error 2^-59.5.
  static constexpr double kP[] = {0.66666666666667351, 0.39999999999409158,
                                  0.28571428743773331, 0.22222198415701683,
                                  0.18183573263786423, 0.15313803526594305,
                                  0.14798597124698085};
};

// log(1 + f) - f + f^2 / 2, and more. In f64 a polynomial of f would be too
// long: with s = f / (2 + f) it is s (f^2 / 2 + s^2 P(s^2)).
template <class D>
HWY_INLINE Vector<D> LogRest(D d, Vector<D> f, Vector<D> square,
                             Vector<D> more) {
  using T = hn::TFromD<D>;
  using C = LogConstants<T>;
  if constexpr (sizeof(T) == 4) {
    return hn::MulAdd(hn::Mul(square, f), Polynomial(d, f, C::kP), more);
  } else {
    const auto s = hn::Div(f, hn::Add(f, hn::Set(d, T(2))));
    const auto z = hn::Mul(s, s);
    const auto half = hn::Mul(square, hn::Set(d, T(0.5)));
    return hn::MulAdd(s, hn::MulAdd(z, Polynomial(d, z, C::kP), half), more);
  }
}

// x = 2^k (1 + f) for x > 0; anything for the others.
template <class V> struct ReducedLog {
  V k, f;
};

#if HWY_TARGET <= HWY_AVX3
// The CPU's own way, where kLeast is one of its choices. k is infinite for zero
// and infinity, f NaN for what is negative.
HWY_INLINE ReducedLog<__m512> ReduceLogRaw(__m512 x) {
  const __m512 m =
      _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
  return {_mm512_sub_ps(_mm512_getexp_ps(x), _mm512_getexp_ps(m)),
          _mm512_sub_ps(m, _mm512_set1_ps(1))};
}
HWY_INLINE ReducedLog<__m256> ReduceLogRaw(__m256 x) {
  const __m256 m =
      _mm256_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
  return {_mm256_sub_ps(_mm256_getexp_ps(x), _mm256_getexp_ps(m)),
          _mm256_sub_ps(m, _mm256_set1_ps(1))};
}
HWY_INLINE ReducedLog<__m128> ReduceLogRaw(__m128 x) {
  const __m128 m = _mm_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
  return {_mm_sub_ps(_mm_getexp_ps(x), _mm_getexp_ps(m)),
          _mm_sub_ps(m, _mm_set1_ps(1))};
}
#endif

template <class D>
HWY_INLINE ReducedLog<Vector<D>> ReduceLog(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  using F = FormatOf<D>;
#if HWY_TARGET <= HWY_AVX3
  if constexpr (sizeof(T) == 4) {
    const auto raw = ReduceLogRaw(x.raw);
    ReducedLog<Vector<D>> r;
    r.k.raw = raw.k;
    r.f.raw = raw.f;
    return r;
  }
#endif
  const hn::RebindToSigned<D> di;
  // A denormal is made normal first.
  constexpr int kUp = F::kFractionBits + 2;
  const auto tiny = hn::Lt(x, hn::Set(d, F::kSmallestNormal));
  const auto normal =
      hn::IfThenElse(tiny, hn::Mul(x, hn::Set(d, T(uint64_t{1} << kUp))), x);
  // The exponent field of x / kLeast, so to speak.
  const auto least = hn::BitCast(di, hn::Set(d, LogConstants<T>::kLeast));
  const auto bits = hn::BitCast(di, normal);
  const auto above = hn::Sub(bits, least);
  const auto field = hn::ShiftRight<F::kFractionBits>(above);
  const auto m =
      hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<F::kFractionBits>(field)));
  // The field is a small integer: by the magic sum, since f64 has no cheap
  // conversion before AVX-512.
  const auto magic = hn::Set(d, F::kMagic);
  auto k =
      hn::Sub(hn::BitCast(d, hn::Add(field, hn::BitCast(di, magic))), magic);
  k = hn::Sub(k, hn::IfThenElseZero(tiny, hn::Set(d, T(kUp))));
  return {k, hn::Sub(m, hn::Set(d, T(1)))};
}

// log(2^k (1 + f)) + low...
template <class D, class... Low>
HWY_INLINE Vector<D> LogOfReduced(D d, ReducedLog<Vector<D>> r, Low... low) {
  using T = hn::TFromD<D>;
  using C = LogConstants<T>;
  auto small = hn::Mul(r.k, hn::Set(d, C::kLn2Low));
  ((small = hn::Add(small, low)), ...);
  const auto square = hn::Mul(r.f, r.f);
  small = LogRest(d, r.f, square, small);
  small = hn::NegMulAdd(square, hn::Set(d, T(0.5)), small);
  return hn::MulAdd(r.k, hn::Set(d, C::kLn2High), hn::Add(r.f, small));
}

// The answers of log for x <= 0, infinity and NaN.
template <class D>
HWY_INLINE Vector<D> LogSpecials(D d, Vector<D> x, Vector<D> y) {
  using F = FormatOf<D>;
  const auto infinity = hn::Set(d, F::kInfinity);
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x); // infinity and NaN
  y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(infinity), y);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, F::kNaN), y);
}

template <class D> HWY_INLINE Vector<D> Log(D d, Vector<D> x) {
  const auto y = LogOfReduced(d, ReduceLog(d, x));
#if HWY_TARGET <= HWY_AVX3
  if constexpr (sizeof(hn::TFromD<D>) == 4)
    return y; // infinite or NaN from the reduction on
#endif
  return LogSpecials(d, x, y);
}

// u = 1 + x loses the end c of x; log(u + c) = log(u) + c / u.
template <class D> HWY_INLINE Vector<D> Log1p(D d, Vector<D> x) {
  using T = hn::TFromD<D>;
  const auto one = hn::Set(d, T(1));
  const auto u = hn::Add(x, one);
  const auto c = hn::IfThenElse(hn::Lt(x, one), hn::Sub(x, hn::Sub(u, one)),
                                hn::Sub(one, hn::Sub(u, x)));
  const auto y = LogOfReduced(d, ReduceLog(d, u), hn::Div(c, u));
  return hn::CopySign(LogSpecials(d, u, y), x);
}

} // namespace mg

#endif
