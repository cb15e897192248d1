//===- Ops.h - the ops of the dialect: see MgOps.td, docs/ops.md ----------===//
#ifndef MG_IR_OPS_H
#define MG_IR_OPS_H

#include "ir/Dialect.h"
#include "ir/Interfaces.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "ir/MgOps.h.inc"

#endif // MG_IR_OPS_H
