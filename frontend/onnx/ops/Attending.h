//===- Attending.h - what operators of attention share --------------------===//
#ifndef MG_FRONTEND_ONNX_OPS_ATTENDING_H
#define MG_FRONTEND_ONNX_OPS_ATTENDING_H

#include "frontend/onnx/Operators.h"

namespace mg::onnx {

/// (batch, length, heads * width) as (batch, heads, length, width).
Tensor splitHeads(const Call &call, const Tensor &x, std::int64_t heads);
/// The way back.
Tensor joinHeads(const Tensor &x);

/// Where each query may look, (.., queries, keys): query i, which stands at
/// place offset + i, at keys up to its own place, and those not too far from
/// it; -1: as far as there are any. The offset is a scalar or one for each
/// example, (batch, 1, 1, 1).
Tensor nearMask(std::int64_t queries, std::int64_t keys, const Tensor &offset,
                std::int64_t before, std::int64_t after);

/// What is added to scores (.., queries, keys), and where one may look: either
/// may be empty.
struct Mask {
  Tensor bias, allowed;
  /// Also not where this says no; empty is everywhere.
  void restrict(const Tensor &more);
};

struct AttentionForm {
  double scale = 0;
  /// Scores are softcap * tanh(score / softcap) where it isn't 0.
  double softcap = 0;
  /// Query i at keys 0..i; besides the mask.
  bool causal = false;
  /// 1 more in the softmax' sum: a key whose score is 0 and value is 0.
  bool hasSink = false;
  /// Scores of that key, one for each head, (heads, 1, 1).
  Tensor sink = {};
  /// Which scores to give back: 0 as multiplied, 1 capped, 2 with the mask, 3
  /// after the softmax; -1 none.
  int wanted = -1;
};
struct Attended {
  Tensor y, scores;
};
/// Attention of q (batch, heads, queries, width) to k and v (batch, shared
/// heads, keys, width). A query that may look at nothing gives 0.
Attended attend(const Call &call, const Tensor &q, const Tensor &k,
                const Tensor &v, const Mask &mask, const AttentionForm &form);

struct Rotation {
  /// (places, half) with positions (batch, length), or (batch, length, half)
  /// without.
  Tensor cos, sin, positions;
  bool interleaved = false;
};
/// x (batch, heads, length, width) with the first 2 * half elements of each row
/// turned, pair by pair.
Tensor rotated(const Call &call, const Tensor &x, const Rotation &rotation);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPS_ATTENDING_H
