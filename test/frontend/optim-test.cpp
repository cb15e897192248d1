// Optimizers against the same rules written for one number in double; what
// surrounds them (schedules, clipping, scaling) against values by hand.
// (test/peers compares 1,000 steps with PyTorch.)
#include "dsl-check.h"

#include <functional>
#include <numbers>

namespace {

using namespace mg;

struct Model {
  Tensor w, b;
};
Model start() {
  return {from({1.f, -2.f, 0.5f, 3.f}, {2, 2}), from({0.25f, -1.f})};
}
/// The gradient of step t, a new one every time.
Model gradient(const Model &m, int t) {
  auto g = [&](const Tensor &p) { return sin(p * 3 + float(t)) + p * 0.1f; };
  return mg::map(g, m);
}
std::vector<double> numbers(const Model &m) {
  std::vector<double> all;
  for (const Tensor &t : flatten(m))
    for (double x : t.to_vector<double>())
      all.push_back(x);
  return all;
}

/// One number's optimizer: new p from p, g and t = 1, 2, ..
using Rule = std::function<double(double p, double g, int t)>;

/// The worst error of `steps` updates against one Rule per number, relative to
/// 1 + its size; the numbers start anew from ours before each step, so errors
/// do not feed back through the gradient.
template <class Optimizer>
double worst(const Optimizer &optimizer, const std::function<Rule()> &rule,
             int steps) {
  Model m = start();
  auto state = optimizer.init(m);
  std::vector<double> want = numbers(m);
  std::vector<Rule> rules;
  for (std::size_t i = 0; i < want.size(); ++i)
    rules.push_back(rule());
  double error = 0;
  for (int t = 1; t <= steps; ++t) {
    const Model g = gradient(m, t);
    const std::vector<double> slopes = numbers(g);
    for (std::size_t i = 0; i < want.size(); ++i)
      want[i] = rules[i](want[i], slopes[i], t);
    std::tie(m, state) = optimizer.update(g, state, m);
    const std::vector<double> got = numbers(m);
    for (std::size_t i = 0; i < want.size(); ++i)
      error = std::max(error,
                       std::fabs(got[i] - want[i]) / (1 + std::fabs(want[i])));
  }
  EXPECT_EQ(state.step.template item<int>(), steps);
  return error;
}

Rule sgd(double lr, double momentum, double dampening, double decay,
         bool nesterov) {
  return [=, buffer = 0.0](double p, double g, int t) mutable {
    g += decay * p;
    buffer = t == 1 ? g : momentum * buffer + (1 - dampening) * g;
    return p - lr * (nesterov ? g + momentum * buffer : momentum ? buffer : g);
  };
}
TEST(Optim, Sgd) {
  using optim::SGD;
  EXPECT_LT(worst(
                SGD{.lr = 0.01}, [] { return sgd(0.01, 0, 0, 0, false); }, 100),
            1e-5);
  EXPECT_LT(worst(
                SGD{.lr = 0.01, .momentum = 0.9, .weight_decay = 0.1},
                [] { return sgd(0.01, 0.9, 0, 0.1, false); }, 100),
            1e-5);
  EXPECT_LT(worst(
                SGD{.lr = 0.01, .momentum = 0.9, .dampening = 0.5},
                [] { return sgd(0.01, 0.9, 0.5, 0, false); }, 100),
            1e-5);
  EXPECT_LT(worst(
                SGD{.lr = 0.01, .momentum = 0.9, .nesterov = true},
                [] { return sgd(0.01, 0.9, 0, 0, true); }, 100),
            1e-5);
}

Rule adam(double lr, double decay, bool decoupled, bool amsgrad) {
  return [=, m = 0.0, v = 0.0, most = 0.0](double p, double g, int t) mutable {
    if (decoupled)
      p -= lr * decay * p;
    else
      g += decay * p;
    m = 0.9 * m + 0.1 * g, v = 0.999 * v + 0.001 * g * g;
    most = amsgrad ? std::max(most, v) : v;
    const double size = lr / (1 - std::pow(0.9, t));
    return p - size * m / (std::sqrt(most / (1 - std::pow(0.999, t))) + 1e-8);
  };
}
TEST(Optim, Adam) {
  EXPECT_LT(worst(
                optim::Adam{}, [] { return adam(1e-3, 0, false, false); }, 300),
            1e-5);
  EXPECT_LT(worst(
                optim::Adam{.lr = 0.01, .weight_decay = 0.1, .amsgrad = true},
                [] { return adam(0.01, 0.1, false, true); }, 300),
            1e-5);
  EXPECT_LT(
      worst(
          optim::AdamW{}, [] { return adam(1e-3, 0.01, true, false); }, 300),
      1e-5);
}

TEST(Optim, CompiledIsEagerBitForBit) {
  const optim::AdamW adam{.lr = 0.01};
  auto step = jit([=](Model m, optim::AdamW::State<Model> s, Model g) {
    return adam.update(g, s, m);
  });
  Model m = start(), n = m;
  auto s = adam.init(m), r = s;
  for (int t = 0; t < 5; ++t) {
    const Model g = gradient(m, t);
    std::tie(m, s) = adam.update(g, s, m);
    std::tie(n, r) = step(n, r, g);
    EXPECT_EQ(numbers(m), numbers(n));
  }
  EXPECT_EQ(step.stats().traces, 1);
}

TEST(Optim, PassesOtherResultsThrough) {
  using State = optim::Adam::State<Model>;
  auto step = jit([](Model m, State s, Tensor x) {
    const Model g{m.w * 2, m.b * 2};
    return optim::Adam{.lr = 1e-3f}.update(g, s, m, sum(x));
  });
  const Model m = start();
  auto [next, state, loss] = step(m, optim::Adam{}.init(m), ones({3}));
  EXPECT_EQ(loss.item<float>(), 3);
  EXPECT_NEAR(next.b.to_vector()[0], 0.25 - 1e-3, 1e-6);
}

TEST(Optim, ARateThatIsATensorChangesWithoutATrace) {
  using State = optim::SGD::State<Model>;
  auto step = jit([](Model m, State s, Tensor lr) {
    return optim::SGD{.lr = lr}.update(m, s, m);
  });
  const Model m = start();
  const State s = optim::SGD{}.init(m);
  EXPECT_TRUE(is(std::get<0>(step(m, s, 0.5f)).b, {0.125, -0.5}));
  EXPECT_TRUE(is(std::get<0>(step(m, s, 1.0f)).b, {0, 0}));
  EXPECT_EQ(step.stats().traces, 1);
  // An optimizer is a tree, too: its numbers are part of the program.
  auto given = jit(
      [](optim::SGD rule, Model m, State s) { return rule.update(m, s, m); });
  EXPECT_TRUE(
      is(std::get<0>(given(optim::SGD{.lr = 0.5}, m, s)).b, {0.125, -0.5}));
  EXPECT_TRUE(is(std::get<0>(given(optim::SGD{.lr = 1.0}, m, s)).b, {0, 0}));
  EXPECT_EQ(given.stats().traces, 2);
}

TEST(Optim, IntegersStayAndHalvesAreUpdatedInF32) {
  struct Mixed {
    Tensor count, half;
  };
  const Mixed m{from({1, 2}), full({2}, 1, DType::bf16)};
  // What has no derivative is empty in a gradient.
  const Mixed g{Tensor(), full({2}, 0.25, DType::bf16)};
  optim::Adam adam{.lr = 0.5};
  auto [next, state] = adam.update(g, adam.init(m), m);
  EXPECT_TRUE(is(next.count, {1, 2}));
  EXPECT_EQ(next.half.dtype(), DType::bf16);
  EXPECT_TRUE(is(next.half, {0.5, 0.5}));
  EXPECT_TRUE(optim::clip_by_value(g, 0.125).count.empty());
  EXPECT_TRUE(is(optim::clip_by_global_norm(g, 1).second, {std::sqrt(0.125)}));
}

TEST(Optim, Errors) {
  const Model m = start();
  optim::Adam adam;
  const auto s = adam.init(m);
  EXPECT_TRUE(has(error_of([&] { adam.update(Model{m.b, m.b}, s, m); }),
                  "Adam: the gradient of leaf 0 is f32[2], its parameter "
                  "f32[2,2]"));
  EXPECT_TRUE(has(error_of([&] { adam.update(Model{m.b, m.b}, s, m); }),
                  "optim-test.cpp"));
  EXPECT_TRUE(
      has(error_of([&] { optim::Adam{.amsgrad = true}.update(m, s, m); }),
          "made without amsgrad"));
  EXPECT_TRUE(
      has(error_of([&] { optim::Adam{.lr = ones({2})}.update(m, s, m); }),
          "the learning rate is f32[2]"));
  optim::SGD plain, heavy{.momentum = 0.9}, wrong{.nesterov = true};
  EXPECT_TRUE(has(error_of([&] { heavy.update(m, plain.init(m), m); }),
                  "the state has no momentum"));
  EXPECT_TRUE(has(error_of([&] { wrong.update(m, plain.init(m), m); }),
                  "nesterov needs momentum"));
}

// The learning rate after 0, 1, .. updates.
void expect_rates(const std::function<Tensor(Tensor)> &rate,
                  const std::vector<double> &want) {
  auto compiled = jit(rate);
  for (std::size_t t = 0; t < want.size(); ++t) {
    const Tensor at = compiled(int(t));
    EXPECT_EQ(at.dtype(), DType::f32);
    EXPECT_NEAR(at.item<float>(), want[t], 1e-6) << "step " << t;
    EXPECT_EQ(at.item<float>(), rate(int(t)).item<float>());
  }
}
TEST(Schedule, Rates) {
  namespace to = optim::schedule;
  expect_rates([](Tensor t) { return to::constant(t, 0.5); }, {0.5, 0.5});
  expect_rates([](Tensor t) { return to::linear(t, 1, 0.5, 2); },
               {1, 0.75, 0.5, 0.5});
  expect_rates([](Tensor t) { return to::step_decay(t, 1, 2, 0.5); },
               {1, 1, 0.5, 0.5, 0.25});
  expect_rates([](Tensor t) { return to::exponential(t, 1, 0.5); },
               {1, 0.5, 0.25, 0.125});
  expect_rates([](Tensor t) { return to::cosine(t, 1, 4, 0.2); },
               {1, 0.6 + 0.4 * std::cos(std::numbers::pi / 4), 0.6,
                0.6 - 0.4 * std::cos(std::numbers::pi / 4), 0.2, 0.2});
  expect_rates([](Tensor t) { return to::warmup_cosine(t, 1, 2, 4); },
               {0.5, 1, 1, 0.5, 0, 0});
  // PyTorch's OneCycleLR(max_lr=1, total_steps=11), its own numbers.
  const double first = 1.0 / 25, last = first / 1e4;
  auto half = [](double share, double from, double to) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
  };
  std::vector<double> want;
  const double top = 0.3 * 11 - 1;
  for (int t = 0; t < 11; ++t)
    want.push_back(t < top ? half(t / top, first, 1)
                           : half((t - top) / (10 - top), 1, last));
  want.push_back(last);
  expect_rates([](Tensor t) { return to::one_cycle(t, 1, 11); }, want);
  EXPECT_TRUE(has(error_of([] { to::cosine(1, 1, 0); }), "cosine: 0 steps"));
  EXPECT_TRUE(has(error_of([] { to::constant(ones({2}), 1); }),
                  "the step is f32[2], not of rank 0"));
}

