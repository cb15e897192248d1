//===- ExpandedSize.h - How large a program becomes -------------*- C++ -*-===//
#ifndef MG_PASSES_EXPANDEDSIZE_H
#define MG_PASSES_EXPANDEDSIZE_H

#include "mlir/IR/BuiltinOps.h"

namespace mlir::mg {

/// Functions that each use the next one twice make a small file a huge program.
inline constexpr int64_t maxExpandedOps = int64_t(1) << 20;

/// Reports an error where a function has more than maxExpandedOps ops once
/// every function that an op names is put in its place. Takes time linear in
/// the module.
LogicalResult checkExpandedSize(ModuleOp module);

} // namespace mlir::mg

#endif // MG_PASSES_EXPANDEDSIZE_H
