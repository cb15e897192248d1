//===- QuantizedWeight.h - a weight in 8 or 4 bits ------------------------===//
//
// Symmetric, so that 0 stays 0:
//
//   int8, a scale per element of the kept dimensions (those that the product
//   does not sum over):  scale = max |w| / 127,  q = round_even(w / scale)
//
//   int4, a scale per block of 32 elements along the summed dimension:
//   scale = -m / 8 where m is the element with the largest |m|, so that m
//   itself is one of the 16 steps -8 .. 7;  q = round_even(w / scale) + 8.
//   Element j of a block is in the low half of byte j, element j + 16 in the
//   high half of the same byte.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_QUANTIZEDWEIGHT_H
#define MG_FRONTEND_DRIVER_QUANTIZEDWEIGHT_H

#include "frontend/eager/Array.h"

#include <vector>

namespace mg::driver {

/// Elements that share a scale in int4.
inline constexpr std::int64_t quantBlock = 32;

struct QuantizedWeight {
  /// i8 of the weight's shape; for int4 u8, where the summed dimensions are
  /// (blocks, 16).
  eager::Array values;
  /// f32 of the kept dimensions; for int4 the summed ones are (blocks).
  eager::Array scales;
  /// The weight's sum of squares, and that of what rounding changed.
  double signal = 0, noise = 0;
};

/// Any float array as numbers in row-major order.
std::vector<float> toFloats(const eager::Array &array);

/// `kept`: the dimensions that have scales, in the order of the scales'.
QuantizedWeight quantizeToInt8(const eager::Array &weight,
                               const std::vector<int> &kept);

/// Dimensions [first, first + count) are those that are summed over; their
/// product is a multiple of `quantBlock`.
QuantizedWeight quantizeToInt4(const eager::Array &weight, int first,
                               int count);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_QUANTIZEDWEIGHT_H
