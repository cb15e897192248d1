//===- Importer.h - an ONNX model as a module of the dialect --------------===//
#ifndef MG_FRONTEND_ONNX_IMPORTER_H
#define MG_FRONTEND_ONNX_IMPORTER_H

#include "frontend/io/NamedArrays.h"
#include "frontend/onnx/Document.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mg::onnx {

/// Sizes for the dimensions that a model leaves open: by their symbols (several
/// where the model is wanted for each of them), and of whole inputs.
struct OpenSizes {
  std::map<std::string, std::vector<std::int64_t>, std::less<>> dims = {};
  std::map<std::string, Shape, std::less<>> shapes = {};
};

struct ImportOptions {
  OpenSizes sizes = {};
  /// Initializers that stay weights of the module whatever their size, and are
  /// not computed with at import: those that somebody derives by.
  std::vector<std::string> kept = {};
  /// Inputs that are constants of the program, and no inputs any more: an
  /// operator may have to know one before the model runs.
  std::map<std::string, Tensor, std::less<>> constants = {};
};

struct Imported {
  /// The entry `infer`: inputs and results have the graph's names. Where a
  /// dimension has several sizes there is one for each combination,
  /// `infer_batch8`, with the attributes `mg.variant` ("infer") and `mg.sizes`.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Of the module's weights: initializers by their names, where the file has
  /// them, and what was computed of them at import.
  io::NamedArrays weights = {};
};

/// More combinations of sizes are refused.
inline constexpr std::size_t maxVariants = 64;

/// The module `name`, in a context that has the dialects loaded. Operators that
/// we do not have are errors of the context, all of them, and the answer is
/// failure; whatever else is wrong is thrown as by Interpreter, and
/// MG_ERROR_SHAPE where the size of an input is missing or does not fit.
mlir::FailureOr<Imported> importModel(const Document &document,
                                      const ImportOptions &options,
                                      const std::string &name,
                                      mlir::MLIRContext *context);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_IMPORTER_H
