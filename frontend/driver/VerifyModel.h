//===- VerifyModel.h - the verb verify ------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_VERIFYMODEL_H
#define MG_FRONTEND_DRIVER_VERIFYMODEL_H

#include "frontend/driver/LoadedModel.h"

#include <cstdint>

namespace mg::driver {

struct VerifyOptions {
  /// Round r draws its inputs from seed + r.
  std::uint64_t seed = 1;
  int rounds = 3;
  /// NAME=VALUE or @SET; what is not given is random.
  std::vector<std::string> inputs;
};

/// True where no op of the module does more than move elements or compute each
/// on its own.
bool isElementwise(mlir::ModuleOp module);

/// Compiled code against the eager mode, entry by entry and CPU level by
/// level, on random inputs. Where an entry holds only elementwise ops and
/// views the bits must be equal; else the dtype's default tolerance applies.
Exit verifyModel(const Options &options, const ModelSource &source,
                 const VerifyOptions &verify);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_VERIFYMODEL_H
