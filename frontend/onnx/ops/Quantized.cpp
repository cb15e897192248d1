//===- Quantized.cpp - QuantizeLinear, DequantizeLinear -------------------===//
//
// Integers of 4 and 2 bits lie in i8 and u8, within their own range. Which
// they are, a tensor does not tell: the attribute or the file's types do.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ops/Quantization.h"
#include "mg/quantize.h"

#include <fmt/format.h>

#include <limits>

namespace mg::onnx {

Quantity quantityOf(const Call &call, std::size_t i) {
  return {call[i], call[i + 1], call.optional(i + 2)};
}

Tensor valueOf(const Quantity &x) {
  return x.zero.empty() ? dequantize(x.q, x.scale)
                        : dequantize(x.q, x.scale, x.zero);
}

Tensor quantized(const Tensor &x, const Tensor &scale, const Tensor &zero,
                 DType dtype) {
  return quantize(x, scale, zero.empty() ? Tensor(0) : zero, dtype);
}

Quantity dynamicallyQuantized(const Tensor &x) {
  const Tensor low = minimum(min(x), 0), high = maximum(max(x), 0);
  const Tensor scale = where(low == high, 1, high - low) / 255.0;
  const Tensor zero = round(clip(-low / scale, 0, 255));
  return {quantized(x, scale, zero, DType::u8), scale, astype(zero, DType::u8)};
}

Tensor alongAxis(const Call &call, const Tensor &t, std::int64_t rank,
                 int axis) {
  if (t.empty() || t.size() == 1)
    return t.empty() ? t : reshape(t, {});
  if (t.rank() != 1)
    call.fail("a scale or zero point per element of an axis is no vector: " +
              type_string(t));
  Shape shape(static_cast<std::size_t>(rank), 1);
  shape[static_cast<std::size_t>(call.axis(axis, rank))] = t.size();
  return reshape(t, shape);
}

namespace {

/// A scale or zero point so that it broadcasts to x: one number, one for each
/// element of `axis`, or one for each block of elements along it.
Tensor fitted(const Call &call, const Tensor &t, const Tensor &x) {
  const std::int64_t block = call.integer("block_size", 0);
  if (t.empty() || t.size() == 1)
    return t.empty() ? t : reshape(t, {});
  if (block < 0)
    call.fail(fmt::format("blocks of {}", block));
  const int axis = call.axis(call.integer("axis", 1), x.rank());
  const auto at = static_cast<std::size_t>(axis);
  if (!block) {
    if (t.rank() == 1 && t.size() != x.shape()[at])
      call.fail(fmt::format("{} beside {} along axis {}", type_string(t),
                            type_string(x), axis));
    return alongAxis(call, t, x.rank(), axis);
  }
  Shape wanted = x.shape();
  wanted[at] = (wanted[at] + block - 1) / block;
  if (t.shape() != wanted)
    call.fail(fmt::format("{} beside blocks of {} along axis {} of {}",
                          type_string(t), block, axis, type_string(x)));
  const Tensor each = repeat(t, block, axis);
  if (each.shape() == x.shape())
    return each;
  return take(each, iota({x.shape()[at]}, 0), axis);
}

struct Range {
  double low, high;
};

/// What the integers of a type hold; none for those that are no integers.
std::optional<Range> rangeOf(ElementType type) {
  switch (type) {
  case ElementType::u8:
    return Range{0, 255};
  case ElementType::i8:
    return Range{-128, 127};
  case ElementType::u16:
    return Range{0, 65535};
  case ElementType::i16:
    return Range{-32768, 32767};
  case ElementType::u4:
    return Range{0, 15};
  case ElementType::i4:
    return Range{-8, 7};
  case ElementType::u2:
    return Range{0, 3};
  case ElementType::i2:
    return Range{-2, 1};
  default:
    return std::nullopt;
  }
}

/// The type of the result: output_dtype, or that of the zero point, or u8.
ElementType quantizedType(const Call &call) {
  if (const std::int64_t given = call.integer("output_dtype", 0))
    return static_cast<ElementType>(given);
  if (!call.has(2))
    return ElementType::u8;
  const ElementType declared = call.host.elementType(call.node.inputs[2]);
  if (declared != ElementType::undefined)
    return declared;
  switch (call[2].dtype()) {
  case DType::i8:
    return ElementType::i8;
  case DType::u8:
    return ElementType::u8;
  case DType::i16:
    return ElementType::i16;
  case DType::u16:
    return ElementType::u16;
  default:
    call.fail("a zero point is " + type_string(call[2]));
  }
}

Tensors quantizeLinear(const Call &call) {
  const ElementType type = quantizedType(call);
  const auto range = rangeOf(type);
  if (!range)
    call.unsupported("quantization to " + to_string(type));
  const DType dtype = *dtypeOf(type);
  const Tensor scale = fitted(call, call[1], call[0]);
  const Tensor zero = fitted(call, call.optional(2), call[0]);
  const DType precision = call.dtype("precision", call[1].dtype());
  const bool isWhole = type == ElementType::i8 || type == ElementType::u8;
  if (precision == DType::f32 && isWhole)
    return {quantized(call[0], scale, zero, dtype)};
  // Steps are rounded as precisely as they were divided; zero points of 16 bits
  // need f32.
  const DType wide = precision == DType::f64 ? DType::f64 : DType::f32;
  Tensor steps = astype(
      round(astype(call[0], precision) / astype(scale, precision)), wide);
  if (!zero.empty())
    steps = steps + astype(zero, wide);
  return {
      astype(clip(steps, range->low, range->high), dtype, Rounding::nearest)};
}

Tensors dequantizeLinear(const Call &call) {
  const DType dtype = call.dtype("output_dtype", call[1].dtype());
  return {astype(valueOf({call[0], fitted(call, call[1], call[0]),
                          fitted(call, call.optional(2), call[0])}),
                 dtype)};
}

Tensors dynamicQuantizeLinear(const Call &call) {
  const Quantity y = dynamicallyQuantized(call[0]);
  return {y.q, y.scale, y.zero};
}

} // namespace

Family families::quantized() {
  static constexpr Definition table[] = {
      {"", "DequantizeLinear", 10, dequantizeLinear},
      {"", "DynamicQuantizeLinear", 11, dynamicQuantizeLinear},
      {"", "QuantizeLinear", 10, quantizeLinear},
      {"com.microsoft", "DequantizeLinear", 1, dequantizeLinear},
      {"com.microsoft", "QuantizeLinear", 1, quantizeLinear}};
  return table;
}

} // namespace mg::onnx
