//===- Gather.h - elements at places that are computed --------------------===//
#ifndef MG_FRONTEND_DSL_GATHER_H
#define MG_FRONTEND_DSL_GATHER_H

#include "frontend/dsl/Promote.h"

namespace mg::detail {

/// `x` as indices: i32 or i64; fails for floats and truth values.
Tensor asIndex(const Tensor &x);

/// Integer arrays in place of some dimensions of x, as NumPy's advanced
/// indexing: the arrays broadcast together to a shape s, which stands in the
/// result where the first of `dims` stood if `dims` follow each other, else at
/// the front. Negative indices count from the end.
class GatherPlan {
public:
  /// `dims` ascend; one array for each.
  GatherPlan(const Tensor &x, std::vector<std::int64_t> dims,
             const Tensors &arrays);
  Tensor gather() const;
  /// x with `v`, which broadcasts to the gather's shape, put in there.
  Tensor scatter(const Arg &v, mlir::mg::ScatterMode mode) const;

private:
  /// The gather op gives (s.., other dims of x): where each dimension of the
  /// result lies in that.
  std::vector<int> order() const;

  Tensor x;
  std::vector<std::int64_t> dims;
  Tensor indices; // (s.., K)
};

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_GATHER_H
