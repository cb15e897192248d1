//===- Contrib.cpp - com.microsoft: what onnxruntime's optimizer writes ---===//
//
// Activations, norms and products that its passes fuse, weights of few bits.
// Attention and quantized operators of that domain are in files of their own.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg::onnx {

namespace {

constexpr std::string_view microsoft = "com.microsoft";

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

Tensor plus(const Tensor &x, const Tensor &bias) {
  return bias.empty() ? x : x + bias;
}

Tensors geluOf(const Call &call) {
  return {gelu(plus(call[0], call.optional(1)))};
}
Tensors fastGelu(const Call &call) {
  return {gelu(plus(call[0], call.optional(1)), Gelu::tanh)};
}
Tensors quickGelu(const Call &call) {
  const double alpha = call.number("alpha", 1.702);
  return {alpha == 1 ? silu(call[0]) : call[0] * sigmoid(call[0] * alpha)};
}
/// Halves of (x + bias): the first times gelu of the second.
Tensors biasSplitGelu(const Call &call) {
  const auto halves = split(call[0] + call[1], 2, -1);
  return {halves[0] * gelu(halves[1])};
}
Tensors biasAdd(const Call &call) { return {call[0] + call[1] + call[2]}; }

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// {y, mean, 1 / deviation} of x normalised along its last axes, from `axis`
/// on; the last two only where they are wanted.
Tensors normalized(const Call &call, const Tensor &x, const Tensor &scale,
                   const Tensor &bias, int axis, bool isCentered) {
  const auto epsilon = static_cast<float>(call.number("epsilon", 1e-5));
  Shape rows(x.shape().begin(), x.shape().begin() + axis), flat = rows;
  std::int64_t width = 1;
  for (auto i = static_cast<std::size_t>(axis); i < x.shape().size(); ++i)
    width *= x.shape()[i];
  flat.push_back(width);
  const Tensor wide = reshape(x, flat);
  auto flattened = [&](const Tensor &t) { return reshape(t, {width}); };
  const Tensor weight = flattened(scale);
  Tensors results{reshape(isCentered
                              ? layer_norm(wide, weight,
                                           bias.empty() ? zeros_like(weight)
                                                        : flattened(bias),
                                           epsilon)
                              : plus(rms_norm(wide, weight, epsilon),
                                     bias.empty() ? bias : flattened(bias)),
                          x.shape()),
                  {},
                  {}};
  if (!call.wants(1) && !call.wants(2))
    return results;
  const Tensor all =
      astype(wide, x.dtype() == DType::f64 ? x.dtype() : DType::f32);
  Shape each = rows;
  each.resize(x.shape().size(), 1);
  const Tensor middle = mean(all, -1);
  const Tensor spread = isCentered ? var(all, -1) : mean(square(all), -1);
  results[1] = reshape(middle, each);
  results[2] = reshape(rsqrt(spread + epsilon), each);
  return results;
}

template <bool isCentered> Tensors layerNorm(const Call &call) {
  const Tensor &x = call[0];
  const int axis = call.axis(call.integer("axis", -1), x.rank());
  Tensors results =
      normalized(call, x, call[1], call.optional(2), axis, isCentered);
  // Without a mean its place is that of 1 / deviation.
  if (!isCentered)
    results.erase(results.begin() + 1);
  return results;
}

/// The norm of a sum, which is the last result.
template <bool isCentered> Tensors skipNorm(const Call &call) {
  const std::size_t bias = isCentered ? 4 : 3;
  const Tensor x = plus(call[0] + call[1], call.optional(bias));
  Tensors results =
      normalized(call, x, call[2], isCentered ? call.optional(3) : Tensor(),
                 x.rank() - 1, isCentered);
  results.push_back(x);
  return results;
}

Tensors embedLayerNorm(const Call &call) {
  const Shape &shape = call[0].shape();
  if (shape.size() != 2)
    call.fail("words (batch, length) are wanted, not " + type_string(call[0]));
  const Tensor places =
      call.has(8) ? take(call[3], call[8], 0) : call[3](slice(0, shape[1]));
  Tensor x = take(call[2], call[0], 0) + places;
  if (call.has(1) && call.has(4))
    x = x + take(call[4], call[1], 0);
  const auto epsilon = static_cast<float>(call.number("epsilon", 1e-12));
  const Tensor lengths =
      call.has(7) ? astype(sum(astype(call[7], DType::i32), 1), DType::i32)
                  : zeros({shape[0]}, DType::i32);
  return {layer_norm(x, call[5], call[6], epsilon), lengths, x};
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The last two dimensions changed about, and before that the first one moved
/// behind the others of the batch.
Tensor turned(const Call &call, const Tensor &x, const char *last,
              const char *batch) {
  Tensor y = x;
  if (call.flag(batch) && x.rank() > 2)
    y = moveaxis(y, 0, x.rank() - 2);
  return call.flag(last) && x.rank() > 1 ? swapaxes(y, -1, -2) : y;
}

Tensors fusedMatMul(const Call &call) {
  const Tensor y = matmul(turned(call, call[0], "transA", "transBatchA"),
                          turned(call, call[1], "transB", "transBatchB"));
  const double alpha = call.number("alpha", 1);
  return {alpha == 1 ? y : y * alpha};
}

/// `activation` of x, whose constants are `a` and `b`.
Tensor activated(const Call &call, const Tensor &x, double a, double b) {
  const std::string name = call.text("activation", "");
  if (name.empty())
    return x;
  if (name == "Relu")
    return relu(x);
  if (name == "Sigmoid")
    return sigmoid(x);
  if (name == "Tanh")
    return tanh(x);
  if (name == "LeakyRelu")
    return leaky_relu(x, static_cast<float>(a));
  if (name == "Clip")
    return clip(x, a, b);
  if (name == "HardSigmoid")
    return clip(x * a + b, 0, 1);
  call.unsupported("the activation '" + name + "'");
}

/// As ONNX's own operator of that name does, of these operands.
Tensor standard(const Call &call, const char *name, std::size_t operands) {
  const Call inner{call.node, newestOpset,
                   Tensors(call.inputs.begin(),
                           call.inputs.begin() +
                               static_cast<std::ptrdiff_t>(
                                   std::min(operands, call.inputs.size()))),
                   call.host};
  return findOperator("", name, newestOpset)->function(inner).front();
}

Tensors fusedConv(const Call &call) {
  const auto constants =
      call.numbers("activation_params").value_or(std::vector<double>());
  const Tensor y = plus(standard(call, "Conv", 3), call.optional(3));
  return {activated(call, y, constants.empty() ? 0 : constants[0],
                    constants.size() < 2 ? 0 : constants[1])};
}
Tensors fusedGemm(const Call &call) {
  return {activated(call, standard(call, "Gemm", 3),
                    call.number("activation_alpha", 0),
                    call.number("activation_beta", 0))};
}

/// Numbers of `bits` bits, the first in a byte's low bits: along a new
/// dimension before the last, since numbers of one place in their bytes are
/// neighbours.
Tensor unpacked(const Tensor &bytes, std::int64_t bits) {
  const std::int64_t per = 8 / bits;
  const Tensor shift = reshape(
      astype(iota({per}, 0) * static_cast<std::int32_t>(bits), DType::u8),
      {per, 1});
  return (expand_dims(bytes, -2) >> shift) & astype((1 << bits) - 1, DType::u8);
}

/// x (.., K) times weights (N, blocks of K) of few bits. Instead of the weights
/// x is brought into the order in which bytes give their numbers.
Tensors matMulNBits(const Call &call) {
  const std::int64_t k = call.integer("K", 0), n = call.integer("N", 0);
  const std::int64_t bits = call.integer("bits", 4);
  const std::int64_t block = call.integer("block_size", 0);
  if (bits != 2 && bits != 4 && bits != 8)
    call.unsupported(fmt::format("weights of {} bits", bits));
  if (call.has(4) || call.integer("weight_prepacked", 0))
    call.unsupported("group indices, or weights in the order of a device");
  const Tensor &x = call[0];
  const std::int64_t per = 8 / bits;
  if (block < per || block % per || n < 1 || k < 1 || x.shape().empty() ||
      x.shape().back() != k)
    call.fail(fmt::format("x {}, K {}, N {} and blocks of {} do not fit",
                          type_string(x), k, n, block));
  const std::int64_t blocks = (k + block - 1) / block, blob = block / per;
  if (call[1].size() != n * blocks * blob || call[2].size() != n * blocks)
    call.fail(fmt::format("weights {} and scales {} for {} blocks of {}",
                          type_string(call[1]), type_string(call[2]),
                          n * blocks, block));
  const DType dtype = x.dtype();
  const Tensor bytes = reshape(call[1], {n, blocks, blob});
  const Tensor scale = reshape(call[2], {n, blocks, 1, 1});
  Tensor zero = astype(1 << (bits - 1), dtype);
  if (call.has(3) && call[3].dtype() == DType::u8) {
    const Tensor all = reshape(
        swapaxes(unpacked(reshape(call[3], {n, -1}), bits), -1, -2), {n, -1});
    zero = reshape(astype(all(mg::all, slice(0, blocks)), dtype),
                   {n, blocks, 1, 1});
  } else if (call.has(3)) {
    zero = reshape(astype(call[3], dtype), {n, blocks, 1, 1});
  }
  const Tensor w =
      reshape((astype(unpacked(bytes, bits), dtype) - zero) * scale,
              {n, blocks * block});
  Shape low(x.shape().size(), 0), high = low, grouped = x.shape(),
                                  flat = x.shape();
  high.back() = blocks * block - k;
  const Tensor whole = high.back() ? pad(x, low, high) : x;
  grouped.back() = blocks;
  grouped.insert(grouped.end(), {blob, per});
  flat.back() = blocks * block;
  const Tensor ordered =
      per == 1 ? whole
               : reshape(swapaxes(reshape(whole, grouped), -1, -2), flat);
  return {plus(matmul(ordered, transpose(w)), call.optional(5))};
}

} // namespace

Family families::contrib() {
  static constexpr Definition table[] = {
      // Of ONNX' own domain, but onnxruntime's.
      {"", "LayerNormalization", 1, layerNorm<true>},
      {"", "SimplifiedLayerNormalization", 1, layerNorm<false>},
      {microsoft, "BiasAdd", 1, biasAdd},
      {microsoft, "BiasGelu", 1, geluOf},
      {microsoft, "BiasSplitGelu", 1, biasSplitGelu},
      {microsoft, "EmbedLayerNormalization", 1, embedLayerNorm},
      {microsoft, "FastGelu", 1, fastGelu},
      {microsoft, "FusedConv", 1, fusedConv},
      {microsoft, "FusedGemm", 1, fusedGemm},
      {microsoft, "FusedMatMul", 1, fusedMatMul},
      {microsoft, "Gelu", 1, geluOf},
      {microsoft, "MatMulNBits", 1, matMulNBits},
      {microsoft, "QuickGelu", 1, quickGelu},
      {microsoft, "SkipLayerNormalization", 1, skipNorm<true>},
      {microsoft, "SkipSimplifiedLayerNormalization", 1, skipNorm<false>},
      {microsoft, "TransposeMatMul", 1, fusedMatMul}};
  return table;
}

} // namespace mg::onnx
