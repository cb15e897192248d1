//===- Subprogram.h - a traced function of trees --------------------------===//
//
// Trees have empty leaves, functions of the IR have not: a Subprogram knows
// which leaves are there.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_SUBPROGRAM_H
#define MG_FRONTEND_DSL_SUBPROGRAM_H

#include "frontend/dsl/Trace.h"
#include "mg/transforms.h"

namespace mg::detail {

struct Subprogram {
  Function function;
  /// Per leaf of the result: whether it is there.
  std::vector<bool> present;
};

/// The leaves that are there.
Tensors presentOf(const Leaves &leaves);
/// `values` at the leaves that are there.
Leaves spreadOver(const std::vector<bool> &present, const Tensors &values);
/// Their types.
std::vector<Spec> specsOf(mlir::TypeRange types);

/// Traces `body`, of leaves like `like`, into a function of `trace`.
Subprogram traceFunction(Trace &trace, const std::string &name, bool isPublic,
                         const Leaves &like,
                         const std::vector<std::string> &names,
                         const Where &where, const Body &body);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_SUBPROGRAM_H
