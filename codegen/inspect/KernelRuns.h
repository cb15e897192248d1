//===- KernelRuns.h - the kernels of a function on buffers ----------------===//
#ifndef MG_CODEGEN_INSPECT_KERNELRUNS_H
#define MG_CODEGEN_INSPECT_KERNELRUNS_H

#include "codegen/Inspection.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace mg::codegen {

/// The ops of one kernel, neighbours but for views and allocations.
using KernelRun = llvm::SmallVector<mlir::Operation *>;

/// The kernels of an entry of the `buffers` level, in program order, those
/// inside of loops and branches among them.
std::vector<KernelRun> kernelRuns(mlir::func::FuncOp entry);

/// Adds the entries of a module of the `buffers` level with their kernels.
void inspectBuffers(mlir::ModuleOp buffers, Inspection &inspection);
/// Adds what a module of the `vector` level tells: loops, the arena.
void inspectVectors(mlir::ModuleOp vectors, Inspection &inspection);

/// Puts calls of mg_profile_begin and mg_profile_end (minigrad/profile.h)
/// around every kernel, with its place in kernelRuns.
void bracketKernels(mlir::ModuleOp buffers);

/// FILE:LINE of the user's program; empty where it is unknown.
std::string lineOf(mlir::Location loc);

} // namespace mg::codegen

#endif // MG_CODEGEN_INSPECT_KERNELRUNS_H
