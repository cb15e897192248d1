//===- Windows.h - how a kernel walks over the dimensions of space --------===//
#ifndef MG_FRONTEND_ONNX_OPS_WINDOWS_H
#define MG_FRONTEND_ONNX_OPS_WINDOWS_H

#include "frontend/onnx/Operators.h"

namespace mg::onnx {

/// What the attributes strides, dilations and pads say of each dimension of
/// space.
struct Windows {
  Shape size, stride, dilation, low, high;

  std::size_t rank() const { return size.size(); }
  /// Elements from the first of a window to its last.
  std::int64_t extent(std::size_t d) const {
    return (size[d] - 1) * dilation[d] + 1;
  }
  bool isPadded() const;
};

/// The sizes behind the batch and the channels of x; fails where there is none.
Shape spaceOf(const Call &call, const Tensor &x);

/// The kernel of the attribute `kernel_shape`; `otherwise` where there is none.
Shape kernelOf(const Call &call, const Shape &otherwise);

/// strides, dilations and pads for a kernel of `size`, or what there is instead
/// of them: 1, 1 and 0. auto_pad is not looked at.
Windows windowsOf(const Call &call, const Shape &size);

/// As windowsOf, padded as auto_pad says: SAME_* to ceil(space / stride)
/// windows.
Windows paddedWindowsOf(const Call &call, const Shape &space,
                        const Shape &size);

/// What padding lacks after the end of each dimension for the last window that
/// `ceil_mode` counts: one that begins within x or the padding before it.
Shape ceilPadding(const Call &call, const Shape &space, const Windows &windows);

/// `list` between a batch and channels of 0 and nothing: for mg::pad.
Shape behindChannels(const Shape &list);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPS_WINDOWS_H
