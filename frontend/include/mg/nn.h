// Layers as plain structs: a struct of them is a tree of tensors. Each begins
// with `init(key, sizes...)`, PyTorch's default of the same layer unless it
// says otherwise, and is called like a function. Weights are (in, out), so that
// a layer is x w + b.
#pragma once
#include "mg/functional.h"
#include "mg/tree.h"

namespace mg::nn {

/// Layers that differ between the two take it as their last argument.
enum class Mode : std::uint8_t { train, eval };

/// x w + b, x (.., in).
struct Linear {
  Tensor w;                // (in, out)
  std::optional<Tensor> b; // (out)
  /// Both uniform in +-1 / sqrt(in).
  static Linear init(const Key &key, std::int64_t in, std::int64_t out,
                     bool bias = true, Where where = Where::current());
  Tensor operator()(Arg x) const;
};

/// Rows of a table, picked by integers.
struct Embedding {
  Tensor table; // (count, width)
  /// Normal.
  static Embedding init(const Key &key, std::int64_t count, std::int64_t width,
                        Where where = Where::current());
  Tensor operator()(Arg indices) const;
};

struct ConvShape {
  std::int64_t in, out;
  Shape kernel; // one size per dimension of space
  std::int64_t groups = 1;
  Shape stride = {}, padding = {}, dilation = {}; // empty: 1, 0, 1
  bool bias = true;
};
/// Over any number of dimensions: x (n, in, spatial..).
struct Conv {
  Tensor w;                // (out, in / groups, kernel..)
  std::optional<Tensor> b; // (out)
  Shape stride, padding, dilation;
  std::int64_t groups = 1;
  /// Both uniform in +-1 / sqrt(in / groups * kernel).
  static Conv init(const Key &key, const ConvShape &shape,
                   Where where = Where::current());
  Tensor operator()(Arg x) const;
};
/// The adjoint of a Conv: x (n, in, spatial..) becomes larger by the stride.
struct ConvTranspose {
  Tensor w;                // (in, out / groups, kernel..)
  std::optional<Tensor> b; // (out)
  Shape stride, padding, dilation;
  std::int64_t groups = 1;
  /// Both uniform in +-1 / sqrt(out / groups * kernel).
  static ConvTranspose init(const Key &key, const ConvShape &shape,
                            Where where = Where::current());
  Tensor operator()(Arg x) const;
};

/// The last axis normalised, times scale plus bias.
struct LayerNorm {
  Tensor scale, bias; // (width), 1 and 0
  float epsilon = 1e-5f;
  static LayerNorm init(std::int64_t width, Where where = Where::current());
  Tensor operator()(Arg x) const;
};
/// The last axis by its root mean square, times scale.
struct RMSNorm {
  Tensor scale; // (width), 1
  float epsilon = 1e-6f;
  static RMSNorm init(std::int64_t width, Where where = Where::current());
  Tensor operator()(Arg x) const;
};
/// x (n, c, ..) in groups of channels.
struct GroupNorm {
  Tensor scale, bias; // (c), 1 and 0
  std::int64_t groups = 1;
  float epsilon = 1e-5f;
  static GroupNorm init(std::int64_t groups, std::int64_t channels,
                        Where where = Where::current());
  Tensor operator()(Arg x) const;
};
/// x (n, c, ..) per channel: `auto [y, next] = norm(x, mode)`. To train
/// normalises by the batch, and `next` has the running statistics moved
/// towards its own (the variance divided by n - 1); to evaluate uses them.
struct BatchNorm {
  Tensor scale, bias;               // (c), 1 and 0
  Tensor running_mean, running_var; // (c), 0 and 1; no gradient
  float momentum = 0.1f, epsilon = 1e-5f;
  static BatchNorm init(std::int64_t channels, Where where = Where::current());
  std::pair<Tensor, BatchNorm> operator()(Arg x, Mode mode) const;
};
/// `tree` with the running statistics of `from`: those of the forward pass
/// after an optimizer's update.
template <class T> T with_statistics(T tree, const T &from) {
  const Leaves other = flatten(from);
  std::size_t i = 0;
  for_each_leaf(tree, [&](const std::string &path, Tensor &t) {
    if (path.ends_with("running_mean") || path.ends_with("running_var"))
      t = other.at(i);
    ++i;
  });
  return tree;
}

/// To train, each element is 0 with probability `rate`, else x / (1 - rate).
struct Dropout {
  float rate = 0.5f;
  Tensor operator()(Arg x, const Key &key, Mode mode) const;
};

struct AttentionShape {
  std::int64_t width;   // of x and of the result
  int heads;            // of the queries
  int shared_heads = 0; // of keys and values; 0: as many
  bool bias = true;
};
/// Attention over x (n, length, width) with one projection of queries, keys and
/// values, and one of the result.
struct MultiHeadAttention {
  Linear in;  // (width, (heads + 2 shared) head width): queries, keys, values
  Linear out; // (heads * head width, width)
  int heads = 1, shared_heads = 1;
  /// `in` Xavier uniform, its bias and that of `out` 0.
  static MultiHeadAttention init(const Key &key, const AttentionShape &shape,
                                 Where where = Where::current());
  /// Of x to itself.
  Tensor operator()(Arg x, const AttentionOptions &options = {}) const;
  /// Of x to others: keys and values come from `context` (n, length, width).
  Tensor operator()(Arg x, Arg context,
                    const AttentionOptions &options = {}) const;
};

/// One step; all weights uniform in +-1 / sqrt(hidden). The bias is the sum of
/// PyTorch's two.
struct LSTMCell {
  Linear input; // (in, 4 hidden): input, forget, cell, output gate
  Tensor u;     // (hidden, 4 hidden)
  static LSTMCell init(const Key &key, std::int64_t in, std::int64_t hidden,
                       Where where = Where::current());
  /// Zeros for a batch of n.
  LSTMState start(std::int64_t n) const;
  LSTMState operator()(Arg x, const LSTMState &state) const;
};
struct GRUCell {
  Linear input;  // (in, 3 hidden): reset, update, new
  Linear hidden; // (hidden, 3 hidden)
  static GRUCell init(const Key &key, std::int64_t in, std::int64_t hidden,
                      Where where = Where::current());
  Tensor start(std::int64_t n) const;
  Tensor operator()(Arg x, Arg h) const;
};

/// A cell over a sequence: x (n, length, in) to the states h after each step
/// (n, length, hidden), and the last state. Begins with zeros, or where told.
struct LSTM {
  LSTMCell cell;
  static LSTM init(const Key &key, std::int64_t in, std::int64_t hidden,
                   Where where = Where::current());
  std::pair<Tensor, LSTMState>
  operator()(Arg x, const std::optional<LSTMState> &start = {}) const;
};
struct GRU {
  GRUCell cell;
  static GRU init(const Key &key, std::int64_t in, std::int64_t hidden,
                  Where where = Where::current());
  std::pair<Tensor, Tensor>
  operator()(Arg x, const std::optional<Tensor> &start = {}) const;
};

/// Layers one after the other: `sequential(fc1, &relu, fc2)`.
template <class... L> struct Sequential {
  std::tuple<L...> layers;
  Tensor operator()(Arg x) const {
    return std::apply(
        [&](const auto &...layer) {
          Arg at = x;
          ((at = Arg(layer(at), x.where)), ...);
          return at.tensor;
        },
        layers);
  }
};
template <class... L> Sequential<L...> sequential(L... layers) {
  return {{std::move(layers)...}};
}

} // namespace mg::nn
