//===- ControlPasses.h - The passes about branches and loops ----*- C++ -*-===//

#ifndef MG_PASSES_CONTROLPASSES_H
#define MG_PASSES_CONTROLPASSES_H

#include "ir/Dialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::mg {

#define GEN_PASS_DECL
#include "passes/ControlPasses.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/ControlPasses.h.inc"

} // namespace mlir::mg

#endif // MG_PASSES_CONTROLPASSES_H
