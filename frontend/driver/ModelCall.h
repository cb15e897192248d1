//===- ModelCall.h - a compiled model called by its descriptor ------------===//
#ifndef MG_FRONTEND_DRIVER_MODELCALL_H
#define MG_FRONTEND_DRIVER_MODELCALL_H

#include "frontend/io/NamedArrays.h"
#include "minigrad/model.h"

#include <vector>

namespace mg::driver {

/// For whoever has the descriptor and no compiler.
class ModelCall {
public:
  /// Binds the weights that the model keeps outside; throws Failure where one
  /// is missing (File) or has another type (Invalid).
  ModelCall(const mg_model &model, const io::NamedArrays &weights);

  /// The inputs have the types that the entry wants. Returns a mg_status; the
  /// outputs are fresh.
  int operator()(int entry, const std::vector<eager::Array> &inputs,
                 std::vector<eager::Array> &outputs, mg_pool *pool) const;

private:
  const mg_model &model;
  /// Row-major, in the descriptor's order.
  std::vector<eager::Array> weights;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_MODELCALL_H