TEST(Gradients, Clipping) {
  const Model g{from({3.f, 0.f}), from({-4.f})};
  auto [clipped, norm] = optim::clip_by_global_norm(g, 1);
  EXPECT_EQ(norm.item<float>(), 5);
  EXPECT_TRUE(is(clipped.w, {0.6, 0}));
  EXPECT_TRUE(is(clipped.b, {-0.8}));
  auto [same, again] = optim::clip_by_global_norm(g, 10);
  EXPECT_EQ(same.w.to_vector(), g.w.to_vector());
  EXPECT_TRUE(is(optim::clip_by_value(g, 3.5).b, {-3.5}));
  EXPECT_TRUE(is(optim::clip_by_value(g, 3.5).w, {3, 0}));
  EXPECT_EQ(optim::global_norm(g).item<float>(), 5);
}

TEST(Gradients, AccumulationAndRunningMeans) {
  const Model m = start();
  auto total = optim::Accumulated<Model>::init(m);
  for (int i = 0; i < 3; ++i)
    total = total.add(mg::map([&](const Tensor &t) { return t * i; }, m));
  EXPECT_TRUE(is(total.sum.b, {0.75, -3}));
  EXPECT_TRUE(is(total.mean().b, {0.25, -1}));
  EXPECT_TRUE(has(error_of([&] { total.add(Model{m.b, m.b}); }),
                  "leaf 0 is f32[2,2] beside f32[2]"));
  const Model zero = mg::map([](const Tensor &t) { return zeros_like(t); }, m);
  EXPECT_TRUE(is(optim::ema(m, zero, 0.75).b, {0.1875, -0.75}));
}

