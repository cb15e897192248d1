//===- PreparedCall.h - a compiled entry with its memory at hand ----------===//
#ifndef MG_FRONTEND_DRIVER_PREPAREDCALL_H
#define MG_FRONTEND_DRIVER_PREPAREDCALL_H

#include "frontend/driver/LoadedModel.h"

namespace mg::driver {

/// For measurements: a call of this costs what the entry costs. Inputs are
/// copied once; what an output updates goes on from its last value.
class PreparedCall {
public:
  /// Outputs begin as bytes 0xff: not a number, where they are floats.
  PreparedCall(std::shared_ptr<Program> program, int entry,
               const std::vector<eager::Array> &inputs);

  /// A mg_status.
  int operator()(mg_pool *pool) const;
  const std::vector<eager::Array> &outputs() const { return results; }
  /// Workspace, and outputs that update no input.
  std::size_t bytes() const;

private:
  const mg_entry &entry() const { return program->model().entries[index]; }

  std::shared_ptr<Program> program;
  int index;
  std::vector<eager::Array> inputArrays, results;
  std::vector<const void *> inputPointers;
  std::vector<void *> outputPointers;
  eager::Array workspace;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_PREPAREDCALL_H
