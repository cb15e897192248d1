//===- BindControlFlow.h - loops and branches have one place --------------===//
// place------------------===//
#ifndef MG_CODEGEN_TENSORS_BINDCONTROLFLOW_H
#define MG_CODEGEN_TENSORS_BINDCONTROLFLOW_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mg::codegen {

/// Binds what every iteration of an `scf.for` or `scf.while` yields to the
/// memory of what it got, so that nothing is allocated per iteration, and what
/// the branches of an `scf.if` yield to one destination. Fails,
/// with an error, at an `scf.while` whose condition passes on something else
/// than it got.
mlir::LogicalResult bindControlFlow(mlir::func::FuncOp function);

} // namespace mg::codegen

#endif // MG_CODEGEN_TENSORS_BINDCONTROLFLOW_H
