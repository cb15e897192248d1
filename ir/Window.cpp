//===- Window.cpp - sizes of windows and of padded dimensions -------------===//
#include "ir/Window.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::mg;

/// (n - 1) * factor + 1.
static std::optional<int64_t> stretch(int64_t n, int64_t factor) {
  int64_t extent;
  if (llvm::MulOverflow(n - 1, factor, extent) ||
      llvm::AddOverflow<int64_t>(extent, 1, extent))
    return std::nullopt;
  return extent;
}

std::optional<int64_t> mg::countWindows(int64_t n, int64_t size, int64_t stride,
                                        int64_t dilation) {
  std::optional<int64_t> extent = stretch(size, dilation);
  if (!extent || *extent > n)
    return std::nullopt;
  return (n - *extent) / stride + 1;
}

std::optional<int64_t> mg::paddedSize(int64_t n, int64_t lo, int64_t hi,
                                      int64_t dilation) {
  std::optional<int64_t> total = n ? stretch(n, dilation) : 0;
  if (!total || llvm::AddOverflow(*total, lo, *total) ||
      llvm::AddOverflow(*total, hi, *total) || *total < 0)
    return std::nullopt;
  return total;
}

FailureOr<Shape> mg::unfoldedShape(const Inference &in, Shape shape) {
  ArrayRef<int64_t> dims, size, stride, dilation;
  if (failed(in.readDims("dims", shape.size(), dims)) ||                 // C1
      failed(in.readSizes("size", dims.size(), "dimension", size, 1)) || // C2
      failed(in.readSizes("stride", dims.size(), "dimension", stride, 1)) ||
      failed(in.readSizes("dilation", dims.size(), "dimension", dilation, 1)))
    return failure();
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (!shape[dim].isStatic()) // C1
      return in.error() << "dimension " << describe(shape[dim])
                        << " has no static size";
    std::optional<int64_t> count =
        countWindows(shape[dim].size, size[i], stride[i], dilation[i]);
    if (!count) // C3
      return in.error() << "a window of " << size[i] << " with dilation "
                        << dilation[i] << " does not fit into dimension " << dim
                        << " of size " << shape[dim].size;
    shape[dim] = *count;
  }
  shape.append(size.begin(), size.end());
  return shape;
}
