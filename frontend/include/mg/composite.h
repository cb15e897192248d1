// Composites: functions over the ops. In a trace the larger ones keep their
// name (`mg.composite`), so that code generation may know them.
#pragma once
#include "mg/ops.h"

namespace mg {

Tensor asin(Arg x);
Tensor acos(Arg x);
Tensor sinh(Arg x);
Tensor cosh(Arg x);
Tensor asinh(Arg x);
Tensor acosh(Arg x);
Tensor atanh(Arg x);

Tensor relu(Arg x);
Tensor leaky_relu(Arg x, float slope = 0.01f);
Tensor elu(Arg x, float alpha = 1);
enum class Gelu : std::uint8_t { erf, tanh };
Tensor gelu(Arg x, Gelu form = Gelu::erf);
/// x * sigmoid(x).
Tensor silu(Arg x);
/// log(1 + exp(x)), without overflow.
Tensor softplus(Arg x);
Tensor log_sigmoid(Arg x);

/// exp(x) / sum(exp(x)) along `axis`, shifted by the maximum.
Tensor softmax(Arg x, int axis = -1);
Tensor log_softmax(Arg x, int axis = -1);
/// log(sum(exp(x))) along `axis`, shifted by the maximum.
Tensor logsumexp(Arg x, int axis = -1, bool keep = false);

/// (x - mean) / sqrt(var + epsilon) along the last axis, times scale plus bias
/// of that axis' size.
Tensor layer_norm(Arg x, Arg scale, Arg bias, float epsilon = 1e-5f);
/// x / sqrt(mean(x * x) + epsilon) along the last axis, times scale.
Tensor rms_norm(Arg x, Arg scale, float epsilon = 1e-6f);

/// logits (.., k), integer labels (..) -> (..): -log(softmax(logits)[label]). A
/// label outside [0, k) picks 0: logsumexp(logits).
Tensor cross_entropy(Arg logits, Arg labels);
/// 1 where the last axis' index is the integer in x, else 0; zeros for others.
Tensor one_hot(Arg x, std::int64_t classes, DType dtype = DType::f32);

} // namespace mg
