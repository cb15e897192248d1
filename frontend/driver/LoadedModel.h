//===- LoadedModel.h - a model, read, and what its compilation needs ------===//
#ifndef MG_FRONTEND_DRIVER_LOADEDMODEL_H
#define MG_FRONTEND_DRIVER_LOADEDMODEL_H

#include "frontend/driver/Options.h"
#include "frontend/driver/ReadModel.h"
#include "frontend/driver/Weights.h"
#include "frontend/jit/Program.h"

namespace mg::driver {

/// Lives in the child process that does the work of a verb.
struct LoadedModel {
  const Options &options;
  mlir::MLIRContext context;
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Weights weights;
  CompileOptions compile;
  codegen::TimeReport times;

  /// Reads the model and drops the entries that `--entry` does not name.
  LoadedModel(const Options &options, const ModelSource &source);

  /// Compiles a copy of the module in memory for `level`.
  std::shared_ptr<Program> load(const std::string &level);
  /// Consumes `part`, a module made from this one.
  std::shared_ptr<Program> load(mlir::OwningOpRef<mlir::ModuleOp> part,
                                const std::string &level);

  /// From now on weights are random where no file has them: for verbs that
  /// measure or compare.
  void inventWeights();

  eager::WeightLookup weightLookup() const;
  /// Throws Failure (Unsupported) where the model was given at a level below
  /// those that the eager mode runs.
  void checkEager();

private:
  mlir::OwningOpRef<mlir::ModuleOp> read(const ModelSource &source);

  llvm::StringMap<eager::Array> invented;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_LOADEDMODEL_H
