//===- FrameFills.h - fills of what is around an array ----------*- C++ -*-===//
#ifndef MG_CODEGEN_FRAMEFILLS_H
#define MG_CODEGEN_FRAMEFILLS_H

#include "mlir/IR/PatternMatch.h"

namespace mg::codegen {

/// A padded array is a fill and a copy into its middle. Fills whose middle is
/// overwritten before anyone reads it become fills of the slabs around it: two
/// per padded dimension, over what the dimensions before it leave. Small arrays
/// stay as they are: they are in a cache, and one loop is less code than six.
void frameFills(mlir::RewriterBase &rewriter, mlir::Operation *root);

} // namespace mg::codegen

#endif // MG_CODEGEN_FRAMEFILLS_H
