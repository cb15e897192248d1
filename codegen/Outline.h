//===- Outline.h - parts of a function become functions -------------------===//
//
// What tasks (Parallelize) and parts of a long entry (SplitEntries) share:
// which values a new function takes as arguments, and which it computes again.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_OUTLINE_H
#define MG_CODEGEN_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mg::codegen {

/// Views and index arithmetic are repeated in the new function, so that
/// pointers arrive as the entry got them, with its facts about aliases.
bool canRepeat(mlir::Operation *op);

/// What `function` knows about those of its pointers that are `captured` holds
/// for the arguments of `outlined`.
void copyArgumentFacts(mlir::func::FuncOp function,
                       llvm::ArrayRef<mlir::Value> captured,
                       mlir::func::FuncOp outlined);

} // namespace mg::codegen

#endif // MG_CODEGEN_OUTLINE_H
