// pow: exp(y log|x|), then C99's special values.
#ifndef MG_KERNELS_MATH_POW_INL_H
#define MG_KERNELS_MATH_POW_INL_H
#include "runtime/kernels/math_double-inl.h"
#include "runtime/kernels/math_exp-inl.h"
#include "runtime/kernels/math_log-inl.h"

namespace mg {

// (log((1 + s) / (1 - s)) - 2 s - 2/3 s^3) / s^5 by s^2. Error of log 2^-66.
constexpr double kPowLog[] = {0.40000000000002278, 0.28571428570087848,
                              0.22222222522191676, 0.18181784154816974,
                              0.15386767688284395, 0.13256564246538341,
                              0.1319878719442619};

// log(x) of a positive, finite x as a pair of about 65 bits: y log(x) may be
// 745, and its error becomes a relative error of the power.
template <class D> HWY_INLINE Pair<Vector<D>> LogPair(D d, Vector<D> x) {
  using C = LogConstants<double>;
  const auto two = hn::Set(d, 2.0);
  const auto r = ReduceLog(d, x);
  // s = f / (2 + f)
  const auto bottom = hn::Add(two, r.f);
  const auto bottom_low = hn::Sub(r.f, hn::Sub(bottom, two));
  Pair<Vector<D>> s;
  s.high = hn::Div(r.f, bottom);
  const auto back = TwoProduct(d, s.high, bottom);
  auto rest = hn::Sub(hn::Sub(r.f, back.high), back.low);
  rest = hn::NegMulAdd(s.high, bottom_low, rest);
  s.low = hn::Div(rest, bottom);
  // log(1 + f) = 2 s + s^3 (2/3 + s^2 P(s^2))
  const auto z = Multiply(d, s, s);
  const auto w = hn::Mul(z.high, Polynomial(d, z.high, kPowLog));
  auto c = TwoSum(hn::Set(d, 0x1.5555555555555p-1), w);
  c.low = hn::Add(c.low, hn::Set(d, 0x1.5555555555555p-55));
  const auto cubic = Multiply(d, Multiply(d, s, z), c);

  const auto a =
      TwoSum(hn::Mul(r.k, hn::Set(d, C::kLn2High)), hn::Add(s.high, s.high));
  const auto b = TwoSum(a.high, cubic.high);
  auto low = hn::MulAdd(two, s.low, cubic.low);
  low = hn::MulAdd(r.k, hn::Set(d, C::kLn2Low), low);
  return {b.high, hn::Add(hn::Add(a.low, b.low), low)};
}

// |x|^y of f64, and the same to the precision of f32.
template <class D>
HWY_INLINE Vector<D> PowerOfMagnitude(D d, Vector<D> a, Vector<D> y) {
  const auto log = LogPair(d, a);
  auto p = TwoProduct(d, y, log.high);
  p.low = hn::MulAdd(y, log.low, p.low);
  // Where the exponential is 0 or infinite, nothing may be added.
  const auto inside = hn::Lt(hn::Abs(p.high), hn::Set(d, 1000.0));
  return ExpOfSum(d, p.high, hn::IfThenElseZero(inside, p.low));
}

template <class D>
HWY_INLINE Vector<D> RoughPowerOfMagnitude(D d, Vector<D> a, Vector<D> y) {
  return Exp(d, hn::Mul(y, Log(d, a)));
}

// C99, F.9.4.4, on top of `power` = |x|^y of finite positive |x|.
template <class D>
HWY_INLINE Vector<D> PowSpecials(D d, Vector<D> x, Vector<D> y,
                                 Vector<D> power) {
  const auto zero = hn::Zero(d), one = hn::Set(d, 1.0);
  const auto infinity = hn::Set(d, FormatOf<D>::kInfinity);
  const auto a = hn::Abs(x);
  const auto falls = hn::Lt(y, zero);
  power = hn::IfThenElse(hn::Eq(a, zero), hn::IfThenElseZero(falls, infinity),
                         power);
  power = hn::IfThenElse(hn::Eq(a, infinity),
                         hn::IfThenZeroElse(falls, infinity), power);

  const auto half = hn::Mul(y, hn::Set(d, 0.5));
  const auto whole = hn::Eq(hn::Round(y), y);
  const auto odd = hn::And(whole, hn::Ne(hn::Round(half), half));
  const auto sign = hn::And(x, hn::Set(d, -0.0));
  power = hn::Xor(power, hn::IfThenElseZero(odd, sign));

  const auto root = hn::And(hn::Lt(x, zero), hn::Not(whole));
  const auto undefined = hn::And(root, hn::Lt(a, infinity));
  power = hn::IfThenElse(undefined, hn::Set(d, FormatOf<D>::kNaN), power);
  const auto nan = hn::Or(hn::IsNaN(x), hn::IsNaN(y));
  power = hn::IfThenElse(nan, hn::Add(x, y), power);
  return hn::IfThenElse(hn::Or(hn::Eq(x, one), hn::Eq(y, zero)), one, power);
}

template <class D> HWY_INLINE Vector<D> Pow(D d, Vector<D> x, Vector<D> y) {
  // Beyond 2^65 only 0, 1 and infinity are left, and a product may overflow.
  const auto bounded = [](auto wide, auto v) {
    return Clamp(wide, -0x1p65, 0x1p65, v);
  };
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    return InDouble(
        d,
        [bounded](auto wide, auto u, auto v) {
          return PowSpecials(
              wide, u, v,
              RoughPowerOfMagnitude(wide, hn::Abs(u), bounded(wide, v)));
        },
        x, y);
  } else {
    return PowSpecials(d, x, y, PowerOfMagnitude(d, hn::Abs(x), bounded(d, y)));
  }
}

} // namespace mg

#endif
