//===- kernel-programs.cpp - what kernels.test counts ---------------------===//
//
// Writes FOLDER/NAME.mlir for each program whose kernels are promised: layers,
// their backward passes, an optimizer's step, a transformer's block.
//
//===----------------------------------------------------------------------===//
#include <mg/mg.h>

#include <fstream>
#include <string>
#include <vector>

using mg::Tensor;

namespace {

std::string folder;

void write(const std::string &name, const mg::aot::Entry &entry) {
  std::ofstream(folder + "/" + name + ".mlir")
      << mg::aot::to_mlir(name, {entry});
}

/// `f` of the arguments, and its vector-Jacobian product with respect to all of
/// them.
template <class F, class... Args>
void writeBoth(const std::string &name, F f, const Tensor &result,
               const Args &...args) {
  write(name, mg::aot::entry("main", f, args...));
  write(name + "_backward", mg::aot::entry(
                                "main",
                                [f](Tensor cotangent, Args... args) {
                                  auto [value, pullback] = mg::vjp(f, args...);
                                  return pullback(cotangent);
                                },
                                result, args...));
}

struct Block {
  mg::nn::LayerNorm before, between;
  mg::nn::MultiHeadAttention attention;
  mg::nn::Linear up, down;
  Tensor operator()(Tensor x) const {
    x = x + attention(before(x), {.causal = true});
    return x + down(gelu(up(between(x)), mg::Gelu::tanh));
  }
};

/// Attention of grouped queries and its gradient for three lengths; the result
/// alone with a mask, and for keys of which no cache holds a tile's scores.
void writeLongAttention() {
  const auto heads = [](std::int64_t n, std::int64_t length) {
    return mg::spec({n, length, 32});
  };
  for (const std::int64_t length : {1024, 2048, 4096}) {
    const Tensor q = heads(4, length), k = heads(2, length);
    const std::string suffix = "_" + std::to_string(length);
    for (const bool causal : {false, true}) {
      auto f = [=](Tensor q, Tensor k, Tensor v) {
        return mg::scaled_dot_product_attention(q, k, v, {.causal = causal});
      };
      writeBoth((causal ? "causal" : "long") + suffix, f, q, q, k, k);
    }
    auto masked = [](Tensor q, Tensor k, Tensor v, Tensor mask) {
      return mg::scaled_dot_product_attention(q, k, v, {.mask = mask});
    };
    write("masked" + suffix, mg::aot::entry("main", masked, q, k, k,
                                            mg::spec({length, length})));
  }
  auto f = [](Tensor q, Tensor k, Tensor v) {
    return mg::scaled_dot_product_attention(q, k, v, {});
  };
  write("long_65536", mg::aot::entry("main", f, heads(4, 65536),
                                     heads(2, 65536), heads(2, 65536)));
}

/// Parameters of an optimizer, of several ranks.
struct Parameters {
  std::vector<Tensor> all;
};

void writeBlock() {
  const auto keys = split(mg::Key(1), 3);
  constexpr std::int64_t width = 48;
  const Block block{
      mg::nn::LayerNorm::init(width), mg::nn::LayerNorm::init(width),
      mg::nn::MultiHeadAttention::init(keys[0], {.width = width, .heads = 3}),
      mg::nn::Linear::init(keys[1], width, 4 * width),
      mg::nn::Linear::init(keys[2], 4 * width, width)};
  write("block", mg::aot::entry(
                     "main", [](Block b, Tensor x) { return b(x); }, block,
                     mg::spec({2, 40, width})));
}

void writeUpdates() {
  Parameters parameters;
  for (std::int64_t i = 0; i < 100; ++i)
    parameters.all.push_back(i % 3 == 0   ? mg::zeros({64 + i, 32})
                             : i % 3 == 1 ? mg::zeros({17 + i})
                                          : mg::zeros({3, 5, i + 1}));
  const mg::optim::AdamW adamw{.lr = 1e-3};
  auto state = adamw.init(parameters);
  write("adamw", mg::aot::entry(
                     "main",
                     [adamw](Parameters g, decltype(state) s, Parameters p) {
                       return adamw.update(g, s, p);
                     },
                     parameters, state, parameters));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  folder = argv[1];
  const Tensor x = mg::spec({60, 1000}), v = mg::spec({1000}),
               rows = mg::spec({60});
  writeBoth("softmax", [](Tensor x) { return softmax(x, -1); }, x, x);
  writeBoth("log_softmax", [](Tensor x) { return log_softmax(x, -1); }, x, x);
  writeBoth(
      "layer_norm",
      [](Tensor x, Tensor g, Tensor b) { return layer_norm(x, g, b); }, x, x, v,
      v);
  writeBoth(
      "rms_norm", [](Tensor x, Tensor g) { return rms_norm(x, g); }, x, x, v);
  writeBoth(
      "gelu", [](Tensor x, Tensor w, Tensor b) { return gelu(x * w + b); }, x,
      x, v, v);
  const Tensor labels = mg::spec({60}, mg::DType::i32);
  write("cross_entropy",
        mg::aot::entry(
            "main", [](Tensor x, Tensor y) { return cross_entropy(x, y); }, x,
            labels));
  write("cross_entropy_backward",
        mg::aot::entry(
            "main",
            [](Tensor g, Tensor x, Tensor y) {
              auto [value, pullback] =
                  mg::vjp([y](Tensor x) { return cross_entropy(x, y); }, x);
              return pullback(g);
            },
            rows, x, labels));
  const Tensor heads = mg::spec({2, 3, 200, 64});
  write("attention", mg::aot::entry(
                         "main",
                         [](Tensor q, Tensor k, Tensor v) {
                           return mg::scaled_dot_product_attention(q, k, v);
                         },
                         heads, heads, heads));
  writeLongAttention();
  writeBlock();
  writeUpdates();
}
