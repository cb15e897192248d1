//===- Elements.h - dtypes as C++ types -----------------------------------===//
#ifndef MG_FRONTEND_DRIVER_ELEMENTS_H
#define MG_FRONTEND_DRIVER_ELEMENTS_H

#include "minigrad/array.h"

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <type_traits>

namespace mg::driver {

/// bf16: the upper half of a float.
class BFloat {
public:
  BFloat() = default;
  /// To nearest even; a NaN stays one.
  explicit BFloat(float value) {
    auto word = std::bit_cast<std::uint32_t>(value);
    bool nan = (word & 0x7fffffff) > 0x7f800000;
    bits = static_cast<std::uint16_t>(
        nan ? word >> 16 | 0x40 : (word + 0x7fff + (word >> 16 & 1)) >> 16);
  }
  operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }

private:
  std::uint16_t bits = 0;
};

template <class T>
constexpr bool isFloat =
    std::is_floating_point_v<T> || std::is_same_v<T, _Float16> ||
    std::is_same_v<T, BFloat>;

/// Calls `f` with a value of the C++ type of `dtype`.
template <class F> auto withElement(mg_dtype dtype, F &&f) {
  switch (dtype) {
  case MG_BOOL:
    return f(bool());
  case MG_I8:
    return f(std::int8_t());
  case MG_I16:
    return f(std::int16_t());
  case MG_I32:
    return f(std::int32_t());
  case MG_I64:
    return f(std::int64_t());
  case MG_U8:
    return f(std::uint8_t());
  case MG_U16:
    return f(std::uint16_t());
  case MG_U32:
    return f(std::uint32_t());
  case MG_U64:
    return f(std::uint64_t());
  case MG_F16:
    return f(_Float16());
  case MG_BF16:
    return f(BFloat());
  case MG_F32:
    return f(float());
  case MG_F64:
    return f(double());
  }
  throw std::invalid_argument("no dtype");
}

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_ELEMENTS_H
