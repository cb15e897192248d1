// bench-layers LAYERS [--loss]: a transformer of so many layers, its loss and
// the derivative by every parameter, as a program for `mgc compile
// --time-report`: how the time to compile grows with depth. With --loss only
// the forward pass.
#include <mg/mg.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

using mg::Tensor;
namespace nn = mg::nn;

namespace {

constexpr std::int64_t width = 256, heads = 4, length = 128, vocabulary = 256,
                       batch = 4;

struct Block {
  nn::LayerNorm before, between;
  nn::MultiHeadAttention attention;
  nn::Linear up, down;
  Tensor operator()(Tensor x) const {
    x = x + attention(before(x), {.causal = true});
    return x + down(gelu(up(between(x)), mg::Gelu::tanh));
  }
  static Block init(const mg::Key &key) {
    const auto keys = split(key, 3);
    return {
        nn::LayerNorm::init(width), nn::LayerNorm::init(width),
        nn::MultiHeadAttention::init(keys[0], {.width = width, .heads = heads}),
        nn::Linear::init(keys[1], width, 4 * width),
        nn::Linear::init(keys[2], 4 * width, width)};
  }
};

struct Transformer {
  nn::Embedding tokens, places;
  std::vector<Block> blocks;
  nn::LayerNorm last;
  nn::Linear head;
  Tensor operator()(Tensor x) const {
    Tensor y = tokens(x) + places.table;
    for (const Block &block : blocks)
      y = block(y);
    return head(last(y));
  }
  static Transformer init(const mg::Key &key, int layers) {
    const auto keys = split(key, 3 + layers);
    Transformer t{nn::Embedding::init(keys[0], vocabulary, width),
                  nn::Embedding::init(keys[1], length, width),
                  {},
                  nn::LayerNorm::init(width),
                  nn::Linear::init(keys[2], width, vocabulary)};
    for (int i = 0; i < layers; ++i)
      t.blocks.push_back(Block::init(keys[3 + i]));
    return t;
  }
};

Tensor loss(Transformer model, Tensor x, Tensor y) {
  return mean(cross_entropy(model(x), y));
}

std::string program(int layers, bool forward) {
  namespace aot = mg::aot;
  const auto model = Transformer::init(mg::Key(1), layers);
  const auto m = aot::input("m", model);
  const auto bytes = mg::spec({batch, length}, mg::DType::i32);
  const auto x = aot::input("x", bytes), y = aot::input("y", bytes);
  if (forward)
    return aot::to_mlir("layers", {aot::entry("loss", loss, m, x, y)});
  return aot::to_mlir("layers",
                      {aot::entry("step", mg::value_and_grad(loss), m, x, y)});
}

} // namespace

int main(int argc, char **argv) try {
  const int layers = argc > 1 ? std::atoi(argv[1]) : 0;
  const bool forward = argc == 3 && std::strcmp(argv[2], "--loss") == 0;
  if (layers < 1 || argc > 2 + forward) {
    std::fprintf(stderr, "usage: bench-layers LAYERS [--loss]\n");
    return 2;
  }
  std::fputs(program(layers, forward).c_str(), stdout);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-layers: %s\n", e.what());
  return 1;
}
