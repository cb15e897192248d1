//===- ReadModel.h - a model file to a verified module --------------------===//
#ifndef MG_FRONTEND_DRIVER_READMODEL_H
#define MG_FRONTEND_DRIVER_READMODEL_H

#include "frontend/driver/Diagnostics.h"

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

/// Longer models keep their weights in the text, which is not how it is done.
constexpr std::size_t maxModelBytes = std::size_t(1) << 30;

/// Brackets nested deeper than this are refused before the parser, which
/// recurses, sees them.
constexpr int maxNesting = 256;

/// Maps the file, or reads all of stdin ("-").
ModelSource openModel(const std::string &path);

/// Parses text or bytecode, told apart by content, and verifies. Failures:
/// File where it cannot be parsed, Invalid where it cannot be verified. A
/// module without a name gets that of the file.
mlir::OwningOpRef<mlir::ModuleOp> readModel(const ModelSource &source,
                                            mlir::MLIRContext &context,
                                            const Diagnostics &diagnostics);

/// The deepest nesting of (), [], {} and <> outside of strings and comments.
int nestingOf(std::string_view text);

/// "dir/my-model.mlir" to "my_model", a name in C.
std::string modelName(std::string_view path);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_READMODEL_H
