// bench-training MODEL [--threads N] [--eager]: whole training steps (forward,
// backward, optimizer) of mlp, cnn or transformer, compiled just in time or op
// by op. Reads a number of steps per line from standard input, does them, and
// prints the seconds that one took and the last loss: so that tools/bench can
// let it take turns with others in one run.
#include <mg/mg.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

using mg::Tensor;
namespace nn = mg::nn;

namespace {

struct Mlp {
  nn::Linear a, b, c;
  Tensor operator()(Tensor x) const { return c(relu(b(relu(a(x))))); }
  static Mlp init(const mg::Key &key) {
    const auto keys = split(key, 3);
    return {nn::Linear::init(keys[0], 784, 512),
            nn::Linear::init(keys[1], 512, 512),
            nn::Linear::init(keys[2], 512, 10)};
  }
  static constexpr std::int64_t batch = 128;
  static Tensor input(const mg::Key &key) {
    return mg::normal(key, {batch, 784});
  }
  static Tensor labels(const mg::Key &key) {
    return mg::randint(key, 0, 10, {batch});
  }
};

struct Cnn {
  nn::Conv a, b;
  nn::Linear c;
  Tensor operator()(Tensor x) const {
    const mg::PoolOptions half{.window = {2, 2}};
    Tensor y = max_pool(relu(a(x)), half);
    y = max_pool(relu(b(y)), half);
    return c(reshape(y, {y.shape()[0], -1}));
  }
  static Cnn init(const mg::Key &key) {
    const auto keys = split(key, 3);
    auto conv = [&](int i, std::int64_t in, std::int64_t out) {
      return nn::Conv::init(
          keys[i], {.in = in, .out = out, .kernel = {3, 3}, .padding = {1, 1}});
    };
    return {conv(0, 1, 32), conv(1, 32, 64),
            nn::Linear::init(keys[2], 64 * 7 * 7, 10)};
  }
  static constexpr std::int64_t batch = 64;
  static Tensor input(const mg::Key &key) {
    return mg::normal(key, {batch, 1, 28, 28});
  }
  static Tensor labels(const mg::Key &key) {
    return mg::randint(key, 0, 10, {batch});
  }
};

constexpr std::int64_t width = 256, heads = 4, length = 128, depth = 4,
                       vocabulary = 256;

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
  static Transformer init(const mg::Key &key) {
    const auto keys = split(key, 3 + depth);
    Transformer t{nn::Embedding::init(keys[0], vocabulary, width),
                  nn::Embedding::init(keys[1], length, width),
                  {},
                  nn::LayerNorm::init(width),
                  nn::Linear::init(keys[2], width, vocabulary)};
    for (std::int64_t i = 0; i < depth; ++i)
      t.blocks.push_back(Block::init(keys[3 + i]));
    return t;
  }
  static constexpr std::int64_t batch = 8;
  static Tensor input(const mg::Key &key) {
    return mg::randint(key, 0, vocabulary, {batch, length});
  }
  static Tensor labels(const mg::Key &key) {
    return mg::randint(key, 0, vocabulary, {batch, length});
  }
};

template <class M> Tensor loss(M model, Tensor x, Tensor y) {
  return mean(cross_entropy(model(x), y));
}

/// Takes a number of steps, returns the last loss.
template <class M> std::function<float(int)> trainer(bool eager) {
  using State = typename mg::optim::Adam::State<M>;
  const auto keys = split(mg::Key(1), 3);
  const mg::optim::Adam adam{.lr = 1e-3};
  auto model = M::init(keys[0]);
  State state = adam.init(model);
  auto plain = [adam](M m, State s, Tensor x, Tensor y) {
    auto [l, g] = mg::value_and_grad(loss<M>)(m, x, y);
    return adam.update(g, s, m, l);
  };
  auto compiled = mg::jit(plain);
  Tensor x = M::input(keys[1]), y = M::labels(keys[2]);
  return [=](int steps) mutable {
    Tensor last;
    for (int i = 0; i < steps; ++i)
      std::tie(model, state, last) =
          eager ? plain(std::move(model), std::move(state), x, y)
                : compiled(std::move(model), std::move(state), x, y);
    return last.template item<float>();
  };
}

std::function<float(int)> trainerOf(const std::string &name, bool eager) {
  if (name == "mlp")
    return trainer<Mlp>(eager);
  if (name == "cnn")
    return trainer<Cnn>(eager);
  if (name == "transformer")
    return trainer<Transformer>(eager);
  return {};
}

} // namespace

int main(int argc, char **argv) try {
  int threads = 1;
  bool eager = false, understood = argc > 1;
  for (int i = 2; i < argc; ++i)
    if (std::strcmp(argv[i], "--eager") == 0)
      eager = true;
    else if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
      threads = std::atoi(argv[++i]);
    else
      understood = false;
  if (!understood || threads < 1) {
    std::fprintf(stderr, "usage: bench-training mlp|cnn|transformer "
                         "[--threads N] [--eager]\n");
    return 2;
  }
  mg::set_num_threads(threads);
  auto train = trainerOf(argv[1], eager);
  if (!train) {
    std::fprintf(stderr, "bench-training: no model '%s'\n", argv[1]);
    return 2;
  }
  for (int steps = 0; std::scanf("%d", &steps) == 1;) {
    const auto start = std::chrono::steady_clock::now();
    const float last = train(steps);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    std::printf("%.9f %.6f\n", took.count() / steps, last);
    std::fflush(stdout);
  }
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-training: %s\n", e.what());
  return 1;
}
