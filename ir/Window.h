//===- Window.h - the arithmetic of unfold, fold and conv -----------------===//
#ifndef MG_IR_WINDOW_H
#define MG_IR_WINDOW_H

#include "ir/Inference.h"

namespace mlir::mg {

/// How many windows of extent (size - 1) * dilation + 1, `stride` apart, lie in
/// n elements; nothing where none fits or a product leaves int64_t. All of
/// size, stride and dilation are at least 1.
std::optional<int64_t> countWindows(int64_t n, int64_t size, int64_t stride,
                                    int64_t dilation);

/// (n - 1) * dilation + 1 + lo + hi, or 0 + lo + hi for no elements; nothing
/// where that is negative or leaves int64_t.
std::optional<int64_t> paddedSize(int64_t n, int64_t lo, int64_t hi,
                                  int64_t dilation);

/// The shape of `unfold` of `shape`, by the attributes of unfold or fold.
FailureOr<Shape> unfoldedShape(const Inference &in, Shape shape);

} // namespace mlir::mg

#endif // MG_IR_WINDOW_H
