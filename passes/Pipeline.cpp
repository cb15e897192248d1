//===- Pipeline.cpp - From mg to linalg -----------------------------------===//

#include "passes/Pipeline.h"

#include "passes/ControlPasses.h"
#include "passes/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::mg;

std::vector<std::string> mg::optionalPasses() {
  return {"mg-simplify-control", "mg-match-donations",  "mg-compose-views",
          "mg-resolve-views",    "mg-fuse-elementwise", "mg-fuse"};
}

/// Adds a pass that `options` may leave out.
static void addOptional(OpPassManager &manager, const PipelineOptions &options,
                        std::unique_ptr<Pass> pass) {
  assert(llvm::is_contained(optionalPasses(), pass->getArgument()));
  if (llvm::is_contained(options.disabled, pass->getArgument()))
    return;
  if (pass->getOpName() == func::FuncOp::getOperationName())
    manager.addNestedPass<func::FuncOp>(std::move(pass));
  else
    manager.addPass(std::move(pass));
}

void mg::buildGradPipeline(OpPassManager &manager,
                           const PipelineOptions &options) {
  // Everything after sees static shapes: rules write sizes down.
  manager.addPass(createFixDims({llvm::to_vector(options.dims)}));
  // While functions are whole: what is transformed is a function.
  manager.addPass(createDifferentiate());
}

void mg::buildSimplifyPipeline(OpPassManager &manager,
                               const PipelineOptions &options) {
  buildGradPipeline(manager, options);
  // Everything after sees one function body per entry.
  manager.addPass(createInlineCalls());
  // Nothing after need think of empty loops over strided views.
  manager.addNestedPass<func::FuncOp>(createDropEmpty());
  // Equal subprograms first, so that folds see each once; what folding makes
  // equal is merged after it.
  manager.addPass(createCSEPass());
  manager.addPass(createCanonicalizerPass());
  // Conditions are constants by now, if they ever are; its bodies come simple
  // and leave simple, but for what meets where one is put in place.
  addOptional(manager, options, createSimplifyControl());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(createCSEPass());
}

void mg::buildLowerToLinalgPipeline(OpPassManager &manager,
                                    const PipelineOptions &options) {
  // Weights and indices inside bodies are seen as all others from here on.
  manager.addPass(createExpandControl());
  // The order of weights is that of their uses, so dead ones are gone by now.
  manager.addPass(createLiftWeights());
  // While indices are mg values: their checks are ordinary mg ops.
  manager.addNestedPass<func::FuncOp>(createGuardIndices());
  // While an elementwise op can be asked whether it is one.
  addOptional(manager, options, createMatchDonations());
  // The last moment that types tell bool and unsigned.
  manager.addPass(createDescribeEntries());
  manager.addPass(createLowerToLinalg());
  // Calls of the runtime exist now.
  manager.addNestedPass<func::FuncOp>(createReturnStatus());
  // Equal loops are one before fusion counts the users of a value.
  manager.addPass(createCSEPass());
  // What is read through views is read directly, so that fusion sees who
  // computes it.
  addOptional(manager, options, createComposeViews());
  addOptional(manager, options, createFuseElementwise({options.apart}));
  // What did not fuse may still be free.
  addOptional(manager, options, createResolveViews());
  // Joined bodies hold what cancels: a bool stored and loaded, unused inputs.
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // The last word on loops; while barriers keep apart what must not meet.
  if (!options.apart)
    addOptional(manager, options, createFuse(FuseOptions{options.explain}));
  // Nothing merges equal ops any more.
  manager.addNestedPass<func::FuncOp>(createDropBarriers());
}

void mg::buildToLinalgPipeline(OpPassManager &manager,
                               const PipelineOptions &options) {
  buildSimplifyPipeline(manager, options);
  buildLowerToLinalgPipeline(manager, options);
}

namespace {

/// The options as text: `--mg-to-linalg=dims=batch=8`.
struct TextOptions : PassPipelineOptions<TextOptions> {
  ListOption<std::string> dims{
      *this, "dims", llvm::cl::desc("NAME=SIZE of symbolic dimensions")};

  ListOption<std::string> disabled{
      *this, "disable", llvm::cl::desc("Flags of passes to leave out")};

  Option<bool> explain{
      *this, "explain", llvm::cl::init(false),
      llvm::cl::desc("Say on functions what is not fused, and why")};

  PipelineOptions get() const {
    return {{dims.begin(), dims.end()},
            {disabled.begin(), disabled.end()},
            /*apart=*/false,
            explain};
  }
};

} // namespace

void mg::registerPasses() {
  registerMgPasses();
  registerMgControlPasses();
  PassPipelineRegistration<TextOptions>(
      "mg-grad", "mg to static mg without transformations",
      [](OpPassManager &manager, const TextOptions &options) {
        buildGradPipeline(manager, options.get());
      });
  PassPipelineRegistration<TextOptions>(
      "mg-simplify", "mg to static, simplified mg",
      [](OpPassManager &manager, const TextOptions &options) {
        buildSimplifyPipeline(manager, options.get());
      });
  PassPipelineRegistration<TextOptions>(
      "mg-simplified-to-linalg", "simplified mg to linalg on tensors",
      [](OpPassManager &manager, const TextOptions &options) {
        buildLowerToLinalgPipeline(manager, options.get());
      });
  PassPipelineRegistration<TextOptions>(
      "mg-to-linalg", "mg to linalg on tensors",
      [](OpPassManager &manager, const TextOptions &options) {
        buildToLinalgPipeline(manager, options.get());
      });
}
