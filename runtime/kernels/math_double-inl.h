// Sums and products of f64 as unevaluated pairs, for steps that need more than
// 53 bits.
#ifndef MG_KERNELS_MATH_DOUBLE_INL_H
#define MG_KERNELS_MATH_DOUBLE_INL_H
#include "runtime/kernels/math_base-inl.h"

namespace mg {

// high + low, |low| <= ulp(high) / 2 or about that.
template <class V> struct Pair {
  V high, low;
};

// Knuth's: exact, whichever is larger.
template <class V> HWY_INLINE Pair<V> TwoSum(V a, V b) {
  const auto sum = hn::Add(a, b);
  const auto b_part = hn::Sub(sum, a);
  const auto a_part = hn::Sub(sum, b_part);
  return {sum, hn::Add(hn::Sub(a, a_part), hn::Sub(b, b_part))};
}

// Exact. Without FMA by Dekker's split into halves of 26 bits, for |a|, |b|
// below 2^996.
template <class D>
HWY_INLINE Pair<Vector<D>> TwoProduct(D d, Vector<D> a, Vector<D> b) {
  const auto product = hn::Mul(a, b);
#if HWY_NATIVE_FMA
  (void)d;
  return {product, hn::MulSub(a, b, product)};
#else
  const auto split = [d](Vector<D> x) {
    const auto t = hn::Mul(x, hn::Set(d, 0x1.0000002p27));
    const auto high = hn::Sub(t, hn::Sub(t, x));
    return Pair<Vector<D>>{high, hn::Sub(x, high)};
  };
  const auto u = split(a), v = split(b);
  auto rest = hn::Sub(hn::Mul(u.high, v.high), product);
  rest = hn::Add(rest, hn::Mul(u.high, v.low));
  rest = hn::Add(rest, hn::Mul(u.low, v.high));
  return {product, hn::Add(rest, hn::Mul(u.low, v.low))};
#endif
}

// a * b, to about 104 bits.
template <class D>
HWY_INLINE Pair<Vector<D>> Multiply(D d, Pair<Vector<D>> a, Pair<Vector<D>> b) {
  auto p = TwoProduct(d, a.high, b.high);
  p.low = hn::MulAdd(a.high, b.low, p.low);
  p.low = hn::MulAdd(a.low, b.high, p.low);
  return p;
}

template <class D>
HWY_INLINE Pair<Vector<D>> SetPair(D d, double high, double low) {
  return {hn::Set(d, high), hn::Set(d, low)};
}

} // namespace mg

#endif
