// What layers compute, as functions: normalisation with statistics, attention,
// pooling, dropout, recurrent cells. The larger ones are composites.
#pragma once
#include <optional>

#include "mg/composite.h"
#include "mg/random.h"

namespace mg {

struct BatchStatistics {
  Tensor y;
  Tensor mean, variance; // per channel, the variance divided by n
};
/// x (n, c, ..) normalised over all but axis 1 by its own statistics, times
/// scale plus bias (c).
BatchStatistics batch_norm(Arg x, Arg scale, Arg bias, float epsilon = 1e-5f);
/// The same by given statistics (c).
Tensor batch_norm(Arg x, Arg scale, Arg bias, Arg mean, Arg variance,
                  float epsilon = 1e-5f);
/// x (n, c, ..) normalised over groups of c / groups channels of one example,
/// times scale plus bias (c).
Tensor group_norm(Arg x, std::int64_t groups, Arg scale, Arg bias,
                  float epsilon = 1e-5f);

struct AttentionOptions {
  /// What to look at: b1 (true: yes) or added to the scores; broadcast to
  /// (.., heads, queries, keys).
  std::optional<Tensor> mask = {};
  /// Query i looks at keys 0..i only.
  bool causal = false;
  /// Of the scores; 1 / sqrt(width) where not given.
  std::optional<float> scale = {};
};
/// softmax(q kT * scale + mask) v, for q (.., h, l, d), k (.., g, s, d) and
/// v (.., g, s, e) -> (.., h, l, e); of h query heads h / g share a head of k
/// and v. Scores are f32; a query that may look at nothing gives 0.
Tensor scaled_dot_product_attention(Arg q, Arg k, Arg v,
                                    const AttentionOptions &options = {});

enum class Rope : std::uint8_t { halves, interleaved };
/// Rotary positions: pairs of x (.., l, d), (i, i + d / 2) or (2 i, 2 i + 1),
/// turned by positions * base^(-2 i / d). `positions` broadcast to (.., l).
Tensor rope(Arg x, Arg positions, float base = 10000,
            Rope pairs = Rope::halves);

struct PoolOptions {
  Shape window;      // one size per dimension of space, the last ones of x
  Shape stride = {}; // empty: the window's size
  Shape low = {}, high = {}; // padding; empty: none
  Shape dilation = {};       // empty: 1
};
/// x (n, c, spatial..); padding never is the maximum.
Tensor max_pool(Arg x, const PoolOptions &options);
enum class Padding : std::uint8_t { counted, ignored };
/// The mean of each window; of elements of the padding as zeros, or without.
Tensor avg_pool(Arg x, const PoolOptions &options,
                Padding padding = Padding::counted);

/// Each element 0 with probability `rate`, else x / (1 - rate).
Tensor dropout(Arg x, const Key &key, float rate);

struct LSTMState {
  Tensor h, c;
};
/// One step of a long short-term memory: gates (input, forget, cell, output) of
/// `projected` (n, 4 h) = x w + b, plus h u (h, 4 h).
LSTMState lstm_cell(Arg projected, const LSTMState &state, Arg u);
/// One step of a gated recurrent unit: gates (reset, update, new) of
/// `projected` (n, 3 h) = x w + b and h u + v, u (h, 3 h), v (3 h).
Tensor gru_cell(Arg projected, Arg h, Arg u, Arg v);

} // namespace mg
