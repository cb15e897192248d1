// A decoder transformer over bytes: blocks of causal attention and a small
// network, each behind a norm and added to its input.
#pragma once
#include <mg/mg.h>

#include <vector>

struct Sizes {
  std::int64_t width = 128, layers = 4, window = 128;
  int heads = 4;
};

struct Block {
  mg::nn::LayerNorm before_attention, before_network;
  mg::nn::MultiHeadAttention attention;
  mg::nn::Linear up, down;

  static Block init(const mg::Key &key, const Sizes &sizes) {
    using namespace mg::nn;
    const std::int64_t width = sizes.width;
    return {LayerNorm::init(width), LayerNorm::init(width),
            MultiHeadAttention::init(key.fold(0),
                                     {.width = width, .heads = sizes.heads}),
            Linear::init(key.fold(1), width, 4 * width),
            Linear::init(key.fold(2), 4 * width, width)};
  }
  mg::Tensor operator()(mg::Tensor x) const {
    x = x + attention(before_attention(x), {.causal = true});
    return x + down(gelu(up(before_network(x))));
  }
};

struct Gpt {
  mg::nn::Embedding bytes; // the weights of the logits, too
  mg::Tensor positions;    // (window, width)
  std::vector<Block> blocks;
  mg::nn::LayerNorm norm;

  static Gpt init(const mg::Key &key, const Sizes &sizes) {
    Gpt model{.bytes = {0.02f * normal(key.fold(0), {256, sizes.width})},
              .positions =
                  0.02f * normal(key.fold(1), {sizes.window, sizes.width}),
              .blocks = {},
              .norm = mg::nn::LayerNorm::init(sizes.width)};
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      model.blocks.push_back(Block::init(key.fold(2 + i), sizes));
    return model;
  }
  /// (n, window) integers -> (n, window, 256): place i has seen 0..i.
  mg::Tensor operator()(mg::Tensor x) const {
    mg::Tensor h = bytes(x) + positions;
    for (const Block &block : blocks)
      h = block(h);
    return matmul(norm(h), transpose(bytes.table));
  }
};

/// -log of the probability of each byte of y (n, window); 0 where it is
/// negative: no byte.
inline mg::Tensor surprise(const Gpt &model, mg::Tensor x, mg::Tensor y) {
  return where(y >= 0, cross_entropy(model(x), y), 0.0f);
}

inline mg::Tensor loss(Gpt model, mg::Tensor x, mg::Tensor y) {
  return sum(surprise(model, x, y)) / sum(astype(y >= 0, mg::DType::f32));
}
