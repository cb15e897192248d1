//===- Pipeline.h - the order of codegen's passes -------------------------===//
#ifndef MG_CODEGEN_PIPELINE_H
#define MG_CODEGEN_PIPELINE_H

#include "codegen/Levels.h"

#include "mlir/Pass/PassManager.h"

namespace mg::codegen {

/// `linalg` to `buffers`: the same for every CPU level.
void buildToBuffersPipeline(mlir::OpPassManager &passes);
/// `buffers` to `vector`.
void buildToVectorPipeline(mlir::OpPassManager &passes, const Level &level,
                           bool winograd);
/// `vector` to the LLVM dialect.
void buildToLLVMPipeline(mlir::OpPassManager &passes, const Level &level,
                         bool fastMath);

/// `--mg-to-buffers`, `--mg-to-vector=level=..`, `--mg-to-llvm=level=..`.
void registerPipelines();

} // namespace mg::codegen

#endif // MG_CODEGEN_PIPELINE_H
