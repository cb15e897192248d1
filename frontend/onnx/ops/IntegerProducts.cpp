//===- IntegerProducts.cpp - products of quantized operands ---------------===//
//
// Sums of (a - za) (b - zb) are those of a b, less za times the sums of b, less
// zb times the sums of (a - za): the product itself is one of bytes, which
// processors have instructions for, and the sums of weights are known at
// import. All of it is exact in i32, as it wraps.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ops/Quantization.h"
#include "frontend/onnx/ops/Windows.h"
#include "mg/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mg::onnx {

namespace {

/// The zero of i32, without one that is known to be 0.
void widenZero(Quantity &x) {
  if (x.zero.empty())
    return;
  if (Call::isKnown(x.zero)) {
    const auto zeros = x.zero.to_vector<std::int32_t>();
    if (std::all_of(zeros.begin(), zeros.end(),
                    [](std::int32_t zero) { return zero == 0; })) {
      x.zero = {};
      return;
    }
  }
  x.zero = astype(x.zero, DType::i32);
}

/// Bytes of u8 as those of i8, 128 below.
void makeSigned(Quantity &x) {
  if (x.q.dtype() != DType::u8)
    return;
  x.q = bitcast(x.q ^ astype(128, DType::u8), DType::i8);
  x.zero = x.zero.empty() ? Tensor(-128) : x.zero - 128;
}

/// Both of one dtype, zeros of i32.
void prepare(const Call &call, Quantity &a, Quantity &b) {
  for (Quantity *x : {&a, &b}) {
    if (x->q.dtype() != DType::i8 && x->q.dtype() != DType::u8)
      call.fail("an operand is " + type_string(x->q) + ": i8 or u8 is wanted");
    widenZero(*x);
  }
  if (a.q.dtype() != b.q.dtype())
    makeSigned(a), makeSigned(b);
}

Tensor sumOf(const Tensor &x, Axes axes) {
  return astype(sum(x, std::move(axes), /*keep=*/true), DType::i32);
}

/// A zero or scale for each row of a matrix: a vector stands upright.
Tensor perRow(const Tensor &t) {
  return t.empty() || t.rank() != 1 || t.size() == 1 ? t : expand_dims(t, 1);
}

} // namespace

Tensor integerProduct(const Call &call, Quantity a, Quantity b) {
  prepare(call, a, b);
  const bool isRow = a.q.rank() == 1, isColumn = b.q.rank() == 1;
  if (isRow)
    a.q = expand_dims(a.q, 0);
  if (isColumn)
    b.q = expand_dims(b.q, 1);
  Tensor sums = matmul_i32(a.q, b.q);
  const Tensor rowZero = perRow(a.zero);
  if (!b.zero.empty()) {
    Tensor rows = sumOf(a.q, -1);
    if (!rowZero.empty())
      rows = rows - rowZero * a.q.shape().back();
    sums = sums - rows * b.zero;
  }
  if (!rowZero.empty())
    sums = sums - rowZero * sumOf(b.q, -2);
  if (isColumn)
    sums = squeeze(sums, -1);
  return isRow ? squeeze(sums, isColumn ? -1 : -2) : sums;
}

Tensor requantized(const Call &call, const Tensor &sums, const Tensor &scale,
                   std::size_t i, DType dtype) {
  const Tensor zero = call.optional(i + 1);
  const Tensor steps =
      round(astype(sums, DType::f32) * (scale / reshape(call[i], {})));
  return astype(zero.empty() ? steps
                             : steps + astype(reshape(zero, {}), DType::f32),
                zero.empty() ? dtype : zero.dtype(), Rounding::nearest);
}

namespace {

Tensors matMulInteger(const Call &call) {
  return {integerProduct(call, {call[0], {}, call.optional(2)},
                         {call[1], {}, call.optional(3)})};
}

Tensors qLinearMatMul(const Call &call) {
  const Quantity a = quantityOf(call, 0), b = quantityOf(call, 3);
  const Tensor sums = integerProduct(call, a, b);
  const Tensor scale = perRow(a.scale) * b.scale;
  return {requantized(call, sums,
                      scale.size() == 1 ? reshape(scale, {}) : scale, 6,
                      a.q.dtype())};
}

/// Sums of (x - x's zero) * (w - w's zero) in i32, as conv.
Tensor integerConv(const Call &call, Quantity x, Quantity w) {
  const Shape space = spaceOf(call, x.q);
  if (w.q.rank() != x.q.rank())
    call.fail(
        fmt::format("{} and weights {}", type_string(x.q), type_string(w.q)));
  const Shape kernel =
      kernelOf(call, {w.q.shape().begin() + 2, w.q.shape().end()});
  const Windows windows = paddedWindowsOf(call, space, kernel);
  const std::int64_t groups = call.integer("group", 1);
  prepare(call, x, w);
  const auto rank = static_cast<int>(x.q.rank());
  const Tensor xZero = x.zero.empty() ? x.zero : reshape(x.zero, {});
  ConvOptions options{.strides = windows.stride,
                      .low = windows.low,
                      .high = windows.high,
                      .rhs_dilation = windows.dilation,
                      .groups = groups};
  if (!xZero.empty() && windows.isPadded()) {
    // What is padded stands for 0.
    x.q = pad(x.q, behindChannels(windows.low), behindChannels(windows.high),
              astype(xZero, x.q.dtype()));
    options.low = options.high = Shape(windows.rank(), 0);
  }
  Tensor sums = conv_i32(x.q, w.q, options);
  std::vector<int> summed(static_cast<std::size_t>(rank) - 1);
  std::iota(summed.begin(), summed.end(), 1);
  if (!xZero.empty()) {
    const Tensor perOutput = sumOf(w.q, summed);
    Shape shape(static_cast<std::size_t>(rank), 1);
    shape[1] = perOutput.size();
    sums = sums - reshape(perOutput, shape) * xZero;
  }
  if (w.zero.empty())
    return sums;
  Shape one = w.q.shape();
  const std::int64_t outputs = one[0];
  one[0] = groups;
  const std::int64_t count = std::accumulate(
      one.begin() + 1, one.end(), std::int64_t(1), std::multiplies<>());
  Tensor windowSums = conv_i32(x.q, full(one, 1, x.q.dtype()), options);
  if (!xZero.empty())
    windowSums = windowSums - xZero * count;
  return sums - repeat(windowSums, outputs / groups, 1) *
                    alongAxis(call, w.zero, rank, 1);
}

Tensors convInteger(const Call &call) {
  return {integerConv(call, {call[0], {}, call.optional(2)},
                      {call[1], {}, call.optional(3)})};
}

Tensors qLinearConv(const Call &call) {
  const Quantity x = quantityOf(call, 0), w = quantityOf(call, 3);
  Tensor sums = integerConv(call, x, w);
  if (call.has(8))
    sums = sums + alongAxis(call, call[8], sums.rank(), 1);
  const Tensor scale =
      reshape(x.scale, {}) * alongAxis(call, w.scale, sums.rank(), 1);
  return {requantized(call, sums, scale, 6, x.q.dtype())};
}

} // namespace

Family families::integerProducts() {
  static constexpr Definition table[] = {
      {"", "ConvInteger", 10, convInteger},
      {"", "MatMulInteger", 10, matMulInteger},
      {"", "QLinearConv", 10, qLinearConv},
      {"", "QLinearMatMul", 10, qLinearMatMul}};
  return table;
}

} // namespace mg::onnx
