//===- ContribQuantized.cpp - com.microsoft: quantized operators ----------===//
#include "frontend/onnx/ops/Quantization.h"
#include "mg/composite.h"
#include "mg/quantize.h"

#include <fmt/format.h>

namespace mg::onnx {

namespace {

/// As the result, whose scale and zero are operands i and i + 1.
Tensors asResult(const Call &call, const Tensor &value, std::size_t i,
                 DType dtype) {
  const Tensor zero = call.optional(i + 1);
  return {quantized(value, reshape(call[i], {}),
                    zero.empty() ? zero : reshape(zero, {}), dtype)};
}

/// Operand i of one scale and one zero.
Quantity scalarQuantity(const Call &call, std::size_t i) {
  Quantity x = quantityOf(call, i);
  x.scale = reshape(x.scale, {});
  if (!x.zero.empty())
    x.zero = reshape(x.zero, {});
  return x;
}

Tensors qLinearAdd(const Call &call) {
  return asResult(
      call, valueOf(scalarQuantity(call, 0)) + valueOf(scalarQuantity(call, 3)),
      6, call[0].dtype());
}
Tensors qLinearMul(const Call &call) {
  return asResult(
      call, valueOf(scalarQuantity(call, 0)) * valueOf(scalarQuantity(call, 3)),
      6, call[0].dtype());
}
Tensors qLinearSigmoid(const Call &call) {
  return asResult(call, sigmoid(valueOf(scalarQuantity(call, 0))), 3,
                  call[0].dtype());
}
Tensors qLinearLeakyRelu(const Call &call) {
  const auto slope = static_cast<float>(call.number("alpha", 0.01));
  return asResult(call, leaky_relu(valueOf(scalarQuantity(call, 0)), slope), 3,
                  call[0].dtype());
}
Tensors qLinearSoftmax(const Call &call) {
  if (call.integer("opset", 13) < 13)
    call.unsupported("the softmax of opset 12, over all axes from one on");
  const int axis = call.axis(call.integer("axis", -1), call[0].rank());
  return asResult(call, softmax(valueOf(scalarQuantity(call, 0)), axis), 3,
                  call[0].dtype());
}
/// The mean over space; with `channels_last` between the batch and them.
Tensors qLinearGlobalAveragePool(const Call &call) {
  const Tensor x = valueOf(scalarQuantity(call, 0));
  std::vector<int> space;
  const int first = call.flag("channels_last") ? 1 : 2;
  for (int i = 0; i < x.rank() - 2; ++i)
    space.push_back(first + i);
  return asResult(call, mean(x, space, /*keep=*/true), 3, call[0].dtype());
}
/// Operands: scale and zero of the result, then three for each part.
Tensors qLinearConcat(const Call &call) {
  Tensors parts;
  for (std::size_t i = 2; i + 1 < call.inputs.size(); i += 3)
    parts.push_back(valueOf(scalarQuantity(call, i)));
  if (parts.empty())
    call.fail("nothing to concatenate");
  const int axis = call.axis(call.integer("axis", 0), parts.front().rank());
  return asResult(call, concat(parts, axis), 0, call[2].dtype());
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Tensor plus(const Tensor &x, const Tensor &bias) {
  return bias.empty() ? x : x + bias;
}

/// (m, k) x (k, n) with a bias of i32 and of the product's scale; of f32 where
/// the result has no scale.
Tensors qGemm(const Call &call) {
  Quantity a = scalarQuantity(call, 0), b = quantityOf(call, 3);
  if (a.q.rank() != 2 || b.q.rank() != 2)
    call.fail("two matrices are wanted");
  if (call.flag("transA"))
    a.q = transpose(a.q);
  if (call.flag("transB"))
    b.q = transpose(b.q);
  const Tensor sums = plus(integerProduct(call, a, b), call.optional(6));
  const Tensor scale = a.scale *
                       (b.scale.size() == 1 ? reshape(b.scale, {}) : b.scale) *
                       call.number("alpha", 1);
  if (!call.has(7))
    return {astype(sums, DType::f32) * scale};
  return {requantized(call, sums, scale, 7, a.q.dtype())};
}

Tensors productToFloat(const Call &call, const Quantity &a, const Quantity &b,
                       const Tensor &bias) {
  const Tensor sums = integerProduct(call, a, b);
  auto flat = [](const Tensor &scale) {
    return scale.size() == 1 ? reshape(scale, {}) : scale;
  };
  return {
      plus(astype(sums, DType::f32) * (flat(a.scale) * flat(b.scale)), bias)};
}

Tensors matMulIntegerToFloat(const Call &call) {
  return productToFloat(call, {call[0], call[2], call.optional(4)},
                        {call[1], call[3], call.optional(5)}, call.optional(6));
}

/// x to u8 by its own range first.
Tensors dynamicQuantizeMatMul(const Call &call) {
  const Quantity x = dynamicallyQuantized(call[0]);
  return productToFloat(call, x, {call[1], call[2], call.optional(3)},
                        call.optional(4));
}

} // namespace

Family families::contribQuantized() {
  constexpr std::string_view domain = "com.microsoft";
  static constexpr Definition table[] = {
      {domain, "DynamicQuantizeMatMul", 1, dynamicQuantizeMatMul},
      {domain, "MatMulIntegerToFloat", 1, matMulIntegerToFloat},
      {domain, "QGemm", 1, qGemm},
      {domain, "QLinearAdd", 1, qLinearAdd},
      {domain, "QLinearConcat", 1, qLinearConcat},
      {domain, "QLinearGlobalAveragePool", 1, qLinearGlobalAveragePool},
      {domain, "QLinearLeakyRelu", 1, qLinearLeakyRelu},
      {domain, "QLinearMul", 1, qLinearMul},
      {domain, "QLinearSigmoid", 1, qLinearSigmoid},
      {domain, "QLinearSoftmax", 1, qLinearSoftmax}};
  return table;
}

} // namespace mg::onnx
