//===- CompositeRules.h - derivatives of composites, by hand --------------===//
//
// Where the body's own derivative would keep more, or round worse. `body` is
// the composite's: the way there is that, and what it leaves for the way back.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_COMPOSITERULES_H
#define MG_FRONTEND_DSL_COMPOSITERULES_H

#include "frontend/dsl/Attention.h"
#include "frontend/dsl/Promote.h"

namespace mg::detail {

/// Keeps the result.
Rule softmaxRule(const Trace::Body &body, int axis);
/// Keeps x and the result.
Rule logsumexpRule(const Trace::Body &body, int axis);
/// Keeps logits, labels and a number per row.
Rule crossEntropyRule();

/// What a row (or whatever lies along `axes`) is normalised by; both with those
/// axes of size 1, in the wide dtype.
struct Moments {
  Tensor mean, rstd;
};
Moments momentsOf(const Tensor &x, const Axes &axes, double epsilon);
/// Keeps x, scale and the moments.
Rule layerNormRule(const Trace::Body &body, double epsilon);
/// Keeps x, scale and 1 / sqrt(mean(x * x) + epsilon).
Rule rmsNormRule(const Trace::Body &body, double epsilon);
/// Of (y, mean, variance), along `axes`, the parameters being (c) for axis 1.
/// Keeps x, scale and the moments.
Rule batchNormRule(const Trace::Body &body, const Axes &axes, double epsilon);

/// The sum over what `shape` was broadcast along to become x's, as `shape`.
Tensor sumTo(const Tensor &x, const Shape &shape);

/// Attention with one number per query beside the result: the logarithm of the
/// sum of its weights, +inf where it looks at nothing.
Tensors attend(const Attending &how, const Tensors &in);
/// Keeps q, k, v, mask, the result and those numbers; computes the weights
/// again.
Rule attentionRule(const Attending &how);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_COMPOSITERULES_H
