// Layers against the same sums written as loops; what `init` draws; jit against
// eager. (test/peers compares every layer with PyTorch.)
#include "dsl-check.h"

#include <functional>

namespace {

using namespace mg;
using nn::Mode;

const Key key(7);
Tensor random(Shape shape, int n = 0) {
  return normal(key.fold(n), std::move(shape));
}
/// Element (i, j, ..) of a tensor's numbers.
struct Grid {
  Shape shape;
  std::vector<double> values;
  explicit Grid(const Tensor &t)
      : shape(t.shape()), values(t.to_vector<double>()) {}
  template <class... I> double operator()(I... index) const {
    std::size_t at = 0, d = 0;
    ((at = at * std::size_t(shape[d++]) + std::size_t(index)), ...);
    return values.at(at);
  }
};
/// f(i, j, ..) for all of `shape`, row-major.
void for_all(const Shape &shape, const std::function<void(const Shape &)> &f) {
  Shape i(shape.size(), 0);
  std::int64_t count = 1;
  for (std::int64_t n : shape)
    count *= n;
  for (std::int64_t k = 0; k < count; ++k) {
    f(i);
    for (std::size_t d = i.size(); d-- > 0 && ++i[d] == shape[d];)
      i[d] = 0;
  }
}
/// The same from a compiled function.
template <class F, class... A>
void expect_jit(const Tensor &want, F f, const A &...a) {
  EXPECT_TRUE(near(jit(f)(a...), want.to_vector<double>(), 1e-6));
}

TEST(Init, IsPyTorchs) {
  const auto linear = nn::Linear::init(key, 400, 300);
  const double bound = 1 / std::sqrt(400.0);
  const double most = max(abs(linear.w)).item<float>();
  EXPECT_LE(most, bound);
  EXPECT_GT(most, 0.99 * bound);
  EXPECT_NEAR(mean(linear.w).item<float>(), 0, 0.002);
  EXPECT_LE(max(abs(*linear.b)).item<float>(), bound);
  EXPECT_FALSE(nn::Linear::init(key, 2, 3, false).b);
  EXPECT_EQ(linear.w.to_vector(),
            mg::init<nn::Linear>(key, 400, 300).w.to_vector());
  const auto conv =
      nn::Conv::init(key, {.in = 8, .out = 64, .kernel = {3, 3}, .groups = 2});
  EXPECT_EQ(conv.w.shape(), (Shape{64, 4, 3, 3}));
  EXPECT_LE(max(abs(conv.w)).item<float>(), 1.0 / 6);
  EXPECT_GT(max(abs(conv.w)).item<float>(), 0.99 / 6);
  const auto embedding = nn::Embedding::init(key, 100, 50);
  EXPECT_NEAR(mg::std(embedding.table).item<float>(), 1, 0.05);
  const auto attention =
      nn::MultiHeadAttention::init(key, {.width = 64, .heads = 4});
  EXPECT_EQ(attention.in.w.shape(), (Shape{64, 192}));
  EXPECT_LE(max(abs(attention.in.w)).item<float>(), std::sqrt(6.0 / 256));
  EXPECT_TRUE(is(max(abs(*attention.in.b)), {0}));
  EXPECT_TRUE(has(error_of([] { nn::Linear::init(key, 0, 3); }),
                  "Linear: a size of 0"));
  EXPECT_TRUE(
      has(error_of([] { nn::Linear::init(key, 0, 3); }), "nn-test.cpp"));
}

TEST(Linear, IsATreeAndMultiplies) {
  const auto layer = nn::Linear::init(key, 3, 2);
  EXPECT_EQ(paths(layer), (std::vector<std::string>{"w", "b"}));
  EXPECT_EQ(paths(nn::Linear::init(key, 3, 2, false)),
            (std::vector<std::string>{"w"}));
  const Tensor x = random({4, 3});
  EXPECT_TRUE(
      is(layer(x), (matmul(x, layer.w) + *layer.b).to_vector<double>()));
  auto net = nn::sequential(layer, &relu, nn::Linear::init(key, 2, 5));
  EXPECT_EQ(net(x).shape(), (Shape{4, 5}));
  EXPECT_EQ(paths(net).back(), "layers.2.b");
  expect_jit(net(x), [](decltype(net) n, Tensor x) { return n(x); }, net, x);
  const std::string message = error_of([&] { layer(random({4, 5})); });
  EXPECT_TRUE(has(message, "Linear: inner dimensions 5 and 3 differ"));
  EXPECT_TRUE(has(message, "nn-test.cpp"));
}

TEST(Embedding, PicksRows) {
  const auto layer = nn::Embedding::init(key, 10, 4);
  const Tensor y = layer(from({3, 0, 9, 3}, {2, 2}));
  EXPECT_EQ(y.shape(), (Shape{2, 2, 4}));
  EXPECT_EQ(y(0, 1).to_vector(), layer.table[0].to_vector());
}

/// A convolution by its definition.
Tensor loops(const nn::Conv &c, const Tensor &input, const Shape &out) {
  const Grid x(input), w(c.w), b(*c.b);
  std::vector<double> y;
  const auto per = c.w.shape()[1], each = c.w.shape()[0] / c.groups;
  for_all(out, [&](const Shape &o) {
    double total = b(o[1]);
    for_all({per, w.shape[2], w.shape[3]}, [&](const Shape &k) {
      const auto r = o[2] * c.stride[0] + k[1] * c.dilation[0] - c.padding[0];
      const auto s = o[3] * c.stride[1] + k[2] * c.dilation[1] - c.padding[1];
      if (r >= 0 && s >= 0 && r < x.shape[2] && s < x.shape[3])
        total +=
            x(o[0], o[1] / each * per + k[0], r, s) * w(o[1], k[0], k[1], k[2]);
    });
    y.push_back(total);
  });
  return from(y, out);
}
TEST(Conv, IsItsDefinition) {
  const auto layer = nn::Conv::init(key, {.in = 4,
                                          .out = 6,
                                          .kernel = {3, 2},
                                          .groups = 2,
                                          .stride = {2, 1},
                                          .padding = {1, 2},
                                          .dilation = {1, 2}});
  const Tensor x = random({2, 4, 7, 5});
  const Tensor want = loops(layer, x, {2, 6, 4, 7});
  EXPECT_TRUE(is(layer(x), want.shape(), want.to_vector<double>()));
  expect_jit(layer(x), [](nn::Conv c, Tensor x) { return c(x); }, layer, x);
  const auto line = nn::Conv::init(key, {.in = 2, .out = 3, .kernel = {3}});
  EXPECT_EQ(line(random({1, 2, 8})).shape(), (Shape{1, 3, 6}));
  const auto box =
      nn::Conv::init(key, {.in = 1, .out = 2, .kernel = {2, 2, 2}});
  EXPECT_EQ(box(random({1, 1, 4, 4, 4})).shape(), (Shape{1, 2, 3, 3, 3}));
  EXPECT_TRUE(has(error_of([&] { box(x); }), "Conv: x is f32[2,4,7,5] for"));
}

TEST(ConvTranspose, IsTheAdjoint) {
  // <conv(x), y> = <x, transposed(y)> for the same weights without biases.
  nn::ConvShape shape{.in = 4,
                      .out = 6,
                      .kernel = {3, 2},
                      .groups = 2,
                      .stride = {2, 1},
                      .padding = {1, 0},
                      .dilation = {1, 2},
                      .bias = false};
  const auto conv = nn::Conv::init(key, shape);
  const nn::ConvTranspose back{
      conv.w, {}, conv.stride, conv.padding, conv.dilation, conv.groups};
  const Tensor x = random({2, 4, 7, 5});
  const Tensor y = random(conv(x).shape(), 1);
  ASSERT_EQ(back(y).shape(), x.shape());
  EXPECT_NEAR(sum(conv(x) * y).item<float>(), sum(x * back(y)).item<float>(),
              1e-3);
  std::swap(shape.in, shape.out);
  EXPECT_EQ(nn::ConvTranspose::init(key, shape).w.shape(), conv.w.shape());
}

TEST(Norms, AreTheirDefinitions) {
  const Tensor x = random({4, 6, 5}) * 3 + 2;
  auto group = nn::GroupNorm::init(3, 6);
  group.scale = random({6}, 1), group.bias = random({6}, 2);
  const Tensor rows = reshape(x, {4, 3, 10});
  const Tensor unit =
      reshape((rows - mean(rows, 2, true)) / sqrt(var(rows, 2, true) + 1e-5f),
              x.shape());
  const Tensor want =
      unit * reshape(group.scale, {6, 1}) + reshape(group.bias, {6, 1});
  EXPECT_TRUE(is(group(x), want.to_vector<double>()));
  expect_jit(
      group(x), [](nn::GroupNorm n, Tensor x) { return n(x); }, group, x);
  EXPECT_TRUE(is(nn::LayerNorm::init(5)(x),
                 ((x - mean(x, -1, true)) / sqrt(var(x, -1, true) + 1e-5f))
                     .to_vector<double>()));
  EXPECT_TRUE(
      is(nn::RMSNorm::init(5)(x),
         (x / sqrt(mean(x * x, -1, true) + 1e-6f)).to_vector<double>()));
  EXPECT_TRUE(has(error_of([&] { nn::GroupNorm::init(4, 6)(x); }),
                  "GroupNorm: 6 channels in 4 groups"));
}

TEST(BatchNorm, KeepsRunningStatistics) {
  auto norm = nn::BatchNorm::init(3);
  norm.scale = random({3}, 1), norm.bias = random({3}, 2);
  const Tensor x = random({4, 3, 5}) * 3 + 2;
  auto [y, next] = norm(x, Mode::train);
  const Tensor m = mean(x, {0, 2}), v = var(x, {0, 2});
  auto wide = [](const Tensor &t) { return reshape(t, {3, 1}); };
  const Tensor want = (x - wide(m)) / sqrt(wide(v) + 1e-5f) * wide(norm.scale) +
                      wide(norm.bias);
  EXPECT_TRUE(is(y, want.to_vector<double>()));
  EXPECT_TRUE(is(next.running_mean, (m * 0.1).to_vector<double>()));
  EXPECT_TRUE(
      is(next.running_var, (v * (20. / 19) * 0.1 + 0.9).to_vector<double>()));
  auto [z, same] = next(x, Mode::eval);
  EXPECT_TRUE(
      is(z, ((x - wide(next.running_mean)) /
                 sqrt(wide(next.running_var) + 1e-5f) * wide(norm.scale) +
             wide(norm.bias))
                .to_vector<double>()));
  EXPECT_EQ(same.running_mean.to_vector(), next.running_mean.to_vector());
  auto step = jit([](nn::BatchNorm n, Tensor x, Mode m) { return n(x, m); });
  EXPECT_TRUE(
      near(step(norm, x, Mode::train).first, y.to_vector<double>(), 1e-6));
  EXPECT_TRUE(
      near(step(next, x, Mode::eval).first, z.to_vector<double>(), 1e-6));
  EXPECT_EQ(step.stats().traces, 2);
  // What an optimizer did to the statistics is undone, and only that.
  nn::BatchNorm decayed =
      mg::map([](const Tensor &t) { return t * 0.5; }, norm);
  const nn::BatchNorm kept = nn::with_statistics(decayed, next);
  EXPECT_EQ(kept.running_var.to_vector(), next.running_var.to_vector());
  EXPECT_EQ(kept.scale.to_vector(), decayed.scale.to_vector());
  EXPECT_TRUE(has(error_of([&] { norm(random({1, 3}), Mode::train); }),
                  "more than one element per channel"));
  EXPECT_TRUE(has(error_of([&] { norm(random({2, 4}), Mode::eval); }),
                  "scale is f32[3] for the channels of f32[2,4]"));
}

TEST(Dropout, KeepsTheMean) {
  const nn::Dropout drop{0.25f};
  const Tensor x = ones({200, 100});
  const Tensor y = drop(x, key, Mode::train);
  EXPECT_TRUE(is(max(y), {4. / 3}));
  EXPECT_NEAR(mean(y).item<float>(), 1, 0.02);
  EXPECT_NEAR(mean(y == 0).item<float>(), 0.25, 0.01);
  EXPECT_EQ(y.to_vector(), drop(x, key, Mode::train).to_vector());
  EXPECT_NE(y.to_vector(), drop(x, key.fold(1), Mode::train).to_vector());
  EXPECT_EQ(drop(x, key, Mode::eval).to_vector(), x.to_vector());
  EXPECT_TRUE(is(max(nn::Dropout{1}(x, key, Mode::train)), {0}));
  EXPECT_TRUE(has(error_of([&] { dropout(x, key, 1.5f); }),
                  "dropout: the rate is 1.5"));
}

/// One query's result by the definition, in double.
std::vector<double> attend(const Grid &q, const Grid &k, const Grid &v,
                           std::int64_t b, std::int64_t h, std::int64_t l,
                           const std::function<bool(std::int64_t)> &sees) {
  const auto g = h / (q.shape[1] / k.shape[1]);
  std::vector<double> out(std::size_t(v.shape[3]), 0), weights;
  double total = 0;
  for (std::int64_t s = 0; s < k.shape[2]; ++s) {
    double score = 0;
    for (std::int64_t d = 0; d < q.shape[3]; ++d)
      score += q(b, h, l, d) * k(b, g, s, d);
    weights.push_back(sees(s) ? std::exp(score / std::sqrt(q.shape[3])) : 0);
    total += weights.back();
  }
  for (std::int64_t s = 0; total > 0 && s < k.shape[2]; ++s)
    for (std::int64_t e = 0; e < v.shape[3]; ++e)
      out[std::size_t(e)] += weights[std::size_t(s)] / total * v(b, g, s, e);
  return out;
}
TEST(Attention, IsItsDefinition) {
  const Tensor q = random({2, 4, 5, 8}), k = random({2, 2, 6, 8}, 1),
               v = random({2, 2, 6, 3}, 2);
  const Tensor seen = random({5, 6}, 3) > -0.5;
  auto expect = [&](const AttentionOptions &options, auto sees) {
    std::vector<double> want;
    for_all({2, 4, 5}, [&](const Shape &i) {
      const auto row = attend(Grid(q), Grid(k), Grid(v), i[0], i[1], i[2],
                              [&](std::int64_t s) { return sees(i[2], s); });
      want.insert(want.end(), row.begin(), row.end());
    });
    const Tensor y = scaled_dot_product_attention(q, k, v, options);
    EXPECT_TRUE(is(y, {2, 4, 5, 3}, want));
    auto f = jit([&](Tensor q, Tensor k, Tensor v) {
      return scaled_dot_product_attention(q, k, v, options);
    });
    EXPECT_TRUE(is(f(q, k, v), {2, 4, 5, 3}, want));
  };
  const Grid mask(seen);
  expect({}, [](auto, auto) { return true; });
  expect({.causal = true}, [](auto l, auto s) { return s <= l; });
  expect({.mask = seen}, [&](auto l, auto s) { return mask(l, s) != 0; });
  expect({.mask = where(seen, 0.f, -1e30f), .causal = true},
         [&](auto l, auto s) { return mask(l, s) != 0 && s <= l; });
  const Tensor none =
      scaled_dot_product_attention(q, k, v, {.mask = full({5, 6}, false)});
  EXPECT_TRUE(is(max(abs(none)), {0}));
  EXPECT_TRUE(has(error_of([&] { scaled_dot_product_attention(q, v, v); }),
                  "q and k are 8 and 3 wide (q f32[2,4,5,8], k"));
  EXPECT_TRUE(has(error_of([&] {
                    scaled_dot_product_attention(q, k, v, {.mask = ones({4})});
                  }),
                  "the mask is f32[4] for scores f32[2,4,5,6]"));
}

TEST(Attention, Layer) {
  const auto layer = nn::MultiHeadAttention::init(
      key, {.width = 8, .heads = 4, .shared_heads = 2});
  EXPECT_EQ(layer.in.w.shape(), (Shape{8, 16}));
  const Tensor x = random({2, 5, 8});
  const Tensor y = layer(x);
  EXPECT_EQ(y.shape(), x.shape());
  EXPECT_TRUE(is(layer(x, x), y.to_vector<double>()));
  EXPECT_EQ(layer(x, random({2, 7, 8})).shape(), x.shape());
  expect_jit(
      y, [](nn::MultiHeadAttention a, Tensor x) { return a(x); }, layer, x);
  // A causal one does not see what comes later.
  const Tensor changed = x.at(all, 4).set(9);
  EXPECT_EQ(layer(x, {.causal = true})(all, slice(0, 4)).to_vector(),
            layer(changed, {.causal = true})(all, slice(0, 4)).to_vector());
  EXPECT_TRUE(has(error_of([&] { layer(x[0]); }),
                  "MultiHeadAttention: x (n, length, width) is wanted"));
}

TEST(Rope, TurnsPairs) {
  const Tensor x = random({2, 3, 4});
  for (Rope pairs : {Rope::halves, Rope::interleaved}) {
    const Tensor y = rope(x, arange(3), 100, pairs);
    const Grid from(x), to(y);
    for_all({2, 3, 2}, [&](const Shape &i) {
      const bool halves = pairs == Rope::halves;
      const auto a = halves ? i[2] : 2 * i[2], b = halves ? i[2] + 2 : a + 1;
      const double angle = double(i[1]) * std::pow(100, -i[2] / 2.0);
      const double p = from(i[0], i[1], a), q = from(i[0], i[1], b);
      EXPECT_NEAR(to(i[0], i[1], a), p * cos(angle) - q * sin(angle), 1e-5);
      EXPECT_NEAR(to(i[0], i[1], b), q * cos(angle) + p * sin(angle), 1e-5);
    });
    expect_jit(y, [=](Tensor x) { return rope(x, arange(3), 100, pairs); }, x);
  }
  EXPECT_TRUE(has(error_of([&] { rope(ones({2, 3}), arange(2)); }),
                  "rope: an operand (.., length, even width)"));
}

TEST(Pool, IsItsDefinition) {
  const Tensor x = reshape(arange(16) * 1.0f, {1, 1, 4, 4});
  EXPECT_TRUE(
      is(max_pool(x, {.window = {2, 2}}), {1, 1, 2, 2}, {5, 7, 13, 15}));
  EXPECT_TRUE(is(avg_pool(x, {.window = {2, 2}}), {1, 1, 2, 2},
                 {2.5, 4.5, 10.5, 12.5}));
  const PoolOptions padded{
      .window = {2, 2}, .stride = {4, 4}, .low = {1, 1}, .high = {1, 1}};
  EXPECT_TRUE(is(max_pool(x - 20, padded), {1, 1, 2, 2}, {-20, -17, -8, -5}));
  EXPECT_TRUE(is(avg_pool(x, padded), {0, 0.75, 3, 3.75}));
  EXPECT_TRUE(is(avg_pool(x, padded, Padding::ignored), {0, 3, 12, 15}));
  EXPECT_TRUE(
      is(max_pool(astype(x, DType::i8) - 100, padded), {-100, -97, -88, -85}));
  expect_jit(
      max_pool(x, padded), [=](Tensor x) { return max_pool(x, padded); }, x);
  EXPECT_TRUE(
      has(error_of([&] { max_pool(x, {.window = {2, 2}, .stride = {1}}); }),
          "max_pool: 1 numbers as stride of a window of 2"));
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Recurrent, LstmCell) {
  const auto cell = nn::LSTMCell::init(key, 3, 2);
  const Tensor x = random({4, 3});
  const LSTMState state{random({4, 2}, 1), random({4, 2}, 2)};
  const auto [h, c] = cell(x, state);
  const Grid g(matmul(x, cell.input.w) + *cell.input.b +
               matmul(state.h, cell.u)),
      old(state.c), newH(h), newC(c);
  for_all({4, 2}, [&](const Shape &i) {
    auto gate = [&](int k) { return g(i[0], k * 2 + i[1]); };
    const double want = logistic(gate(1)) * old(i[0], i[1]) +
                        logistic(gate(0)) * std::tanh(gate(2));
    EXPECT_NEAR(newC(i[0], i[1]), want, 1e-5);
    EXPECT_NEAR(newH(i[0], i[1]), logistic(gate(3)) * std::tanh(want), 1e-5);
  });
  auto step = [](nn::LSTMCell cell, Tensor x, LSTMState s) {
    return cell(x, s).h;
  };
  expect_jit(h, step, cell, x, state);
  EXPECT_TRUE(is(max(abs(cell.start(4).c)), {0}));
  EXPECT_TRUE(has(error_of([&] { cell(x, cell.start(3)); }),
                  "LSTMCell: projected (.., 4 n), a state (.., n)"));
}

TEST(Recurrent, GruCell) {
  const auto cell = nn::GRUCell::init(key, 3, 2);
  const Tensor x = random({4, 3}), h = random({4, 2}, 1);
  const Grid in(cell.input(x)), own(cell.hidden(h)), old(h), next(cell(x, h));
  for_all({4, 2}, [&](const Shape &i) {
    auto of = [&](const Grid &g, int k) { return g(i[0], k * 2 + i[1]); };
    const double reset = logistic(of(in, 0) + of(own, 0));
    const double keep = logistic(of(in, 1) + of(own, 1));
    const double fresh = std::tanh(of(in, 2) + reset * of(own, 2));
    EXPECT_NEAR(next(i[0], i[1]), (1 - keep) * fresh + keep * old(i[0], i[1]),
                1e-5);
  });
  auto step = [](nn::GRUCell cell, Tensor x, Tensor h) { return cell(x, h); };
  expect_jit(cell(x, h), step, cell, x, h);
}

TEST(Recurrent, SequencesAreTheirCells) {
  const auto lstm = nn::LSTM::init(key, 3, 2);
  const auto gru = nn::GRU::init(key, 3, 2);
  const Tensor x = random({4, 5, 3});
  const auto [all, last] = lstm(x);
  LSTMState state = lstm.cell.start(4);
  Tensor h = gru.cell.start(4);
  const auto [allOfGru, lastOfGru] = gru(x);
  for (int t = 0; t < 5; ++t) {
    state = lstm.cell(x(mg::all, t), state), h = gru.cell(x(mg::all, t), h);
    EXPECT_TRUE(is(all(mg::all, t), state.h.to_vector<double>()));
    EXPECT_TRUE(is(allOfGru(mg::all, t), h.to_vector<double>()));
  }
  EXPECT_TRUE(is(last.c, state.c.to_vector<double>()));
  EXPECT_TRUE(is(lastOfGru, h.to_vector<double>()));
  expect_jit(all, [](nn::LSTM l, Tensor x) { return l(x).first; }, lstm, x);
  expect_jit(allOfGru, [](nn::GRU l, Tensor x) { return l(x).first; }, gru, x);
  // Two halves are the whole.
  const auto half = lstm(x(mg::all, slice(0, 2))).second;
  EXPECT_TRUE(is(lstm(x(mg::all, slice(2, 5)), half).second.h,
                 last.h.to_vector<double>()));
  EXPECT_TRUE(has(error_of([&] { lstm(x[0]); }),
                  "LSTM: x (n, length, width) is wanted, not f32[5,3]"));
}

TEST(Relu, KeepsNaN) {
  const Tensor y = relu(from({-1.f, 0.f, 2.f, NAN}));
  EXPECT_TRUE(is(y, {0, 0, 2, NAN}));
  EXPECT_TRUE(is(relu(from({-3, 4})), {0, 4}));
}

} // namespace
