// The single steps that conversions between the thirteen dtypes are made of.
#include "runtime/kernels/lookup.h"
#include "runtime/kernels/map.h"

#include <type_traits>

namespace mg::runtime {
namespace {

template <class T> constexpr T lowest_of() {
  return std::is_signed_v<T>
             ? T(std::make_unsigned_t<T>(1) << (sizeof(T) * 8 - 1))
             : T(0);
}
template <class T> constexpr T largest_of() { return T(~lowest_of<T>()); }

// Integers modulo 2^n, integers to floats and floats to floats, to nearest.
template <class To> struct Wrap {
  template <class From> To operator()(From x) const { return To(x); }
};

struct NonZero {
  template <class From> uint8_t operator()(From x) const { return x != 0; }
};

// From i64 or u64, which hold every other integer.
template <class To> struct Clamp {
  To operator()(int64_t x) const {
    if constexpr (sizeof(To) == 8)
      return x < 0 ? To(0) : To(x); // to u64
    else
      return To(x < int64_t(lowest_of<To>())    ? int64_t(lowest_of<To>())
                : x > int64_t(largest_of<To>()) ? int64_t(largest_of<To>())
                                                : x);
  }
  To operator()(uint64_t x) const {
    const uint64_t top = uint64_t(largest_of<To>());
    return To(x > top ? top : x);
  }
};

// Toward zero, clamped, NaN to 0. The limit above is the power of two after
// the largest value: the value itself may not be a float.
template <class To> struct Saturate {
  template <class From> To operator()(From x) const {
    constexpr From low = From(lowest_of<To>());
    constexpr From end = From(largest_of<To>() / 2 + 1) * 2;
    const To value = To(x >= low && x < end ? x : From(0));
    return x >= end ? largest_of<To>() : x < low ? lowest_of<To>() : value;
  }
};

uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
float float_of(uint32_t x) { return __builtin_bit_cast(float, x); }

// Rounded to odd: a result that is not exact has its last bit set, so that a
// second rounding, to a type at least two bits shorter, never sees a false tie.
struct OddFloat {
  float operator()(double x) const {
    const float nearest = float(x);
    const double back = double(nearest);
    const uint32_t bits = bits_of(nearest);
    const bool away = __builtin_fabs(back) > __builtin_fabs(x);
    const uint32_t odd = (bits - (away ? 1u : 0u)) | 1u;
    return back == x || x != x ? nearest : float_of(odd);
  }
};
struct OddDouble {
  // Beyond 2^53 the low bits are folded into one sticky bit.
  double operator()(uint64_t x) const {
    const uint64_t sticky = (x >> 11) | ((x & 0x7ff) != 0);
    return x >> 53 ? double(int64_t(sticky)) * 2048.0 : double(int64_t(x));
  }
  double operator()(int64_t x) const {
    const uint64_t magnitude = x < 0 ? 0 - uint64_t(x) : uint64_t(x);
    const double value = (*this)(magnitude);
    return x < 0 ? -value : value;
  }
};

struct HalfToFloat {
  // Shifted into f32's fields, a half is 2^112 times too small (its denormals
  // too); inf and NaN then lack the top of the exponent.
  float operator()(uint16_t h) const {
    const uint32_t magnitude = uint32_t(h & 0x7fff) << 13;
    const float scaled = float_of(magnitude) * 0x1p112f;
    const uint32_t finite = bits_of(scaled);
    const uint32_t special = magnitude | 0x7f800000u;
    const uint32_t value = (h & 0x7fff) >= 0x7c00 ? special : finite;
    return float_of(value | uint32_t(h & 0x8000) << 16);
  }
};
struct FloatToHalf {
  // Adding a power of two whose last bit has the half's weight rounds once, to
  // nearest even, for normal and denormal results alike.
  uint16_t operator()(float x) const {
    const uint32_t bits = bits_of(x), magnitude = bits & 0x7fffffffu;
    const uint32_t exponent = magnitude & 0x7f800000u;
    const uint32_t least = 0x38800000u; // 2^-14, the smallest normal half
    const uint32_t clamped = exponent < least ? least : exponent;
    const bool overflows = magnitude >= 0x477ff000u; // 65520 and above
    const uint32_t scale = overflows ? least : clamped;
    const float magic = float_of(scale + (13u << 23));
    const float safe = float_of(overflows ? 0u : magnitude);
    // `rounded` counts the half's last place: its mantissa bits follow.
    const uint32_t count = bits_of(safe + magic) - bits_of(magic);
    const uint32_t rebased = ((scale - least) >> 13) + count;
    const uint32_t special = magnitude > 0x7f800000u
                                 ? 0x7e00u | (magnitude >> 13 & 0x3ffu)
                                 : 0x7c00u;
    return uint16_t((overflows ? special : rebased) | (bits >> 16 & 0x8000u));
  }
};
struct BrainToFloat {
  float operator()(uint16_t b) const { return float_of(uint32_t(b) << 16); }
};
struct FloatToBrain {
  uint16_t operator()(float x) const {
    const uint32_t bits = bits_of(x);
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return uint16_t(x != x ? (bits >> 16 | 0x40u) : rounded);
  }
};

// f<T>() for a dtype that the CPU computes in.
template <class F> Loop for_native(mg_dtype dtype, F f) {
#define MG_CASE(DTYPE, T)                                                      \
  case DTYPE:                                                                  \
    return f.template operator()<T>();
  switch (dtype) {
    MG_CASE(MG_BOOL, uint8_t)
    MG_CASE(MG_I8, int8_t)
    MG_CASE(MG_I16, int16_t)
    MG_CASE(MG_I32, int32_t)
    MG_CASE(MG_I64, int64_t)
    MG_CASE(MG_U8, uint8_t)
    MG_CASE(MG_U16, uint16_t)
    MG_CASE(MG_U32, uint32_t)
    MG_CASE(MG_U64, uint64_t)
    MG_CASE(MG_F32, float)
    MG_CASE(MG_F64, double)
  default:
    return nullptr;
  }
#undef MG_CASE
}

Loop wrap(mg_dtype from, mg_dtype to) {
  return for_native(from, [to]<class From>() {
    return for_native(to, []<class To>() -> Loop {
      if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>)
        return nullptr;
      else
        return map_unary<Wrap<To>, From, To>;
    });
  });
}

Loop saturate(mg_dtype from, mg_dtype to) {
  return for_native(to, [from]<class To>() -> Loop {
    if constexpr (std::is_integral_v<To>) {
      if (from == MG_F32)
        return map_unary<Saturate<To>, float, To>;
      if (from == MG_F64)
        return map_unary<Saturate<To>, double, To>;
      if constexpr (!std::is_same_v<To, int64_t>)
        if (from == MG_I64)
          return map_unary<Clamp<To>, int64_t, To>;
      if (from == MG_U64)
        return map_unary<Clamp<To>, uint64_t, To>;
    }
    return nullptr;
  });
}

Loop odd(mg_dtype from, mg_dtype to) {
  if (from == MG_F64 && to == MG_F32)
    return map_unary<OddFloat, double, float>;
  if (from == MG_I64 && to == MG_F64)
    return map_unary<OddDouble, int64_t, double>;
  if (from == MG_U64 && to == MG_F64)
    return map_unary<OddDouble, uint64_t, double>;
  return nullptr;
}

} // namespace

Loop convert_loop(mg_dtype from, mg_dtype to, Cast cast) {
  if (to == MG_BOOL)
    return for_native(
        from, []<class T>() -> Loop { return map_unary<NonZero, T, uint8_t>; });
  if (from == MG_F16)
    return to == MG_F32 ? map_unary<HalfToFloat, uint16_t, float> : nullptr;
  if (from == MG_BF16)
    return to == MG_F32 ? map_unary<BrainToFloat, uint16_t, float> : nullptr;
  if (to == MG_F16)
    return from == MG_F32 ? map_unary<FloatToHalf, float, uint16_t> : nullptr;
  if (to == MG_BF16)
    return from == MG_F32 ? map_unary<FloatToBrain, float, uint16_t> : nullptr;
  switch (cast) {
  case Cast::Wrap:
    return wrap(from, to);
  case Cast::Saturate:
    return saturate(from, to);
  case Cast::Odd:
    return odd(from, to);
  }
  return nullptr;
}

} // namespace mg::runtime
