//===- Quantize.cpp - quantize, dequantize, halves of bytes ---------------===//
#include "mg/quantize.h"

#include "frontend/dsl/Composites.h"

#include <fmt/format.h>

namespace mg {
using namespace detail;

namespace {

struct Range {
  float low, high;
};
Range rangeOf(DType dtype, const Arg &x) {
  if (dtype != DType::i8 && dtype != DType::u8)
    fail("the result is to be i8 or u8", x.tensor);
  return dtype == DType::i8 ? Range{-128, 127} : Range{0, 255};
}
Tensor toSteps(const Tensor &x, const Tensor &scale, const Tensor &zero) {
  return round(x / scale) + zero;
}
/// x, scale and zero as f32; the last two must not make x larger.
Tensors asFloats(const Arg &x, const Arg &scale, const Arg &zero) {
  const Shape &shape = specOf(x.tensor).shape;
  for (const Arg *other : {&scale, &zero})
    if (broadcastShapes(x, *other) != shape)
      fail(fmt::format("{} is no scale or zero of {}",
                       toString(specOf(other->tensor)),
                       toString(specOf(x.tensor))),
           other->tensor);
  return {cast(x.tensor, DType::f32), cast(scale.tensor, DType::f32),
          cast(zero.tensor, DType::f32)};
}
void checkBytes(const Tensor &x) {
  if (x.dtype() != DType::u8)
    fail("an operand of u8 is wanted, not " + type_string(x), x);
}

} // namespace

Tensor quantize(Arg x, Arg scale, Arg zero, DType dtype) {
  Scope scope("quantize", x.where);
  rangeOf(dtype, x);
  auto body = [=](const Tensors &in) {
    return Tensors{
        astype(toSteps(in[0], in[1], in[2]), dtype, Rounding::nearest)};
  };
  return composite("quantize", asFloats(x, scale, zero), {}, body);
}

Tensor dequantize(Arg q, Arg scale, Arg zero) {
  Scope scope("dequantize", q.where);
  return composite(
      "dequantize", asFloats(q, scale, zero), {},
      [](const Tensors &in) { return Tensors{(in[0] - in[2]) * in[1]}; });
}

Tensor fake_quantize(Arg x, Arg scale, Arg zero, DType dtype) {
  Scope scope("fake_quantize", x.where);
  const Range range = rangeOf(dtype, x);
  auto body = [=](const Tensors &in) -> Tensors {
    const Tensor steps = toSteps(in[0], in[1], in[2]);
    return {(clip(steps, range.low, range.high) - in[2]) * in[1]};
  };
  auto forward = [=](const Tensors &in) -> Tensors {
    const Tensor steps = toSteps(in[0], in[1], in[2]);
    const Tensor inRange = (steps >= range.low) & (steps <= range.high);
    return {body(in)[0], inRange, in[1], in[2]};
  };
  auto backward = [](const Tensors &in) -> Tensors {
    return {where(in[0], in[3], zeros_like(in[3])), zeros_like(in[1]),
            zeros_like(in[2])};
  };
  return composite("fake_quantize", asFloats(x, scale, zero), {}, body,
                   {forward, backward});
}

Tensor pack_int4(Arg x, int axis) {
  Scope scope("pack_int4", x.where);
  checkBytes(x.tensor);
  const int dim = axisOf(axis, x.tensor.rank(), x.tensor);
  const std::int64_t size = x.tensor.shape()[static_cast<std::size_t>(dim)];
  if (size % 2)
    fail(fmt::format("{} elements along axis {}: an even number is wanted",
                     size, dim),
         x.tensor);
  Shape halves = x.tensor.shape();
  halves[static_cast<std::size_t>(dim)] = 2;
  halves.insert(halves.begin() + dim + 1, size / 2);
  const Tensor parts = reshape(x.tensor, halves);
  const Tensor low = take(parts, 0, dim), high = take(parts, 1, dim);
  return (low & astype(15, DType::u8)) | (high << astype(4, DType::u8));
}

Tensor unpack_int4(Arg packed, int axis) {
  Scope scope("unpack_int4", packed.where);
  checkBytes(packed.tensor);
  const int dim = axisOf(axis, packed.tensor.rank(), packed.tensor);
  Shape shape = packed.tensor.shape();
  Shape shifts(shape.size() + 1, 1);
  shifts[static_cast<std::size_t>(dim)] = 2;
  // Elementwise, so that whoever reads the halves may compute them there.
  const Tensor shift = reshape(arange(2) * 4, shifts);
  const Tensor both =
      expand_dims(packed.tensor, dim) >> astype(shift, DType::u8);
  shape[static_cast<std::size_t>(dim)] *= 2;
  return reshape(both & astype(15, DType::u8), shape);
}

} // namespace mg
