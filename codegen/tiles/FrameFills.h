//===- FrameFills.h - fills of what is around an array ----------*- C++ -*-===//
#ifndef MG_CODEGEN_TILES_FRAMEFILLS_H
#define MG_CODEGEN_TILES_FRAMEFILLS_H

#include "mlir/IR/PatternMatch.h"

namespace mg::codegen {

/// A padded array is a fill and a copy into its middle. Where that can be cut
/// into pieces that the first cache holds, along dimensions that are not
/// padded, each is filled and copied before the next, in one launch. Other
/// fills whose middle is overwritten before anyone reads it become fills of the
/// slabs around it: two per padded dimension, over what the dimensions before
/// it leave. Small arrays stay as they are: they are in a cache, and one loop
/// is less code than six. `grain`: element operations of a chunk; 0: no
/// threads.
void frameFills(mlir::RewriterBase &rewriter, mlir::Operation *root,
                int64_t grain);

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_FRAMEFILLS_H
