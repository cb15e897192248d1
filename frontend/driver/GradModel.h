//===- GradModel.h - the verb grad ----------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_GRADMODEL_H
#define MG_FRONTEND_DRIVER_GRADMODEL_H

#include "frontend/driver/CompileModel.h"

namespace mg::driver {

struct GradOptions {
  /// Inputs or weights of the entry.
  std::vector<std::string> wrt;
  /// An output; may be empty where there is one.
  std::string loss;
};

/// Adds the entry ENTRY_grad to the model, which takes the inputs of ENTRY and
/// returns its outputs, then `grad.NAME` for each NAME of `wrt`; writes the
/// model as compile does.
Exit gradModel(const Options &options, const ModelSource &source,
               const GradOptions &grad, const std::string &out,
               const OutputPlan &plan);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_GRADMODEL_H
