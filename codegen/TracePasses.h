//===- TracePasses.h - passes in LLVM's time trace ------------------------===//
#ifndef MG_CODEGEN_TRACEPASSES_H
#define MG_CODEGEN_TRACEPASSES_H

#include "mlir/Pass/PassManager.h"

namespace mg::codegen {

/// Each pass becomes a span of the trace, where this thread writes one.
void tracePasses(mlir::PassManager &passes);

} // namespace mg::codegen

#endif // MG_CODEGEN_TRACEPASSES_H