TEST(LossScaler, GrowsShrinksAndSkips) {
  const optim::LossScaler scaler{.init_scale = 8, .interval = 2};
  auto step = jit([=](Model m, optim::LossScaler::State s, Model g) {
    auto [plain, finite] = scaler.unscale(g, s);
    const Model moved = mg::map(
        [](const Tensor &p, const Tensor &d) { return p - d; }, m, plain);
    return std::tuple(optim::select(finite, moved, m), scaler.update(s, finite),
                      finite);
  });
  Model m{ones({2}), ones({1})};
  const Model g{full({2}, 2.f), full({1}, 4.f)};
  Model bad = g;
  bad.b = full({1}, INFINITY);
  optim::LossScaler::State s = scaler.init();
  EXPECT_EQ(scaler.scale(0.5f, s).item<float>(), 4);
  Tensor finite;
  std::tie(m, s, finite) = step(m, s, g);
  EXPECT_TRUE(finite.item<bool>());
  EXPECT_TRUE(is(m.w, {0.75, 0.75}));
  EXPECT_EQ(s.scale.item<float>(), 8);
  std::tie(m, s, finite) = step(m, s, bad); // skipped, and halved
  EXPECT_FALSE(finite.item<bool>());
  EXPECT_TRUE(is(m.w, {0.75, 0.75}));
  EXPECT_EQ(s.scale.item<float>(), 4);
  for (double want : {4, 8, 8, 16}) { // doubled after two in a row
    std::tie(m, s, finite) = step(m, s, g);
    EXPECT_EQ(s.scale.item<float>(), want);
  }
  const auto first = optim::LossScaler{}.init();
  EXPECT_EQ(first.scale.item<float>(), 65536);
}

TEST(LossScaler, UnscalesHalvesInF32) {
  const optim::LossScaler scaler;
  const Model g{full({1}, 4, DType::f16), full({1}, 65504, DType::f16)};
  auto [plain, finite] = scaler.unscale(g, scaler.init());
  EXPECT_TRUE(finite.item<bool>());
  EXPECT_EQ(plain.w.item<float>(), 4.f / 65536);
}

} // namespace
