// Quantization in the DSL: the formulas, the ends of the range, gradients that
// go straight through, halves of bytes.
#include "dsl-check.h"

namespace {

using mg::DType;
using mg::Tensor;

TEST(Quantize, RoundsToEvenAndSaturates) {
  const Tensor x = mg::from({0.5, 1.5, -2.5, 126.6, 1000., -1000., 0.}) * 0.5f;
  EXPECT_TRUE(is(quantize(x, 0.5f), {0, 2, -2, 127, 127, -128, 0}));
  EXPECT_EQ(quantize(x, 0.5f).dtype(), DType::i8);
  EXPECT_TRUE(is(quantize(x, 0.5f, 3, DType::u8), {3, 5, 1, 130, 255, 0, 3}));
  const Tensor odd = mg::from({NAN, INFINITY, -INFINITY});
  EXPECT_TRUE(is(quantize(odd, 1.0f), {0, 127, -128}));
}

TEST(Quantize, ScalesPerChannel) {
  const Tensor x = mg::from({1., 2., 3., 4.}, {2, 2});
  const Tensor scale = mg::from({0.5, 2.}, {2, 1});
  const Tensor q = quantize(x, scale);
  EXPECT_TRUE(is(q, {2, 2}, {2, 4, 2, 2}));
  EXPECT_TRUE(is(dequantize(q, scale), {2, 2}, {1, 2, 4, 4}));
  EXPECT_TRUE(is(dequantize(q, scale, 2), {2, 2}, {0, 1, 0, 0}));
}

TEST(Quantize, ComesBackWithinHalfAStep) {
  const Tensor x = mg::linspace(-12, 12, 1001), scale = 0.1f * mg::ones({1});
  const Tensor back = dequantize(quantize(x, scale), scale);
  EXPECT_LE(max(abs(back - x)).item<float>(), 0.0501f);
  EXPECT_TRUE(is(back, fake_quantize(x, scale).to_vector<double>()));
}

TEST(Quantize, GradientsGoStraightThrough) {
  const Tensor x = mg::from({-300., -3.3, 0.2, 126.7, 127.6, 300.});
  auto f = [](Tensor x) { return sum(3 * mg::fake_quantize(x, 1.0f)); };
  EXPECT_TRUE(is(mg::grad(f)(x), {0, 3, 3, 3, 0, 0}));
  EXPECT_TRUE(is(mg::jit(mg::grad(f))(x), {0, 3, 3, 3, 0, 0}));
  auto byScale = [](Tensor s) {
    return sum(mg::fake_quantize(mg::ones({3}), s));
  };
  EXPECT_TRUE(is(mg::grad(byScale)(mg::ones({})), {0}));
}

TEST(Quantize, HalvesOfBytes) {
  const Tensor x =
      astype(mg::from({1, 2, 3, 15, 0, 9, 4, 8}, {4, 2}), DType::u8);
  const Tensor packed = pack_int4(x, 0);
  EXPECT_TRUE(
      is(packed, {2, 2}, {1 + 16 * 0, 2 + 16 * 9, 3 + 16 * 4, 15 + 16 * 8}));
  EXPECT_TRUE(is(unpack_int4(packed, 0), {4, 2}, {1, 2, 3, 15, 0, 9, 4, 8}));
  EXPECT_TRUE(
      is(unpack_int4(pack_int4(x, 1), -1), {4, 2}, {1, 2, 3, 15, 0, 9, 4, 8}));
  auto both = mg::jit([](Tensor x) { return unpack_int4(pack_int4(x, 0), 0); });
  EXPECT_TRUE(is(both(x), {4, 2}, {1, 2, 3, 15, 0, 9, 4, 8}));
}

TEST(Quantize, ProductsOfBytes) {
  const std::vector<float> a{-128, 127, 3, -7, 100, 0},
      b{127, -128, 1, 2, -90, 5};
  for (const DType dtype : {DType::i8, DType::u8}) {
    const Tensor x = saturate(mg::from(a, {2, 3}), dtype);
    const Tensor y = saturate(mg::from(b, {3, 2}), dtype);
    const Tensor wide = matmul(astype(x, DType::i32), astype(y, DType::i32));
    const auto expected = wide.to_vector<double>();
    EXPECT_TRUE(is(matmul_i32(x, y), {2, 2}, expected));
    auto product = [](Tensor x, Tensor y) { return matmul_i32(x, y); };
    EXPECT_TRUE(is(mg::jit(product)(x, y), {2, 2}, expected));
    EXPECT_EQ(matmul_i32(x, y).dtype(), DType::i32);
    // A convolution with windows of one element is the same product.
    auto f = [](Tensor x, Tensor y) {
      return conv_i32(reshape(x, {2, 3, 1}), expand_dims(transpose(y), -1));
    };
    EXPECT_TRUE(is(f(x, y), {2, 2, 1}, expected));
    EXPECT_TRUE(is(mg::jit(f)(x, y), {2, 2, 1}, expected));
  }
}

TEST(Quantize, RefusesWhatItCannot) {
  const Tensor x = mg::ones({2, 3});
  EXPECT_TRUE(
      has(error_of([&] { quantize(x, 1.0f, 0, DType::i32); }), "i8 or u8"));
  EXPECT_TRUE(has(error_of([&] { quantize(x, mg::ones({4, 2, 3})); }),
                  "is no scale or zero"));
  EXPECT_TRUE(has(error_of([&] { unpack_int4(x); }), "u8"));
  EXPECT_TRUE(has(error_of([&] { pack_int4(astype(x, DType::u8), 1); }),
                  "an even number"));
  const Tensor bytes = astype(x, DType::i8);
  EXPECT_TRUE(has(error_of([&] { matmul_i32(bytes, x); }), "two operands"));
  EXPECT_TRUE(
      has(error_of([&] { conv_i32(bytes, astype(x, DType::u8)); }), "of u8"));
}

} // namespace
