//===- BisectModel.h - the verb bisect ------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_BISECTMODEL_H
#define MG_FRONTEND_DRIVER_BISECTMODEL_H

#include "frontend/driver/LoadedModel.h"

#include <cstdint>

namespace mg::driver {

struct BisectOptions {
  /// Of the random inputs.
  std::uint64_t seed = 1;
  /// NAME=VALUE or @SET; what is not given is random.
  std::vector<std::string> inputs;
  /// The reduced program, .mlir; its inputs go beside it, .npz. Empty: named
  /// after the model.
  std::string out;
};

/// Finds the first op, in program order, after which compiled values leave the
/// eager ones, and the fewest ops before it that are needed for that.
/// Exit::Differs where there is one.
Exit bisectModel(const Options &options, const ModelSource &source,
                 const BisectOptions &bisect);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_BISECTMODEL_H
