//===- Attention.h - what attention and its derivative share --------------===//
#ifndef MG_FRONTEND_DSL_ATTENTION_H
#define MG_FRONTEND_DSL_ATTENTION_H

#include "frontend/dsl/Emit.h"
#include "mg/functional.h"

namespace mg::detail {

/// One attention: q (b.., h, l, d), k (b.., g, s, d), v (b.., g, s, e). Query
/// heads that share a head of keys are rows beside it, so that k is never
/// repeated; rows are not merged, so that scores are never reshaped:
///
///   shared heads   q (b.., g, h / g, l, d)   scores (b.., g, h / g, l, s)
struct Attending {
  Shape scores = {};
  /// Dimensions before the rows: b.. and g.
  int batch = 0;
  DType accumulator = DType::f32;
  double scale = 1;
  bool causal = false;
  /// The number of the first query, for the mask of `causal`.
  std::int64_t first = 0;

  /// (b.., h, l, n) with its heads as above.
  Tensor rows(const Tensor &x) const;
  /// A mask, which is broadcast to (b.., h, l, s), with its heads as above.
  Tensor maskRows(const Tensor &mask) const;
  /// q kT * scale, masked (`mask` may be empty), in the accumulator's dtype.
  Tensor scoresOf(const Tensor &q, const Tensor &k, const Tensor &mask) const;
  /// Each row (.., n) times a head's matrix, of which `dim` (0 or 1) is summed.
  Tensor times(const Tensor &rows, const Tensor &matrix, int dim,
               DType dtype) const;
  /// The sum over rows of what two have: (b.., g, m, n).
  Tensor overRows(const Tensor &a, const Tensor &b) const;
};

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_ATTENTION_H
