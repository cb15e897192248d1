// Derivatives by hand against those of the same function written in plain ops,
// and against central differences, in f64; layers and optimizers learn.
// (test/peers compares gradients with PyTorch.)
#include "dsl-check.h"

#include <functional>

namespace {

using namespace mg;

const Key key(11);
Tensor random(Shape shape, int n = 0) {
  return astype(normal(key.fold(n), std::move(shape)), DType::f64);
}

using Function = std::function<Tensor(Leaves)>;
/// sum(f(operands) * a fixed random tensor): every result counts.
auto lossOf(const Function &f) {
  return [=](Leaves in) {
    const Tensor y = f(in);
    return sum(y * random(y.shape(), 99));
  };
}
/// The derivative of a number that the gradient makes, so second order.
auto secondOf(const Function &f) {
  return [=](Leaves in) {
    Tensor total = 0.0;
    int n = 50;
    for (const Tensor &g : grad(lossOf(f))(in))
      total = total + sum(g * random(g.shape(), ++n));
    return total;
  };
}
void expect_near(const Leaves &got, const Leaves &want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].shape(), want[i].shape());
    EXPECT_TRUE(near(got[i], want[i].to_vector<double>(), tolerance))
        << "operand " << i << ", wanted " << want[i];
  }
}

/// `f`, which has a rule, has the derivatives of `plain`, which has none: of
/// first and second order; and the value itself is the same.
void expect_rule(const Function &f, const Function &plain, const Leaves &in) {
  EXPECT_TRUE(near(f(in), plain(in).to_vector<double>(), 1e-12));
  auto g = grad(lossOf(f)), h = grad(lossOf(plain));
  expect_near(g(in), h(in), 1e-10);
  expect_near(jit(g)(in), h(in), 1e-10);
  expect_near(grad(secondOf(f))(in), grad(secondOf(plain))(in), 1e-9);
  // Central differences along one random direction.
  constexpr double step = 1e-5;
  Leaves up, down;
  double slope = 0;
  const Leaves gradient = g(in);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Tensor d = random(in[i].shape(), 70 + int(i));
    up.push_back(in[i] + d * step), down.push_back(in[i] - d * step);
    slope += sum(d * gradient[i]).item<double>();
  }
  const auto loss = lossOf(f);
  const double want =
      (loss(up).item<double>() - loss(down).item<double>()) / (2 * step);
  EXPECT_NEAR(slope, want, 1e-6 * (1 + std::fabs(want)));
}

Tensor plainSoftmax(const Tensor &x, int axis) {
  const Tensor e = exp(x);
  return e / sum(e, axis, true);
}

