//===- Composites.h - what functions over the ops begin with --------------===//
#ifndef MG_FRONTEND_DSL_COMPOSITES_H
#define MG_FRONTEND_DSL_COMPOSITES_H

#include "frontend/dsl/Autocast.h"
#include "frontend/dsl/Promote.h"

namespace mg::detail {

/// x as a float, in the dtype in which `op` takes it.
inline Tensor real(const char *op, const Arg &x) {
  return cast(x.tensor, autocastTo(op, floating(specOf(x.tensor).dtype)));
}
inline Attrs axisAttribute(int axis) {
  return Attrs().set("axis", std::int64_t(axis));
}
inline Attrs realAttribute(const char *name, double value) {
  return Attrs().set(name,
                     mlir::Builder(currentContext()).getF64FloatAttr(value));
}

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_COMPOSITES_H
