//===- Oracle.h - what the eager mode says of a model ---------------------===//
#ifndef MG_FRONTEND_DRIVER_ORACLE_H
#define MG_FRONTEND_DRIVER_ORACLE_H

#include "frontend/driver/LoadedModel.h"

namespace mg::driver {

/// Runs the entries of a model op by op, by the runtime's kernels.
class Oracle {
public:
  /// `model` must outlive this. Throws Failure where the eager mode has no
  /// execution of an op.
  explicit Oracle(LoadedModel &model);

  std::vector<eager::Array> run(const mg_entry &entry,
                                const std::vector<eager::Array> &inputs,
                                mg_pool *pool) const;

  mlir::ModuleOp module() const { return *ops; }

private:
  LoadedModel &model;
  mlir::OwningOpRef<mlir::ModuleOp> ops;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_ORACLE_H