TEST(Rules, Softmax) {
  expect_rule([](Leaves in) { return softmax(in[0], 1); },
              [](Leaves in) { return plainSoftmax(in[0], 1); },
              {random({2, 5, 3})});
  expect_rule([](Leaves in) { return log_softmax(in[0]); },
              [](Leaves in) { return log(plainSoftmax(in[0], -1)); },
              {random({3, 4})});
}
TEST(Rules, Logsumexp) {
  expect_rule([](Leaves in) { return logsumexp(in[0], 0); },
              [](Leaves in) { return log(sum(exp(in[0]), 0)); },
              {random({4, 3})});
  // A row of -inf has no share to give; large numbers do not overflow.
  auto total = [](Tensor x) { return sum(logsumexp(x)); };
  const Tensor odd = from({-INFINITY, -INFINITY, 1000.f, 1000.f}, {2, 2});
  EXPECT_TRUE(is(grad(total)(odd), {0, 0, 0.5, 0.5}));
}
TEST(Rules, CrossEntropy) {
  const Tensor labels = from({2, 0, 3, 7});
  expect_rule([=](Leaves in) { return cross_entropy(in[0], labels); },
              [=](Leaves in) {
                const Tensor hot = one_hot(labels, 4, DType::f64);
                return log(sum(exp(in[0]), 1)) - sum(hot * in[0], 1);
              },
              {random({4, 4})});
}
TEST(Rules, LayerNorm) {
  expect_rule([](Leaves in) { return layer_norm(in[0], in[1], in[2]); },
              [](Leaves in) {
                const Tensor x = in[0] - mean(in[0], -1, true);
                return x / sqrt(mean(x * x, -1, true) + double(1e-5f)) * in[1] +
                       in[2];
              },
              {random({2, 3, 5}), random({5}, 1), random({5}, 2)});
}
TEST(Rules, RmsNorm) {
  expect_rule([](Leaves in) { return rms_norm(in[0], in[1]); },
              [](Leaves in) {
                return in[0] /
                       sqrt(mean(in[0] * in[0], -1, true) + double(1e-6f)) *
                       in[1];
              },
              {random({4, 5}), random({5}, 1)});
}
TEST(Rules, BatchNorm) {
  auto flat = [](const BatchStatistics &s) {
    return concat({ravel(s.y), s.mean, s.variance});
  };
  expect_rule([=](Leaves in) { return flat(batch_norm(in[0], in[1], in[2])); },
              [=](Leaves in) {
                auto wide = [](const Tensor &t) { return reshape(t, {3, 1}); };
                const Tensor m = mean(in[0], {0, 2}), x = in[0] - wide(m);
                const Tensor v = mean(x * x, {0, 2});
                const Tensor y =
                    x / wide(sqrt(v + double(1e-5f))) * wide(in[1]) +
                    wide(in[2]);
                return flat({y, m, v});
              },
              {random({4, 3, 2}), random({3}, 1), random({3}, 2)});
}

/// softmax(q kT / sqrt(d) + mask) v with k and v repeated.
Tensor plainAttention(const Tensor &q, const Tensor &k, const Tensor &v,
                      const Tensor &mask) {
  const auto times = q.shape()[1] / k.shape()[1];
  const Tensor keys = repeat(k, times, 1), values = repeat(v, times, 1);
  const Tensor s =
      matmul(q, swapaxes(keys, -1, -2)) / std::sqrt(double(q.shape().back())) +
      mask;
  return matmul(plainSoftmax(s, -1), values);
}
TEST(Rules, Attention) {
  const Leaves in{random({2, 4, 3, 5}), random({2, 2, 6, 5}, 1),
                  random({2, 2, 6, 2}, 2)};
  expect_rule(
      [](Leaves in) {
        return scaled_dot_product_attention(in[0], in[1], in[2]);
      },
      [](Leaves in) {
        return plainAttention(in[0], in[1], in[2], zeros({3, 6}, DType::f64));
      },
      in);
  Leaves masked = in;
  masked.push_back(random({4, 1, 6}, 3));
  const Tensor causal = where(tril(ones({3, 6})) > 0, 0.0, -INFINITY);
  expect_rule(
      [](Leaves in) {
        return scaled_dot_product_attention(in[0], in[1], in[2],
                                            {.mask = in[3], .causal = true});
      },
      [=](Leaves in) {
        return plainAttention(in[0], in[1], in[2],
                              in[3] + astype(causal, DType::f64));
      },
      masked);
  // What may look at nothing has no derivative, and no NaN.
  auto none = [](Tensor q, Tensor k) {
    return sum(
        scaled_dot_product_attention(q, k, k, {.mask = full({3, 6}, false)}));
  };
  EXPECT_TRUE(is(max(abs(grad(none)(in[0], in[1]))), {0}));
}
/// So many queries that their weights come in blocks: of equal and unequal
/// size, with keys that no query sees, and with more queries than keys.
TEST(Rules, AttentionInBlocks) {
  struct Case {
    std::int64_t queries, keys;
    bool causal, masked;
  };
  for (const auto &[l, s, causal, masked] : {Case{256, 40, false, false},
                                             {389, 391, true, false},
                                             {300, 130, true, true},
                                             {259, 7, false, true}}) {
    const Leaves in{random({1, 2, l, 3}), random({1, 1, s, 3}, 1),
                    random({1, 1, s, 2}, 2)};
    const Tensor seen =
        concat({full({l, 1}, true), random({l, s - 1}, 3) > -0.5f}, 1);
    const Tensor shown = causal ? tril(ones({l, s})) > 0 : full({l, s}, true);
    Tensor added = where(shown, 0.0, -INFINITY);
    if (masked)
      added = added + where(seen, 0.0, -INFINITY);
    const AttentionOptions options{
        .mask = masked ? std::optional(seen) : std::nullopt, .causal = causal};
    auto f = [=](Leaves in) {
      return scaled_dot_product_attention(in[0], in[1], in[2], options);
    };
    auto plain = [=](Leaves in) {
      return plainAttention(in[0], in[1], in[2], astype(added, DType::f64));
    };
    auto g = grad(lossOf(f)), h = grad(lossOf(plain));
    expect_near(g(in), h(in), 1e-10);
    expect_near(jit(g)(in), h(in), 1e-10);
  }
}

