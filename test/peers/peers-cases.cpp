// Runs layers, losses, optimizers and schedules on random numbers and writes
// operands and results to one .npz, which layers.py and optimizers.py then
// compute again with PyTorch.
//
//   peers-cases OUT.npz
//
// Names are `case/leaf`; what a case is told is in its checker.
#include "mg/mg.h"

#include <cstdio>
#include <functional>

namespace {

using namespace mg;
using nn::Mode;

const Key key(3);
io::Tensors cases;

void put(const std::string &name, const std::string &leaf, const Tensor &t) {
  cases.emplace(name + "/" + leaf, t);
}
/// The leaves of a layer as `case/w`, ...
template <class T> void put_tree(const std::string &name, T tree) {
  for_each_leaf(
      tree, [&](const std::string &path, Tensor &t) { put(name, path, t); });
}
Tensor random(int n, Shape shape) { return normal(key.fold(n), shape); }

/// sum(f(l, x) * r) has a gradient that depends on all of the result: written
/// as `case/grad/leaf` and, where x is a float, `case/grad/x`.
template <class L, class F>
void gradients(const std::string &name, const L &l, const Tensor &x, F f) {
  const Tensor r = random(77, f(l, x).shape());
  put(name, "r", r);
  auto loss = [=](L l, Tensor x) { return sum(f(l, x) * r); };
  if (x.dtype() == DType::f32) {
    auto [parameters, input] = jit(grad(loss, wrt<0, 1>))(l, x);
    put_tree(name + "/grad", parameters);
    put(name, "grad/x", input);
  } else {
    put_tree(name + "/grad", jit(grad(loss))(l, x));
  }
}
/// f of a layer and x, compiled.
template <class L, class F>
void layer(const std::string &name, const L &l, const Tensor &x, F f) {
  put_tree(name, l);
  put(name, "x", x);
  put(name, "y", jit(f)(l, x));
  gradients(name, l, x, f);
}
template <class L>
void layer(const std::string &name, const L &l, const Tensor &x) {
  layer(name, l, x, [](L l, Tensor x) { return l(x); });
}
/// A layer whose parameters all are random (norms begin with 1 and 0).
template <class L> L shaken(const L &l) {
  int n = 100;
  return mg::map(
      [&](const Tensor &t) { return t + 0.3f * random(++n, t.shape()); }, l);
}

void simple_layers() {
  layer("linear", nn::Linear::init(key, 7, 5), random(1, {4, 7}));
  layer("embedding", nn::Embedding::init(key, 10, 4),
        randint(key, 0, 10, {3, 5}));
  layer("layer_norm", shaken(nn::LayerNorm::init(9)), random(1, {4, 9}) + 3);
  layer("rms_norm", shaken(nn::RMSNorm::init(9)), random(1, {4, 9}) + 3);
  layer("group_norm", shaken(nn::GroupNorm::init(3, 6)),
        random(1, {2, 6, 4, 5}) + 3);
}

void convolutions() {
  layer("conv1d", nn::Conv::init(key, {.in = 3, .out = 4, .kernel = {5}}),
        random(1, {2, 3, 11}));
  const nn::ConvShape two{.in = 4,
                          .out = 6,
                          .kernel = {3, 2},
                          .groups = 2,
                          .stride = {2, 1},
                          .padding = {1, 2},
                          .dilation = {1, 2}};
  layer("conv2d", nn::Conv::init(key, two), random(1, {2, 4, 9, 8}));
  layer("conv_transpose2d", nn::ConvTranspose::init(key, two),
        random(1, {2, 4, 5, 6}));
  layer(
      "conv3d",
      nn::Conv::init(
          key, {.in = 2, .out = 3, .kernel = {2, 3, 2}, .padding = {1, 0, 1}}),
      random(1, {1, 2, 4, 5, 4}));
}

void batch_norms() {
  auto norm = shaken(nn::BatchNorm::init(3));
  norm.running_var = abs(norm.running_var) + 0.1f;
  const Tensor x = random(1, {4, 3, 5}) * 2 + 1;
  put_tree("batch_norm", norm), put("batch_norm", "x", x);
  auto f = jit([](nn::BatchNorm n, Tensor x, Mode m) { return n(x, m); });
  auto [y, next] = f(norm, x, Mode::train);
  put("batch_norm", "train", y);
  gradients("batch_norm", norm, x,
            [](nn::BatchNorm n, Tensor x) { return n(x, Mode::train).first; });
  put("batch_norm", "mean", next.running_mean);
  put("batch_norm", "var", next.running_var);
  put("batch_norm", "eval", f(norm, x, Mode::eval).first);
}

void attention() {
  const Tensor q = random(1, {2, 4, 5, 8}), k = random(2, {2, 2, 6, 8}),
               v = random(3, {2, 2, 6, 8}), mask = random(4, {5, 6});
  put("sdpa", "q", q), put("sdpa", "k", k), put("sdpa", "v", v);
  put("sdpa", "mask", mask);
  auto run = [&](const char *name, const AttentionOptions &options) {
    auto f = jit([=](Tensor q, Tensor k, Tensor v) {
      return scaled_dot_product_attention(q, k, v, options);
    });
    put("sdpa", name, f(q, k, v));
    const Tensor r = random(77, f(q, k, v).shape());
    put(std::string("sdpa/") + name, "r", r);
    auto loss = [=](Tensor q, Tensor k, Tensor v) {
      return sum(scaled_dot_product_attention(q, k, v, options) * r);
    };
    auto [dq, dk, dv] = jit(grad(loss, wrt<0, 1, 2>))(q, k, v);
    put(std::string("sdpa/") + name + "/grad", "q", dq);
    put(std::string("sdpa/") + name + "/grad", "k", dk);
    put(std::string("sdpa/") + name + "/grad", "v", dv);
  };
  run("plain", {});
  run("causal", {.causal = true});
  run("masked", {.mask = mask > -1});
  run("added", {.mask = mask, .scale = 0.5f});
  auto mha = nn::MultiHeadAttention::init(key, {.width = 12, .heads = 3});
  layer("mha", shaken(mha), random(1, {2, 5, 12}));
}

void recurrent() {
  const auto lstm = nn::LSTMCell::init(key, 3, 4);
  const LSTMState state{random(2, {5, 4}), random(3, {5, 4})};
  put("lstm", "h", state.h), put("lstm", "c", state.c);
  auto cell = [=](nn::LSTMCell l, Tensor x) {
    const LSTMState next = l(x, state);
    return stack({next.h, next.c});
  };
  layer("lstm", lstm, random(1, {5, 3}), cell);
  const Tensor h = random(2, {5, 4});
  put("gru", "h", h);
  layer("lstm_sequence", nn::LSTM::init(key, 3, 4), random(1, {2, 6, 3}),
        [](nn::LSTM l, Tensor x) { return l(x).first; });
  layer("gru_sequence", nn::GRU::init(key, 3, 4), random(1, {2, 6, 3}),
        [](nn::GRU l, Tensor x) { return l(x).first; });
  layer("gru", nn::GRUCell::init(key, 3, 4), random(1, {5, 3}),
        [=](nn::GRUCell l, Tensor x) { return l(x, h); });
}

/// Functions of one operand.
void functions() {
  auto of = [](const std::string &name, const Tensor &x,
               const std::function<Tensor(Tensor)> &f) {
    put(name, "x", x), put(name, "y", jit(f)(x));
    const Tensor r = random(77, f(x).shape());
    auto loss = [=](Tensor x) { return sum(f(x) * r); };
    put(name, "r", r), put(name, "grad/x", jit(grad(loss))(x));
  };
  const Tensor image = random(1, {2, 3, 7, 8}), rows = random(1, {5, 9}) * 3;
  const PoolOptions padded{
      .window = {3, 2}, .stride = {2, 2}, .low = {1, 1}, .high = {1, 1}};
  of("max_pool", image, [=](Tensor x) { return max_pool(x, padded); });
  of("avg_pool", image, [=](Tensor x) { return avg_pool(x, padded); });
  of("avg_pool_ignored", image,
     [=](Tensor x) { return avg_pool(x, padded, Padding::ignored); });
  of("softmax", rows, [](Tensor x) { return softmax(x); });
  of("log_softmax", rows, [](Tensor x) { return log_softmax(x); });
  of("logsumexp", rows, [](Tensor x) { return logsumexp(x); });
  of("relu", rows, [](Tensor x) { return relu(x); });
  of("leaky_relu", rows, [](Tensor x) { return leaky_relu(x); });
  of("elu", rows, [](Tensor x) { return elu(x); });
  of("gelu", rows, [](Tensor x) { return gelu(x); });
  of("gelu_tanh", rows, [](Tensor x) { return gelu(x, Gelu::tanh); });
  of("silu", rows, [](Tensor x) { return silu(x); });
  of("softplus", rows, [](Tensor x) { return softplus(x); });
  of("log_sigmoid", rows, [](Tensor x) { return log_sigmoid(x); });
  const Tensor labels = randint(key, 0, 9, {5});
  put("cross_entropy", "labels", labels);
  of("cross_entropy", rows, [=](Tensor x) { return cross_entropy(x, labels); });
}

constexpr int steps = 1000;

/// The parameter after 10, 100 and 1,000 updates by given gradients.
template <class Rule>
void optimize(const std::string &name, const Rule &rule, DType dtype) {
  const Tensor gradients = astype(cases.at("optim/gradients"), dtype);
  Tensor p = astype(cases.at("optim/start"), dtype);
  auto state = rule.init(p);
  auto step = jit([=](Tensor p, decltype(state) s, Tensor g) {
    return rule.update(g, s, p);
  });
  for (int t = 0; t < steps; ++t) {
    std::tie(p, state) = step(p, state, contiguous(gradients[t]));
    if (t + 1 == 10 || t + 1 == 100 || t + 1 == steps)
      put("optim", name + "/" + to_string(dtype) + "/" + std::to_string(t + 1),
          p);
  }
}
void optimizers() {
  put("optim", "start", random(1, {64}));
  put("optim", "gradients",
      random(2, {steps, 64}) * exp(random(3, {64}) * 2) + 0.1f);
  for (DType dtype : {DType::f32, DType::f64}) {
    using optim::Adam, optim::AdamW, optim::SGD;
    optimize("sgd", SGD{.lr = 1e-3}, dtype);
    optimize("sgd_momentum",
             SGD{.lr = 1e-3,
                 .momentum = 0.9,
                 .dampening = 0.3,
                 .weight_decay = 0.01},
             dtype);
    optimize("sgd_nesterov", SGD{.lr = 1e-3, .momentum = 0.9, .nesterov = true},
             dtype);
    optimize("adam", Adam{}, dtype);
    optimize("adam_amsgrad", Adam{.weight_decay = 0.01, .amsgrad = true},
             dtype);
    optimize("adamw", AdamW{}, dtype);
    optimize("adamw_fast",
             AdamW{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .amsgrad = true},
             dtype);
  }
}

void schedules() {
  namespace to = optim::schedule;
  auto rates = [](const std::string &name,
                  const std::function<Tensor(Tensor)> &f) {
    auto compiled = jit(f);
    std::vector<Tensor> all;
    for (int t = 0; t < 50; ++t)
      all.push_back(compiled(t));
    put("schedule", name, stack(all));
  };
  rates("linear", [](Tensor t) { return to::linear(t, 0.1, 0.01, 20); });
  rates("step", [](Tensor t) { return to::step_decay(t, 0.1, 7, 0.5); });
  rates("exponential", [](Tensor t) { return to::exponential(t, 0.1, 0.9); });
  rates("cosine", [](Tensor t) { return to::cosine(t, 0.1, 49, 0.01); });
  rates("one_cycle", [](Tensor t) { return to::one_cycle(t, 0.1, 50); });
}

void loss_scaler() {
  const optim::LossScaler scaler{.interval = 3};
  auto step = jit([=](optim::LossScaler::State s, Tensor finite) {
    return scaler.update(s, finite);
  });
  auto state = scaler.init();
  std::vector<bool> finite;
  std::vector<Tensor> scales;
  for (int t = 0; t < 40; ++t) {
    finite.push_back(t % 11 != 5 && t != 17);
    state = step(state, Tensor(bool(finite.back())));
    scales.push_back(state.scale);
  }
  put("loss_scaler", "finite", from(finite));
  put("loss_scaler", "scales", stack(scales));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2)
    return std::fprintf(stderr, "usage: peers-cases OUT.npz\n"), 2;
  simple_layers(), convolutions(), batch_norms(), attention(), recurrent();
  functions(), optimizers(), schedules(), loss_scaler();
  io::save_npz(argv[1], cases);
}
