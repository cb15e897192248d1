//===- Attention.h - what attention and its derivative share --------------===//
#ifndef MG_FRONTEND_DSL_ATTENTION_H
#define MG_FRONTEND_DSL_ATTENTION_H

#include "frontend/dsl/Emit.h"
#include "mg/functional.h"

namespace mg::detail {

/// One attention: q (b.., h, l, d), k (b.., g, s, d), v (b.., g, s, e).
struct Attending {
  Shape scores = {};            // (b.., h, l, s)
  std::int64_t sharedHeads = 1; // g
  DType accumulator = DType::f32;
  double scale = 1;
  bool causal = false;

  /// (b.., h, l, n) as (b.., g, h / g * l, n): rows beside a head of k.
  Tensor rows(const Tensor &x) const;
  /// Back: (b.., g, h / g * l, width) as (b.., h, l, width).
  Tensor heads(const Tensor &x, std::int64_t width) const;
  /// q kT * scale, masked (`mask` may be empty), in the accumulator's dtype.
  Tensor scoresOf(const Tensor &q, const Tensor &k, const Tensor &mask) const;
};

/// Products of matrices, the leading dimensions alike; lhs and rhs say which of
/// the last two dimensions is summed over. The result is of `dtype`.
Tensor batchedDot(const Tensor &a, const Tensor &b, int lhs, int rhs,
                  DType dtype);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_ATTENTION_H
