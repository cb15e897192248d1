//===- StridedView.h - where a view's elements lie ------------------------===//
#ifndef MG_IR_STRIDEDVIEW_H
#define MG_IR_STRIDEDVIEW_H

#include "mlir/Support/LLVM.h"

#include <cstdint>

namespace mlir::mg {

/// Element (i0, i1, ..) lies at offset + i0 * strides[0] + i1 * strides[1] ..,
/// all in elements. A stride may be 0 (broadcast), negative (reverse) or
/// smaller than the extent of the dimensions inside (unfold).
struct StridedView {
  int64_t offset = 0;
  SmallVector<int64_t> sizes, strides;

  bool operator==(const StridedView &) const = default;

  /// Fresh row-major memory.
  static StridedView rowMajor(ArrayRef<int64_t> sizes);
};

} // namespace mlir::mg

#endif // MG_IR_STRIDEDVIEW_H
