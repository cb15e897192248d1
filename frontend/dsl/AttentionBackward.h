//===- AttentionBackward.h - the way back through attention ---------------===//
#ifndef MG_FRONTEND_DSL_ATTENTIONBACKWARD_H
#define MG_FRONTEND_DSL_ATTENTIONBACKWARD_H

#include "frontend/dsl/Attention.h"

namespace mg::detail {

/// What the way there leaves: its operands (`mask` may be empty), its result
/// and, per query, the logarithm of the sum of its weights; and a cotangent.
struct AttentionKept {
  Tensor q, k, v, mask, out, total, cotangent;
};

/// Of q, k, v, and of a mask that is added.
Tensors attentionBackward(const Attending &how, const AttentionKept &at);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_ATTENTIONBACKWARD_H
