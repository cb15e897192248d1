//===- Element.h - C++ types for the thirteen dtypes ----------------------===//
//
// Reading and writing single elements on the host: printing, item(), literals.
// Whole arrays are converted by the runtime's kernels.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_TENSOR_ELEMENT_H
#define MG_FRONTEND_TENSOR_ELEMENT_H

#include "mg/tensor.h"

#include <bit>
#include <cmath>
#include <limits>

namespace mg::detail {

/// A bfloat16: the upper half of a float.
struct BFloat16 {
  std::uint16_t bits;
  BFloat16() = default;
  explicit BFloat16(double value) {
    const auto f = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    const bool isNaN = value != value;
    // Rounds to nearest even; a NaN stays one.
    bits = isNaN ? (f >> 16) | 0x40 : (f + 0x7fff + ((f >> 16) & 1)) >> 16;
  }
  operator float() const {
    return std::bit_cast<float>(std::uint32_t(bits) << 16);
  }
};
using Float16 = _Float16;

/// Calls f with a null pointer to the C++ type of `dtype`.
template <class F> auto withType(DType dtype, F &&f) {
  switch (dtype) {
  case DType::b1:
    return f(static_cast<bool *>(nullptr));
  case DType::i8:
    return f(static_cast<std::int8_t *>(nullptr));
  case DType::i16:
    return f(static_cast<std::int16_t *>(nullptr));
  case DType::i32:
    return f(static_cast<std::int32_t *>(nullptr));
  case DType::i64:
    return f(static_cast<std::int64_t *>(nullptr));
  case DType::u8:
    return f(static_cast<std::uint8_t *>(nullptr));
  case DType::u16:
    return f(static_cast<std::uint16_t *>(nullptr));
  case DType::u32:
    return f(static_cast<std::uint32_t *>(nullptr));
  case DType::u64:
    return f(static_cast<std::uint64_t *>(nullptr));
  case DType::f16:
    return f(static_cast<Float16 *>(nullptr));
  case DType::bf16:
    return f(static_cast<BFloat16 *>(nullptr));
  case DType::f32:
    return f(static_cast<float *>(nullptr));
  case DType::f64:
    break;
  }
  return f(static_cast<double *>(nullptr));
}

/// A float becomes an integer clamped to its range, NaN 0.
template <class To, class From> To convertElement(From from) {
  if constexpr (std::is_same_v<To, bool>) {
    return from != From(0);
  } else if constexpr (std::is_integral_v<To> && !std::is_integral_v<From>) {
    const double value = from;
    using Limits = std::numeric_limits<To>;
    if (value != value)
      return 0;
    if (value <= static_cast<double>(Limits::min()))
      return Limits::min();
    // The maximum is no double for 64 bits: its neighbour above is.
    return value >= std::ldexp(1.0, Limits::digits) ? Limits::max()
                                                    : static_cast<To>(value);
  } else if constexpr (std::is_same_v<From, BFloat16>) {
    return static_cast<To>(static_cast<float>(from));
  } else {
    return static_cast<To>(from);
  }
}

} // namespace mg::detail

#endif // MG_FRONTEND_TENSOR_ELEMENT_H
