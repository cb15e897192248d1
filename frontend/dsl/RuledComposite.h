//===- RuledComposite.h - a composite of functions that are traced --------===//
#ifndef MG_FRONTEND_DSL_RULED_COMPOSITE_H
#define MG_FRONTEND_DSL_RULED_COMPOSITE_H

#include "frontend/dsl/Emit.h"

#include <optional>

namespace mg::detail {

/// The functions of a composite, as `composite` takes their bodies.
struct CompositeFunctions {
  Function body;
  std::optional<Function> forward = {}, backward = {};
};

/// Makes the functions fit each other (captures, residuals) and emits the op;
/// fails where a rule returns something else than a rule should.
Tensors emitComposite(const char *name, const Tensors &operands,
                      const Attrs &attributes, CompositeFunctions functions);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_RULED_COMPOSITE_H
