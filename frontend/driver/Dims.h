//===- Dims.h - sizes for dimensions that a model leaves open -------------===//
#ifndef MG_FRONTEND_DRIVER_DIMS_H
#define MG_FRONTEND_DRIVER_DIMS_H

#include "frontend/onnx/Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>
#include <vector>

namespace mg::driver {

/// A function that a user can call.
inline bool isEntry(mlir::func::FuncOp function) {
  return function.isPublic() && !function.isExternal();
}

/// `--dim batch=8`, `--dim batch=1,8` and `--shape x=8x64` as they are written.
/// Throws Failure (Usage) where one cannot be read.
onnx::OpenSizes openSizes(const std::vector<std::string> &dims,
                          const std::vector<std::string> &shapes);

/// The sizes of symbolic dimensions by name: from `--dim batch=8` directly,
/// from `--shape x=8x64` by the names in the type of input x. Throws Failure:
/// Usage where an option cannot be read or names nothing, Invalid where a
/// shape does not fit its input.
std::map<std::string, std::int64_t, std::less<>>
dimSizes(mlir::ModuleOp module, const std::vector<std::string> &dims,
         const std::vector<std::string> &shapes);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_DIMS_H
