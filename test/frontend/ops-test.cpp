// The DSL's functions against values worked out by hand: names, axes, shapes.
// (The ops themselves are tested in test/ops.)
#include "dsl-check.h"

namespace {

using namespace mg;

const Tensor &m() {
  static const Tensor m = from({1, 2, 3, 4, 5, 6}, {2, 3}) * 1.0f;
  return m;
}

TEST(Ops, Reductions) {
  EXPECT_TRUE(is(sum(m()), {}, {21}));
  EXPECT_TRUE(is(sum(m(), 0), {3}, {5, 7, 9}));
  EXPECT_TRUE(is(sum(m(), -1, true), {2, 1}, {6, 15}));
  EXPECT_TRUE(is(sum(m(), {0, 1}), {}, {21}));
  EXPECT_TRUE(is(prod(m(), 1), {6, 120}));
  EXPECT_TRUE(is(max(m(), 0), {4, 5, 6}));
  EXPECT_TRUE(is(min(m(), 1), {1, 4}));
  EXPECT_TRUE(is(mean(m(), 0), {2.5, 3.5, 4.5}));
  EXPECT_TRUE(is(var(m(), 1), {2. / 3, 2. / 3}));
  EXPECT_TRUE(is(mg::std(m(), 1, false, 1), {1, 1}));
  EXPECT_TRUE(is(any(m() > 5, 1), {0, 1}));
  EXPECT_TRUE(is(all(m() > 0, 1), {1, 1}));
  EXPECT_TRUE(is(argmax(m(), 1), {2, 2}));
  EXPECT_TRUE(is(argmin(m(), 0, true), {1, 3}, {0, 0, 0}));
  EXPECT_EQ(sum(m() > 2).item<int>(), 4);
  EXPECT_EQ(sum(m() > 2).dtype(), DType::i32);
  EXPECT_TRUE(is(max(m() > 5), {1}));
}

TEST(Ops, StatisticsOfHalfPrecisionDoNotOverflow) {
  const Tensor x = full({4, 4}, 60000, DType::f16);
  EXPECT_TRUE(is(mean(x), {60000}));
  EXPECT_EQ(mean(x).dtype(), DType::f16);
  EXPECT_TRUE(is(var(x), {0}));
}

TEST(Ops, ScansAndOrder) {
  EXPECT_TRUE(is(cumsum(m(), 1), {1, 3, 6, 4, 9, 15}));
  EXPECT_TRUE(is(cumsum(m(), 1, Scan::exclusive), {0, 1, 3, 0, 4, 9}));
  EXPECT_TRUE(is(cumsum(m(), 1, Scan::inclusive, true), {6, 5, 3, 15, 11, 6}));
  EXPECT_TRUE(is(cumprod(m(), 0), {1, 2, 3, 4, 10, 18}));
  const Tensor v = from({3, 1, 2});
  EXPECT_TRUE(is(cummax(v, 0), {3, 3, 3}));
  EXPECT_TRUE(is(cummin(v, 0), {3, 1, 1}));
  EXPECT_TRUE(is(sort(v), {1, 2, 3}));
  EXPECT_TRUE(is(sort(v, 0, true), {3, 2, 1}));
  EXPECT_TRUE(is(argsort(v), {1, 2, 0}));
  const auto [values, indices] = topk(v, 2);
  EXPECT_TRUE(is(values, {3, 2}));
  EXPECT_TRUE(is(indices, {0, 2}));
}

TEST(Ops, Contractions) {
  EXPECT_TRUE(is(matmul(m(), transpose(m())), {2, 2}, {14, 32, 32, 77}));
  EXPECT_TRUE(is(matmul(m(), from({1.f, 0.f, 1.f})), {2}, {4, 10}));
  EXPECT_TRUE(is(matmul(from({1.f, 1.f}), m()), {3}, {5, 7, 9}));
  EXPECT_TRUE(is(matmul(from({1.f, 2.f}), from({3.f, 4.f})), {}, {11}));
  const Tensor batched = reshape(arange(12) * 1.0f, {2, 3, 2});
  EXPECT_TRUE(
      is(matmul(m(), batched), {2, 2, 2}, {16, 22, 34, 49, 52, 58, 124, 139}));
  EXPECT_EQ(matmul(ones({4, 1, 2, 3}), ones({5, 3, 7})).shape(),
            (Shape{4, 5, 2, 7}));
  EXPECT_EQ(matmul(ones({5, 2, 3}), ones({3, 7})).shape(), (Shape{5, 2, 7}));
  EXPECT_EQ(tensordot(ones({2, 3, 4}), ones({3, 4, 5})).shape(), (Shape{2, 5}));
  EXPECT_TRUE(is(dot_general(m(), m(),
                             {.lhs_contract = {0},
                              .rhs_contract = {0},
                              .lhs_batch = {1},
                              .rhs_batch = {1}}),
                 {17, 29, 45}));
}

TEST(Ops, Convolution) {
  const Tensor image = reshape(arange(16) * 1.0f, {1, 1, 4, 4});
  const Tensor kernel = ones({1, 1, 2, 2});
  EXPECT_TRUE(is(conv(image, kernel, {.strides = {2, 2}}), {1, 1, 2, 2},
                 {10, 18, 42, 50}));
  EXPECT_EQ(conv(image, kernel, {.low = {1, 1}, .high = {0, 0}}).shape(),
            (Shape{1, 1, 4, 4}));
}

TEST(Ops, Einsum) {
  const Tensor s = matmul(m(), transpose(m()));
  EXPECT_TRUE(is(einsum("ij,kj->ik", m(), m()), {2, 2}, {14, 32, 32, 77}));
  EXPECT_TRUE(is(einsum("ij->ji", m()), {3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_TRUE(is(einsum("ii", s), {}, {91}));
  EXPECT_TRUE(is(einsum("ii->i", s), {2}, {14, 77}));
  EXPECT_TRUE(is(einsum("ij->", m()), {}, {21}));
  EXPECT_TRUE(is(einsum("i,j->ij", from({1.f, 2.f}), from({3.f, 4.f})), {2, 2},
                 {3, 4, 6, 8}));
  EXPECT_TRUE(is(einsum("i,ij,j", from({1.f, 2.f}), m(), ones({3})), {36}));
  const Tensor a = ones({2, 3, 4}), b = ones({2, 4, 5});
  EXPECT_TRUE(is(einsum("bij,bjk->bik", a, b)[0][0], {4, 4, 4, 4, 4}));
  EXPECT_EQ(
      einsum("...ij,...jk->...ik", ones({7, 1, 2, 3}), ones({5, 3, 4})).shape(),
      (Shape{7, 5, 2, 4}));
  EXPECT_EQ(einsum("...i->i...", ones({2, 3, 4})).shape(), (Shape{4, 2, 3}));
  EXPECT_TRUE(is(einsum("ij,ik->k", m(), m()), {66, 87, 108}));
}

TEST(Ops, Shapes) {
  EXPECT_EQ(reshape(m(), {3, -1}).shape(), (Shape{3, 2}));
  EXPECT_EQ(swapaxes(ones({2, 3, 4}), 0, -1).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(moveaxis(ones({2, 3, 4}), 0, -1).shape(), (Shape{3, 4, 2}));
  EXPECT_EQ(squeeze(ones({1, 3, 1})).shape(), (Shape{3}));
  EXPECT_EQ(squeeze(ones({1, 3, 1}), -1).shape(), (Shape{1, 3}));
  EXPECT_EQ(expand_dims(ones({3}), {0, -1}).shape(), (Shape{1, 3, 1}));
  EXPECT_TRUE(is(flip(m(), 1), {3, 2, 1, 6, 5, 4}));
  EXPECT_TRUE(is(diagonal(m()), {1, 5}));
  EXPECT_TRUE(is(ravel(transpose(m())), {1, 4, 2, 5, 3, 6}));
  EXPECT_TRUE(is(unfold(arange(5), {.axes = {0}, .size = {3}, .stride = {2}}),
                 {2, 3}, {0, 1, 2, 2, 3, 4}));
  EXPECT_TRUE(
      is(fold(ones({2, 3}), {.axes = {0}, .size = {3}, .stride = {2}}, {5}),
         {1, 1, 2, 1, 1}));
}

TEST(Ops, Movement) {
  const Tensor v = from({1, 2, 3});
  EXPECT_TRUE(is(pad(v, {1}, {2}, 9), {9, 1, 2, 3, 9, 9}));
  EXPECT_TRUE(is(pad(v, {-1}, {0}, 9, {1}), {9, 2, 9, 3}));
  EXPECT_TRUE(is(concat({v, v}), {1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(concat({v, v * 1.5}).dtype(), DType::f32);
  EXPECT_TRUE(is(stack({v, v}, 1), {3, 2}, {1, 1, 2, 2, 3, 3}));
  EXPECT_TRUE(is(split(m(), 3, 1)[1], {2, 1}, {2, 5}));
  EXPECT_TRUE(
      is(tile(v, {2, 2}), {2, 6}, {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}));
  EXPECT_TRUE(is(repeat(v, 2, 0), {1, 1, 2, 2, 3, 3}));
  EXPECT_TRUE(is(roll(v, 1, 0), {3, 1, 2}));
  EXPECT_TRUE(is(roll(v, -4, 0), {2, 3, 1}));
  EXPECT_TRUE(is(tril(m()), {1, 0, 0, 4, 5, 0}));
  EXPECT_TRUE(is(triu(m(), 1), {0, 2, 3, 0, 0, 6}));
  EXPECT_TRUE(is(dynamic_slice(v, from({5}), {2}), {2, 3}));
  EXPECT_TRUE(is(dynamic_update_slice(v, from({7}), from({1})), {1, 7, 3}));
}

TEST(Ops, Sources) {
  EXPECT_TRUE(is(arange(2, 8, 3), {2, 5}));
  EXPECT_EQ(arange(3).dtype(), DType::i32);
  EXPECT_TRUE(is(arange(0, 1, 0.25), {0, .25, .5, .75}));
  EXPECT_TRUE(is(linspace(-1, 1, 5), {-1, -.5, 0, .5, 1}));
  EXPECT_TRUE(is(eye(2), {2, 2}, {1, 0, 0, 1}));
  EXPECT_TRUE(is(full({2}, 7), {7, 7}));
  EXPECT_EQ(zeros({2}, DType::bf16).dtype(), DType::bf16);
  EXPECT_TRUE(
      is(one_hot(from({2, 0, 5}), 3), {3, 3}, {0, 0, 1, 1, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(is(clip(from({-2, 0, 2}), -1, 1), {-1, 0, 1}));
  EXPECT_TRUE(is(pow(from({2.f, 3.f}), 2), {4, 9}));
  EXPECT_TRUE(is(pow(from({4.f, 9.f}), 0.5), {2, 3}));
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor odd = from({1.f, inf, inf - inf});
  EXPECT_TRUE(is(isnan(odd), {0, 0, 1}));
  EXPECT_TRUE(is(isinf(odd), {0, 1, 0}));
  EXPECT_TRUE(is(isfinite(odd), {1, 0, 0}));
}

TEST(Ops, PowersOfIntegers) {
  const Tensor base = from({2, -3, 7, 0, 1, -1, -1, 5});
  const Tensor exponent = from({10, 3, 0, 0, -4, -4, -3, -1});
  EXPECT_TRUE(is(pow(base, exponent), {1024, -27, 1, 1, 1, 1, -1, 0}));
  EXPECT_EQ(pow(base, exponent).dtype(), DType::i32);
  // As products wrap.
  const Tensor wide = astype(from({3, 2}), DType::u8);
  EXPECT_TRUE(is(pow(wide, astype(from({200, 8}), DType::u8)), {161, 0}));
}

TEST(Ops, Quotients) {
  const Tensor a = from({7, -7, 7, -7}), b = from({2, 2, -2, -2});
  EXPECT_TRUE(is(floor_divide(a, b), {3, -4, -4, 3}));
  EXPECT_TRUE(is(truncate_divide(a, b), {3, -3, -3, 3}));
  EXPECT_TRUE(is(truncate_divide(a * 1.f, b), {3, -3, -3, 3}));
}

/// A function of mg's, against the C library's at every point; its derivative
/// against the difference of neighbours.
void compare(const char *name, Tensor (*f)(Arg), double (*reference)(double),
             const std::vector<double> &points) {
  SCOPED_TRACE(name);
  std::vector<double> values, slopes;
  for (const double x : points) {
    const double h = 1e-5 * std::max(1., std::fabs(x));
    values.push_back(reference(x));
    slopes.push_back((reference(x + h) - reference(x - h)) / (2 * h));
  }
  const Tensor x = from(points);
  EXPECT_TRUE(near(f(x), values, 1e-14));
  EXPECT_TRUE(near(f(astype(x, DType::f32)), values, 1e-6));
  EXPECT_TRUE(near(grad([&](Tensor y) { return sum(f(y)); })(x), slopes, 1e-6));
}

TEST(Composites, HyperbolicAndInverse) {
  const std::vector<double> inside{-.9, -.5, -1e-3, 1e-3, .25, .75};
  compare("asin", mg::asin, std::asin, inside);
  compare("acos", mg::acos, std::acos, inside);
  compare("atanh", mg::atanh, std::atanh, inside);
  const std::vector<double> line{-30, -19, -2, -1e-3, 1e-3, .5, 7, 21, 60};
  compare("sinh", mg::sinh, std::sinh, line);
  compare("cosh", mg::cosh, std::cosh, line);
  const std::vector<double> far{-1e20, -1e9, -3, -1e-3, 1e-3, 2, 1e8, 1e30};
  compare("asinh", mg::asinh, std::asinh, far);
  compare("acosh", mg::acosh, std::acosh, {1.0625, 1.5, 40, 1e9, 1e30});
  // Where the exponential overflows, its half does not.
  EXPECT_TRUE(is(sinh(from({89.f})) * 1e-38, {std::sinh(89.) * 1e-38}));
  const float nan = NAN, inf = INFINITY;
  EXPECT_TRUE(is(acosh(from({.5f, -1e10f, nan})), {nan, nan, nan}));
  EXPECT_TRUE(is(asinh(from({-inf, inf, nan})), {-inf, inf, nan}));
  EXPECT_TRUE(is(sinh(from({-inf, inf, nan})), {-inf, inf, nan}));
}

TEST(Composites, AgainstFormulas) {
  const Tensor x = from({-1.f, 0.f, 2.f});
  EXPECT_TRUE(is(relu(x), {0, 0, 2}));
  EXPECT_TRUE(is(leaky_relu(x), {-.01, 0, 2}));
  EXPECT_TRUE(is(elu(x), {std::expm1(-1.), 0, 2}));
  EXPECT_TRUE(is(gelu(x), {-.15865525, 0, 1.95449974}));
  EXPECT_TRUE(is(gelu(x, Gelu::tanh), {-.15880801, 0, 1.95459769}));
  EXPECT_TRUE(is(silu(x), {-.26894142, 0, 1.76159416}));
  EXPECT_TRUE(is(softplus(x), {.31326169, .69314718, 2.12692801}));
  EXPECT_TRUE(is(log_sigmoid(x), {-1.31326169, -.69314718, -.12692801}));
  EXPECT_TRUE(is(softmax(x), {.04201007, .11419520, .84379473}));
  EXPECT_TRUE(is(log_softmax(x), {-3.16984602, -2.16984602, -.16984602}));
  EXPECT_TRUE(is(logsumexp(x), {}, {2.16984602}));
  EXPECT_TRUE(is(logsumexp(from({1000.f, 1000.f})), {1000.69314718}));
  EXPECT_TRUE(is(logsumexp(full({2}, -INFINITY)), {-INFINITY}));
  EXPECT_TRUE(is(sum(softmax(m(), 0), 0), {1, 1, 1}));
  EXPECT_TRUE(is(layer_norm(m(), ones({3}), zeros({3}))[0],
                 {-1.2247356, 0, 1.2247356}));
  EXPECT_TRUE(
      is(rms_norm(m(), ones({3}))[0], {.46290998, .92581996, 1.3887299}));
  EXPECT_TRUE(is(cross_entropy(m(), from({2, 0})), {.40760596, 2.40760596}));
}

/// Activations of a half are those of the number in f64, rounded to the half,
/// but for what f32 loses on the way.
TEST(Composites, OfHalvesAreRoundedOnce) {
  const std::pair<const char *, Tensor (*)(const Tensor &)> functions[] = {
      {"gelu", [](const Tensor &x) { return gelu(x); }},
      {"gelu tanh", [](const Tensor &x) { return gelu(x, Gelu::tanh); }},
      {"silu", [](const Tensor &x) { return silu(x); }},
      {"softplus", [](const Tensor &x) { return softplus(x); }},
      {"softmax", [](const Tensor &x) { return softmax(x, -1); }},
      {"logsumexp", [](const Tensor &x) { return logsumexp(x, -1); }}};
  const std::pair<DType, double> halves[] = {{DType::bf16, 0x1p-8},
                                             {DType::f16, 0x1p-11}};
  for (const auto &[name, function] : functions)
    for (const auto &[dtype, roundoff] : halves) {
      const Tensor x = astype(reshape(linspace(-3, 6, 1000), {10, 100}), dtype);
      const Tensor y = function(x);
      EXPECT_EQ(y.dtype(), dtype) << name;
      const auto got = y.to_vector<double>(),
                 want = function(astype(x, DType::f64)).to_vector<double>();
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_LE(std::abs(got[i] - want[i]),
                  1.01 * roundoff * std::abs(want[i]) + 0x1p-25)
            << name << " " << type_string(x) << " at " << i;
    }
}

TEST(Random, IsAFunctionOfTheKey) {
  const Key key(7);
  const Tensor u = uniform(key, {1000});
  EXPECT_TRUE(near(uniform(key, {1000}), u.to_vector<double>(), 0));
  EXPECT_GE(min(u).item<float>(), 0);
  EXPECT_LT(max(u).item<float>(), 1);
  EXPECT_NEAR(mean(u).item<float>(), 0.5, 0.05);
  const Tensor n = normal(key, {10000});
  EXPECT_NEAR(mean(n).item<float>(), 0, 0.05);
  EXPECT_NEAR(var(n).item<float>(), 1, 0.05);
  EXPECT_NEAR(
      mean(astype(bernoulli(key, .3f, {10000}), DType::f32)).item<float>(), 0.3,
      0.03);
  const Tensor r = randint(key, -2, 3, {1000});
  EXPECT_EQ(min(r).item<int>(), -2);
  EXPECT_EQ(max(r).item<int>(), 2);
  const auto keys = split(key, 3);
  EXPECT_FALSE(
      all(uniform(keys[0], {8}) == uniform(keys[1], {8})).item<bool>());
  EXPECT_FALSE(all(uniform(keys[0], {8}) == uniform(key, {8})).item<bool>());
  EXPECT_FALSE(all(bits(key, {4}) == key.fold(0).state()).item<bool>());
}

struct Linear {
  Tensor w, b;
};
TEST(Random, InitByPath) {
  const auto l = init<Linear>(Key(1), {{"w", {300, 2}}, {"b", {2}}});
  EXPECT_EQ(l.w.shape(), (Shape{300, 2}));
  EXPECT_NEAR(var(l.w).item<float>(), 1. / 300, 1e-3);
  EXPECT_TRUE(is(l.b, {0, 0}));
  EXPECT_TRUE(has(error_of([] { init<Linear>(Key(1), {{"w", {1}}}); }),
                  "no shape for leaf 'b' (given: w)"));
}

TEST(Dlpack, RoundTripSharesMemory) {
  const Tensor x = transpose(m());
  dlpack::Managed *out = dlpack::export_tensor(x);
  EXPECT_EQ(out->view.data, m().data());
  const Tensor back = dlpack::import_tensor(out);
  EXPECT_TRUE(is(back, {3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(back.strides(), x.strides());
  dlpack::Managed foreign = *out;
  foreign.view.device.type = 2;
  EXPECT_TRUE(
      has(error_of([&] { dlpack::import_tensor(&foreign); }), "device type 2"));
}

} // namespace
