//===- Oracle.cpp - what the eager mode says of a model -------------------===//
#include "frontend/driver/Oracle.h"

namespace mg::driver {

Oracle::Oracle(LoadedModel &model) : model(model), ops(model.module->clone()) {
  model.checkEager();
  // The eager mode computes with sizes, not with names of sizes, and with
  // derivatives, not with what asks for them.
  if (mlir::failed(expandTransforms(*ops, model.compile)))
    model.diagnostics.fail(Exit::Invalid);
}

std::vector<eager::Array> Oracle::run(const mg_entry &entry,
                                      const std::vector<eager::Array> &inputs,
                                      mg_pool *pool) const {
  auto results =
      eager::interpret(*ops, entry.name, inputs, model.weightLookup(), pool);
  if (mlir::failed(results))
    model.diagnostics.fail(Exit::Run);
  return *results;
}

} // namespace mg::driver
