//===- Weights.h - where the weights of a model come from -----------------===//
#ifndef MG_FRONTEND_DRIVER_WEIGHTS_H
#define MG_FRONTEND_DRIVER_WEIGHTS_H

#include "frontend/eager/Execute.h"
#include "frontend/io/NamedArrays.h"

#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace mg::driver {

/// The weights that `--weights` names, or those of the safetensors file that
/// lies beside the model under its name (mlp.mlir, mlp.safetensors).
class Weights {
public:
  /// `options` are "embed" and at most one file.
  Weights(const std::vector<std::string> &options, const std::string &model);

  /// Takes those that the model's own file holds, unless a file of weights was
  /// named.
  void adopt(io::NamedArrays own, const std::string &model);

  /// Throws where a weight of the module is in no file (Usage, File) or has
  /// another type there (Invalid).
  void check(mlir::ModuleOp module) const;

  /// Whether they lie in the model's own file: what is compiled of it finds
  /// them nowhere else.
  bool areOwn() const { return own; }
  /// Whether an artefact keeps them in itself: as asked, else where they are
  /// few (architecture: below 1 MiB).
  bool embedded() const;
  /// False where no file was named or found: they come when the model runs.
  bool available() const { return !path.empty(); }

  /// Without data where there is none of the name.
  eager::Array find(llvm::StringRef name) const;
  /// Row-major bytes; empty where there is none of the name.
  llvm::ArrayRef<char> bytes(llvm::StringRef name) const;

private:
  void take(io::NamedArrays arrays);

  std::string path;
  bool embed = false, named = false, own = false;
  llvm::StringMap<eager::Array> arrays;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_WEIGHTS_H
