//===- WeighLoops.h - tells LLVM how often its loops run --------*- C++ -*-===//
#ifndef MG_CODEGEN_OBJECT_WEIGHLOOPS_H
#define MG_CODEGEN_OBJECT_WEIGHLOOPS_H

#include "llvm/IR/PassManager.h"

namespace mg::codegen {

/// Writes the trip count of each loop that has a constant one onto its exit, as
/// branch weights.
///
/// Without them a block's frequency is guessed from the depth of its loop: an
/// epilogue's two small loops over a tile of 24 vectors count as 32 times the
/// sum over k of 768 steps that comes before them, and the register allocator
/// keeps the polynomial's coefficients in registers and the sums in memory
/// (measured: a product of 128 x 768 x 3072 with bias and tanh 8.1 ms, with
/// weights 4.5).
struct WeighLoops : llvm::PassInfoMixin<WeighLoops> {
  llvm::PreservedAnalyses run(llvm::Function &function,
                              llvm::FunctionAnalysisManager &analyses);
};

} // namespace mg::codegen

#endif // MG_CODEGEN_OBJECT_WEIGHLOOPS_H