TEST(Rules, ReluAtZeroIsFlat) {
  auto total = [](Tensor x) { return sum(relu(x)); };
  EXPECT_TRUE(is(grad(total)(from({-1.f, 0.f, 2.f})), {0, 0, 1}));
}

TEST(Rules, AutocastGivesBackWideGradients) {
  const auto layer = nn::Linear::init(key, 8, 4);
  const Tensor x = normal(key, {16, 8});
  const Tensor labels = randint(key, 0, 4, {16});
  auto loss = [](nn::Linear l, Tensor x, Tensor labels) {
    return mean(cross_entropy(l(x), labels));
  };
  const auto wide = grad(loss)(layer, x, labels);
  const auto narrow = grad(autocast(loss))(layer, x, labels);
  EXPECT_EQ(narrow.w.dtype(), DType::f32);
  EXPECT_TRUE(near(narrow.w, wide.w.to_vector<double>(), 1e-2));
  EXPECT_NE(narrow.w.to_vector(), wide.w.to_vector());
}

struct Net {
  nn::Conv conv;
  nn::BatchNorm norm;
  nn::Linear out;
  std::pair<Tensor, Net> operator()(Tensor x, nn::Mode mode) const {
    Net next = *this;
    auto [y, moved] = norm(conv(x), mode);
    next.norm = moved;
    const Tensor pooled = max_pool(relu(y), {.window = {2, 2}});
    return {out(reshape(pooled, {x.shape()[0], -1})), next};
  }
};
TEST(Training, ANetWithStatisticsLearns) {
  Net net{nn::Conv::init(key, {.in = 1, .out = 4, .kernel = {3, 3}}),
          nn::BatchNorm::init(4), nn::Linear::init(key.fold(1), 36, 3)};
  const Tensor x = normal(key.fold(2), {24, 1, 8, 8});
  const Tensor labels = randint(key, 0, 3, {24});
  auto loss = [](Net n, Tensor x, Tensor labels) {
    auto [y, next] = n(x, nn::Mode::train);
    return std::pair{mean(cross_entropy(y, labels)), next};
  };
  const optim::AdamW adam{.lr = 0.01};
  auto step = jit([=](Net n, optim::AdamW::State<Net> s, Tensor x,
                      Tensor labels) {
    auto [result, g] = value_and_grad(loss)(n, x, labels);
    auto [updated, state, l] = adam.update(g, s, n, result.first);
    return std::tuple{nn::with_statistics(updated, result.second), state, l};
  });
  auto state = adam.init(net);
  std::vector<float> losses;
  for (int i = 0; i < 60; ++i) {
    Tensor l;
    std::tie(net, state, l) = step(net, state, x, labels);
    losses.push_back(l.item<float>());
  }
  EXPECT_GT(losses.front(), 0.8);
  EXPECT_LT(losses.back(), 0.1);
  EXPECT_GT(max(abs(net.norm.running_mean)).item<float>(), 0.01);
  EXPECT_EQ(step.stats().traces, 1);
}

} // namespace
