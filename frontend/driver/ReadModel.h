//===- ReadModel.h - a model file to a verified module --------------------===//
#ifndef MG_FRONTEND_DRIVER_READMODEL_H
#define MG_FRONTEND_DRIVER_READMODEL_H

#include "frontend/driver/Diagnostics.h"
#include "frontend/driver/Options.h"
#include "frontend/io/NamedArrays.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <string>
#include <string_view>

namespace mg::driver {

/// The bytes of a model, not looked at yet.
struct ModelSource {
  /// For errors; "<stdin>" for "-".
  std::string path;
  std::shared_ptr<void> owner;
  std::string_view bytes;
};

/// Longer texts keep their weights in them, which is not how it is done.
constexpr std::size_t maxTextBytes = std::size_t(1) << 30;
/// Protobuf's own limit.
constexpr std::size_t maxModelBytes = std::size_t(1) << 31;

/// Brackets nested deeper than this are refused before the parser, which
/// recurses, sees them.
constexpr int maxNesting = 256;

/// Maps the file, or reads all of stdin ("-").
ModelSource openModel(const std::string &path);

/// A model as it was read.
struct ReadModel {
  /// Verified; without open dimensions where the model was ONNX.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Those that lie in the model's own file, or beside it as the file says.
  io::NamedArrays weights = {};
  bool isOnnx = false;
};

/// Reads MLIR's text or bytecode or ONNX, told apart by content, and verifies.
/// Failures: File where it cannot be parsed, Invalid where it cannot be
/// verified, Unsupported where ONNX means what we cannot do. A module without a
/// name gets that of the file. `options` give sizes to what ONNX leaves open.
ReadModel readModel(const ModelSource &source, const Options &options,
                    mlir::MLIRContext &context, const Diagnostics &diagnostics);

/// The deepest nesting of (), [], {} and <> outside of strings and comments.
int nestingOf(std::string_view text);

/// "dir/my-model.mlir" to "my_model", a name in C.
std::string modelName(std::string_view path);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_READMODEL_H
