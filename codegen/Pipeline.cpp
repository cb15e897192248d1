//===- Pipeline.cpp - from linalg to LLVM, the table of contents ----------===//
#include "codegen/Pipeline.h"

#include "codegen/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace mg::codegen {

void buildToBuffersPipeline(OpPassManager &passes) {
  // While tensors are values: what becomes a fill gets its own destination.
  passes.addNestedPass<func::FuncOp>(createSpreadSplats());
  // While order is free: buffers are written and read in theirs.
  passes.addNestedPass<func::FuncOp>(createScheduleKernels());
  // Arguments and results become the caller's memory first, so that all that
  // follows knows where a result must lie.
  passes.addPass(createBoundary());
  // A result that is computed into a fresh `tensor.empty` moves into its
  // destination. Must come before bufferization, which would copy.
  passes.addPass(bufferization::createEmptyTensorEliminationPass());
  // What has no destination by now may take another one than fresh memory.
  passes.addNestedPass<func::FuncOp>(createReuseDestinations());
  // In place where no one reads the old contents, else a new buffer.
  passes.addPass(bufferization::createOneShotBufferizePass());
  // Bufferization leaves copies of a buffer onto itself through two equal
  // subviews; they fold only after the subviews are one.
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createCanonicalizerPass());
  // Where every array is known, and before kernels are told apart.
  passes.addNestedPass<func::FuncOp>(createLateFrames());
  passes.addNestedPass<func::FuncOp>(createEarlyFrames());
}

void buildToVectorPipeline(OpPassManager &passes, const Level &level,
                           bool winograd) {
  // Before anything is done with a kernel, so that it is done once.
  passes.addPass(createShareKernels());
  // While a convolution is one op.
  if (winograd)
    passes.addPass(createWinograd());
  // Likewise.
  passes.addNestedPass<func::FuncOp>(createLocalFrames());
  // Loops over native vectors; it makes temporaries, so the plan is after it.
  passes.addNestedPass<func::FuncOp>(
      createTileAndVectorize({.lanes = level.lanes,
                              .registers = level.registers,
                              .level = level.name.str()}));
  // Every temporary gets its place while lifetimes are still structured.
  passes.addPass(createPlanMemory());
}

void buildToLLVMPipeline(OpPassManager &passes, const Level &level,
                         bool fastMath) {
  // Tasks before anything is a pointer: what a loop captures is still a view
  // of an argument and moves into its task.
  passes.addPass(createParallelize());
  // Long functions cost more than their length; from here on, for everyone.
  passes.addPass(createSplitEntries());
  // Before LLVM sees a half: it would compute with it.
  const bool hasF16C = level.cpu.starts_with("x86-64") && level.lanes >= 8;
  const bool hasAvx512 = level.cpu.starts_with("x86-64") && level.lanes == 16;
  const bool takesBF16 = fastMath && level.features.contains("avx512bf16");
  passes.addPass(
      createExpandHalves({.f16Lanes = hasF16C ? level.lanes : 0,
                          .bf16Lanes = takesBF16 ? level.lanes : 0,
                          .keepExcess = fastMath,
                          .avx512 = hasAvx512,
                          .vnni = level.features.contains("avx512vnni")}));
  // Functions take and return native vectors, while vectors are still vectors.
  passes.addPass(createLowerMath({.avx512 = hasAvx512, .lanes = level.lanes}));
  // Subviews become pointer arithmetic that the memref lowering knows.
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  // Constant address arithmetic folds once here instead of in every loop of
  // LLVM's instcombine.
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  // Control flow first: the others keep block signatures consistent by casts.
  passes.addPass(createConvertSCFToCFPass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  // Bare pointers are the C ABI of entries and of the runtime.
  passes.addPass(createConvertFuncToLLVMPass({.useBarePtrCallConv = true}));
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  // Launches pack pointers, so they wait for them.
  passes.addPass(createLowerLaunches());
  // Last, when every function that will exist exists.
  passes.addPass(createAddDebugScopes());
}

namespace {
struct LevelOption : PassPipelineOptions<LevelOption> {
  Option<std::string> level{*this, "level", llvm::cl::desc("CPU level"),
                            llvm::cl::init("x86-64-v3")};
};
} // namespace

void registerPipelines() {
  PassPipelineRegistration<>("mg-to-buffers", "`linalg` to `buffers`",
                             buildToBuffersPipeline);
  const auto add = [](StringRef flag, StringRef what, auto build) {
    PassPipelineRegistration<LevelOption>(
        flag, what, [build](OpPassManager &passes, const LevelOption &options) {
          const Level *level = findLevel(options.level);
          if (!level)
            llvm::report_fatal_error("no CPU level has this name", false);
          build(passes, *level);
        });
  };
  add("mg-to-vector", "`buffers` to `vector`",
      [](OpPassManager &passes, const Level &level) {
        buildToVectorPipeline(passes, level, /*winograd=*/true);
      });
  add("mg-to-llvm", "`vector` to `llvm`",
      [](OpPassManager &passes, const Level &level) {
        buildToLLVMPipeline(passes, level, /*fastMath=*/false);
      });
}

} // namespace mg::codegen
