//===- Outline.h - parts of a function become functions -------------------===//
//
// What tasks (Parallelize), parts of a long entry (SplitEntries) and kernels
// (ShareKernels) have in common: which values a new function takes as
// arguments, and which it computes again.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TASKS_OUTLINE_H
#define MG_CODEGEN_TASKS_OUTLINE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace mg::codegen {

/// Views and index arithmetic are repeated in the new function, so that
/// pointers arrive as the entry got them, with its facts about aliases.
bool canRepeat(mlir::Operation *op);

/// Whether a value of the type crosses a function boundary as one pointer or
/// one number.
bool canPass(mlir::Type type);

/// The values that some ops need from outside, looked at through what can be
/// repeated; and what is repeated, in an order in which it can stand.
struct Needs {
  llvm::SetVector<mlir::Value> arguments;
  llvm::SetVector<mlir::Operation *> repeated;

  void add(mlir::Value value);
};
Needs needsOf(llvm::ArrayRef<mlir::Operation *> ops);

/// The argument with `mg.pool`, or null.
mlir::Value poolOf(mlir::func::FuncOp function);

/// What `function` knows about those of its pointers that are `captured` holds
/// for the arguments of `outlined`.
void copyArgumentFacts(mlir::func::FuncOp function,
                       llvm::ArrayRef<mlir::Value> captured,
                       mlir::func::FuncOp outlined);

} // namespace mg::codegen

#endif // MG_CODEGEN_TASKS_OUTLINE_H
