// The encoder of BERT: (n, length) tokens -> (n, length, width), a vector per
// token. Norms stand behind the residual sums.
#pragma once
#include <mg/mg.h>

#include <vector>

namespace models {

struct EncoderBlock {
  mg::nn::MultiHeadAttention attention;
  mg::nn::LayerNorm after_attention;
  mg::nn::Linear up, down;
  mg::nn::LayerNorm after_network;

  static EncoderBlock init(const mg::Key &key, std::int64_t width, int heads) {
    using namespace mg::nn;
    return {
        MultiHeadAttention::init(key.fold(0), {.width = width, .heads = heads}),
        LayerNorm::init(width), Linear::init(key.fold(1), width, 4 * width),
        Linear::init(key.fold(2), 4 * width, width), LayerNorm::init(width)};
  }
  mg::Tensor operator()(mg::Tensor x) const {
    x = after_attention(x + attention(x));
    return after_network(x + down(gelu(up(x))));
  }
};

struct Bert {
  struct Sizes {
    std::int64_t width = 768, vocabulary = 30522, longest = 512;
    int heads = 12, layers = 12;
  };
  mg::nn::Embedding tokens;
  mg::Tensor places; // (longest, width), the kind of the sentence added
  mg::nn::LayerNorm norm;
  std::vector<EncoderBlock> blocks;

  static Bert init(const mg::Key &key, const Sizes &sizes) {
    Bert model{
        mg::nn::Embedding::init(key.fold(0), sizes.vocabulary, sizes.width),
        normal(key.fold(1), {sizes.longest, sizes.width}),
        mg::nn::LayerNorm::init(sizes.width),
        {}};
    for (int i = 0; i < sizes.layers; ++i)
      model.blocks.push_back(
          EncoderBlock::init(key.fold(2 + i), sizes.width, sizes.heads));
    return model;
  }
  mg::Tensor operator()(mg::Tensor x) const {
    const std::int64_t length = x.shape()[1];
    mg::Tensor h = norm(tokens(x) + places[mg::slice(0, length)]);
    for (const EncoderBlock &block : blocks)
      h = block(h);
    return h;
  }
};

} // namespace models
