//===- Pipeline.h - From mg to linalg ---------------------------*- C++ -*-===//

#ifndef MG_PASSES_PIPELINE_H
#define MG_PASSES_PIPELINE_H

#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace mlir::mg {

struct PipelineOptions {
  /// Sizes of symbolic dimensions, as "batch=8".
  std::vector<std::string> dims;
  /// Flags of passes to leave out, of those in optionalPasses().
  std::vector<std::string> disabled = {};
  /// Each op with arithmetic is a loop of its own; views are read where they
  /// are all the same. What fusion is measured against.
  bool apart = false;
  /// Says on functions (`mg.unfused`) what is not fused, and why.
  bool explain = false;
};

/// The flags of the passes that only make code better: a program means the same
/// without them.
std::vector<std::string> optionalPasses();

/// The levels `mg` to `grad`: static mg ops, no transformations left.
void buildGradPipeline(OpPassManager &manager, const PipelineOptions &options);
/// The levels `mg` to `simplified`: static mg ops without calls.
void buildSimplifyPipeline(OpPassManager &manager,
                           const PipelineOptions &options);
/// The levels `simplified` to `linalg`.
void buildLowerToLinalgPipeline(OpPassManager &manager,
                                const PipelineOptions &options = {});
/// Both.
void buildToLinalgPipeline(OpPassManager &manager,
                           const PipelineOptions &options);

/// Registers the passes, --mg-grad, --mg-simplify, --mg-simplified-to-linalg
/// and
/// --mg-to-linalg.
void registerPasses();

} // namespace mlir::mg

#endif // MG_PASSES_PIPELINE_H
