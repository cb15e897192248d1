//===- Passes.h - declarations of codegen's passes ------------------------===//
//
// Generated from Passes.td: `create...Pass()` per pass, their options, and
// `registerCodegenPasses()` for mgc-opt.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_PASSES_H
#define MG_CODEGEN_PASSES_H

#include "mlir/Pass/Pass.h"

// The generated code names these dialects.
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mg::codegen {

#define GEN_PASS_DECL
#include "codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "codegen/Passes.h.inc"

} // namespace mg::codegen

#endif // MG_CODEGEN_PASSES_H
