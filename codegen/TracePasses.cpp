//===- TracePasses.cpp - passes in LLVM's time trace ----------------------===//
#include "codegen/TracePasses.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/TimeProfiler.h"

namespace mg::codegen {

namespace {

/// Passes on functions may run in other threads, which write no trace.
class PassTrace : public mlir::PassInstrumentation {
  void runBeforePass(mlir::Pass *pass, mlir::Operation *) override {
    if (!pass->getArgument().empty()) // else it only runs others
      llvm::timeTraceProfilerBegin(pass->getArgument(), llvm::StringRef());
  }
  void runAfterPass(mlir::Pass *pass, mlir::Operation *) override {
    if (!pass->getArgument().empty())
      llvm::timeTraceProfilerEnd();
  }
  void runAfterPassFailed(mlir::Pass *pass, mlir::Operation *op) override {
    runAfterPass(pass, op);
  }
};

} // namespace

void tracePasses(mlir::PassManager &passes) {
  if (llvm::timeTraceProfilerEnabled())
    passes.addInstrumentation(std::make_unique<PassTrace>());
}

} // namespace mg::codegen
