//===- RunModel.h - the verb run ------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_RUNMODEL_H
#define MG_FRONTEND_DRIVER_RUNMODEL_H

#include "frontend/driver/LoadedModel.h"
#include "frontend/driver/RunEntry.h"

namespace mg::driver {

/// Compiles in memory, or loads a shared library made by `compile`, and runs
/// one entry.
Exit runModel(const Options &options, const ModelSource &source,
              const RunOptions &run);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_RUNMODEL_H
