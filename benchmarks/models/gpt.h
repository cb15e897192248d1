// The decoder of GPT-2, as it serves: a prompt gives the logits of the next
// token and the keys and values of its tokens; a step takes one token more and
// writes its keys and values into a cache that stays where it is.
#pragma once
#include <mg/mg.h>

#include <vector>

namespace models {

/// (n, heads, capacity, head width) each.
struct Cached {
  mg::Tensor keys, values;
};

struct DecoderBlock {
  mg::nn::LayerNorm before_attention;
  mg::nn::Linear in, out; // queries, keys, values; the heads together
  mg::nn::LayerNorm before_network;
  mg::nn::Linear up, down;
  int heads;

  static DecoderBlock init(const mg::Key &key, std::int64_t width, int heads) {
    using namespace mg::nn;
    return {LayerNorm::init(width),
            Linear::init(key.fold(0), width, 3 * width),
            Linear::init(key.fold(1), width, width),
            LayerNorm::init(width),
            Linear::init(key.fold(2), width, 4 * width),
            Linear::init(key.fold(3), 4 * width, width),
            heads};
  }
  /// Part 0 (queries), 1 (keys) or 2 (values) of (n, l, 3 width) as
  /// (n, heads, l, head width).
  mg::Tensor part(const mg::Tensor &all, int which) const {
    const mg::Shape &s = all.shape();
    const std::int64_t width = s[2] / 3;
    const mg::Tensor one =
        all(mg::ellipsis, mg::slice(which * width, (which + 1) * width));
    return swapaxes(reshape(one, {s[0], s[1], heads, width / heads}), 1, 2);
  }
  /// What follows the attention `seen` (n, heads, l, head width) of x.
  mg::Tensor finish(mg::Tensor x, const mg::Tensor &seen) const {
    x = x + out(reshape(swapaxes(seen, 1, 2), x.shape()));
    return x + down(gelu(up(before_network(x)), mg::Gelu::tanh));
  }
  mg::Tensor prompt(mg::Tensor x, Cached &cached) const {
    const mg::Tensor all = in(before_attention(x));
    cached = {part(all, 1), part(all, 2)};
    return finish(x, scaled_dot_product_attention(part(all, 0), cached.keys,
                                                  cached.values,
                                                  {.causal = true}));
  }
  /// `start` is where the token's keys go, `mask` what it may look at.
  mg::Tensor step(mg::Tensor x, Cached &cached, const mg::Tensor &start,
                  const mg::Tensor &mask) const {
    const mg::Tensor all = in(before_attention(x));
    cached = {dynamic_update_slice(cached.keys, part(all, 1), start),
              dynamic_update_slice(cached.values, part(all, 2), start)};
    return finish(x,
                  scaled_dot_product_attention(part(all, 0), cached.keys,
                                               cached.values, {.mask = mask}));
  }
};

struct Gpt {
  struct Sizes {
    std::int64_t width = 768, vocabulary = 50257, longest = 1024;
    int heads = 12, layers = 12;
  };
  mg::nn::Embedding tokens; // the weights of the logits, too
  mg::Tensor places;        // (longest, width)
  std::vector<DecoderBlock> blocks;
  mg::nn::LayerNorm norm;

  static Gpt init(const mg::Key &key, const Sizes &sizes) {
    Gpt model{
        mg::nn::Embedding::init(key.fold(0), sizes.vocabulary, sizes.width),
        normal(key.fold(1), {sizes.longest, sizes.width}),
        {},
        mg::nn::LayerNorm::init(sizes.width)};
    for (int i = 0; i < sizes.layers; ++i)
      model.blocks.push_back(
          DecoderBlock::init(key.fold(2 + i), sizes.width, sizes.heads));
    return model;
  }
  /// (n, 1, width) -> (n, vocabulary).
  mg::Tensor logits(const mg::Tensor &h) const {
    return matmul(squeeze(norm(h), {1}), transpose(tokens.table));
  }
  /// x (n, length) -> logits of the token after it, and what is to be cached.
  std::tuple<mg::Tensor, std::vector<Cached>> prompt(mg::Tensor x) const {
    const std::int64_t length = x.shape()[1];
    mg::Tensor h = tokens(x) + places[mg::slice(0, length)];
    std::vector<Cached> cache(blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i)
      h = blocks[i].prompt(h, cache[i]);
    return {logits(h(mg::all, mg::slice(length - 1, length))), cache};
  }
  /// x (n, 1) at `place` (1), behind what the cache holds before it.
  std::tuple<mg::Tensor, std::vector<Cached>>
  step(mg::Tensor x, mg::Tensor place, std::vector<Cached> cache) const {
    const mg::Tensor zero = mg::zeros({1}, mg::DType::i32);
    const mg::Tensor start = mg::concat({zero, zero, place, zero});
    const std::int64_t capacity = cache.front().keys.shape()[2];
    const mg::Tensor mask =
        mg::iota({1, 1, 1, capacity}, 3) <= reshape(place, {1, 1, 1, 1});
    mg::Tensor h = tokens(x) + take(places, place);
    for (std::size_t i = 0; i < blocks.size(); ++i)
      h = blocks[i].step(h, cache[i], start, mask);
    return {logits(h), cache};
  }
};

} // namespace models
