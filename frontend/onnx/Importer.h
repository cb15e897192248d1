//===- Importer.h - an ONNX model as a module of the dialect --------------===//
#ifndef MG_FRONTEND_ONNX_IMPORTER_H
#define MG_FRONTEND_ONNX_IMPORTER_H

#include "frontend/io/NamedArrays.h"
#include "frontend/onnx/Document.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mg::onnx {

/// Sizes for the dimensions that a model leaves open: by their symbols, and of
/// whole inputs.
struct OpenSizes {
  std::map<std::string, std::int64_t, std::less<>> dims = {};
  std::map<std::string, Shape, std::less<>> shapes = {};
};

struct Imported {
  /// One entry, `infer`: inputs and results have the graph's names.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Of the module's weights: initializers by their names, where the file has
  /// them, and what was computed of them at import.
  io::NamedArrays weights = {};
};

/// The type of one input as a spec, its open dimensions fixed. Throws
/// io::FileError: MG_ERROR_SHAPE where a size is missing or does not fit,
/// MG_ERROR_UNSUPPORTED where it is no tensor of ours.
Tensor inputSpec(const Document &document, const ValueInfo &input,
                 const OpenSizes &sizes);

/// The module `name`, in a context that has the dialects loaded. Operators that
/// we do not have are errors of the context, all of them, and the answer is
/// failure; whatever else is wrong is thrown as by Interpreter.
mlir::FailureOr<Imported> importModel(const Document &document,
                                      const OpenSizes &sizes,
                                      const std::string &name,
                                      mlir::MLIRContext *context);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_IMPORTER_H
