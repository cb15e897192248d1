//===- Resample.h - one dimension at another size -------------------------===//
//
// Along a dimension an element of the result is a weighted sum of a few of the
// operand's, whose indices and weights are known at import.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_ONNX_OPS_RESAMPLE_H
#define MG_FRONTEND_ONNX_OPS_RESAMPLE_H

#include "frontend/onnx/ops/Sampling.h"

namespace mg::onnx {

/// Where elements of the result lie in the operand.
enum class Coordinates : std::uint8_t {
  halfPixel,
  halfPixelSymmetric,
  pytorchHalfPixel,
  halfPixelForNearest,
  alignCorners,
  asymmetric,
  cropAndResize
};
enum class Nearest : std::uint8_t {
  roundPreferFloor,
  roundPreferCeil,
  floor,
  ceil,
  /// Before version 11: floor where it becomes larger, else ceil.
  simple
};

struct Resampling {
  Coordinates coordinates = Coordinates::asymmetric;
  Nearest nearest = Nearest::simple;
  Interpolation interpolation = Interpolation::nearest;
  double cubicA = -0.75, extrapolation = 0;
  bool excludesOutside = false, antialias = false;
};

/// How one dimension becomes another size; the part of it that is shown
/// (cropAndResize).
struct Stretch {
  std::int64_t input, output;
  double scale = 1, begin = 0, end = 1;
};

/// x with `d` along `axis`, which has the size d.input; of a float's dtype
/// unless the nearest elements are wanted.
Tensor resampled(const Tensor &x, int axis, const Stretch &d,
                 const Resampling &how);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPS_RESAMPLE_H
