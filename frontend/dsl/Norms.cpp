//===- Norms.cpp - batch_norm, group_norm ---------------------------------===//
//
// Statistics are of f32 (f64 for f64), two passes: the mean, then the mean
// square of what deviates.
//
//===----------------------------------------------------------------------===//
#include "mg/functional.h"

#include "frontend/dsl/CompositeRules.h"
#include "frontend/dsl/Composites.h"

#include <fmt/format.h>

namespace mg {
using namespace detail;

namespace {

/// All axes but the channels'.
Axes allButChannels(const Tensor &x) {
  std::vector<int> axes{0};
  for (int axis = 2; axis < x.rank(); ++axis)
    axes.push_back(axis);
  return axes;
}
void checkChannels(const Tensor &x) {
  if (x.rank() < 2)
    fail("an operand (n, c, ..) is wanted, not " + type_string(x), x);
}
/// A vector for axis 1 of x, as (c, 1, ..), in x's dtype.
Tensor perChannel(const char *name, const Arg &v, const Tensor &x,
                  DType dtype) {
  const Spec &spec = specOf(v.tensor);
  if (spec.shape != Shape{x.shape()[1]})
    fail(fmt::format("{} is {} for the channels of {}", name, toString(spec),
                     type_string(x)),
         v.tensor, name);
  return cast(v.tensor, dtype);
}
/// (c) as (c, 1, ..): aligned with axis 1 of x.
Tensor aligned(const Tensor &v, const Tensor &x) {
  Shape shape(static_cast<std::size_t>(x.rank()) - 1, 1);
  shape[0] = v.shape()[0];
  return reshape(v, shape);
}

} // namespace

BatchStatistics batch_norm(Arg x, Arg scale, Arg bias, float epsilon) {
  Scope scope("batch_norm", x.where);
  const Tensor y = real("batch_norm", x);
  checkChannels(y);
  const DType wide = widened(y.dtype());
  const Tensor gain = perChannel("scale", scale, y, wide);
  const Tensor shift = perChannel("bias", bias, y, wide);
  auto body = [&](const Tensors &in) {
    const Axes axes = allButChannels(y);
    const Tensor z = cast(in[0], wide);
    const Tensor middle = mean(z, axes);
    const Tensor centered = z - aligned(middle, z);
    const Tensor variance = mean(square(centered), axes);
    const Tensor factor = rsqrt(variance + epsilon) * in[1];
    const Tensor out = centered * aligned(factor, z) + aligned(in[2], z);
    return Tensors{cast(out, y.dtype()), middle, variance};
  };
  const Tensors all = compositeAll(
      "batch_norm", {y, gain, shift}, realAttribute("epsilon", epsilon), body,
      batchNormRule(body, allButChannels(y), epsilon));
  return {all[0], all[1], all[2]};
}

Tensor batch_norm(Arg x, Arg scale, Arg bias, Arg mean, Arg variance,
                  float epsilon) {
  Scope scope("batch_norm", x.where);
  const Tensor y = real("batch_norm", x);
  checkChannels(y);
  const DType wide = widened(y.dtype());
  const Tensor gain = perChannel("scale", scale, y, wide);
  const Tensor shift = perChannel("bias", bias, y, wide);
  const Tensor middle = perChannel("mean", mean, y, wide);
  const Tensor spreadOf = perChannel("variance", variance, y, wide);
  const Tensor factor = rsqrt(spreadOf + epsilon) * gain;
  const Tensor offset = shift - middle * factor;
  const Tensor z = cast(y, wide);
  return cast(z * aligned(factor, z) + aligned(offset, z), y.dtype());
}

Tensor group_norm(Arg x, std::int64_t groups, Arg scale, Arg bias,
                  float epsilon) {
  Scope scope("group_norm", x.where);
  const Tensor y = real("group_norm", x);
  checkChannels(y);
  const Shape &shape = y.shape();
  if (groups < 1 || shape[1] % groups != 0)
    fail(fmt::format("{} channels in {} groups", shape[1], groups), y);
  const DType wide = widened(y.dtype());
  const Tensor gain = perChannel("scale", scale, y, wide);
  const Tensor shift = perChannel("bias", bias, y, wide);
  auto body = [&](const Tensors &in) {
    const Tensor rows = reshape(cast(in[0], wide), {shape[0], groups, -1});
    const Tensor centered = rows - mean(rows, -1, true);
    const Tensor variance = mean(square(centered), -1, true);
    const Tensor unit = reshape(centered * rsqrt(variance + epsilon), shape);
    const Tensor out = unit * aligned(in[1], unit) + aligned(in[2], unit);
    return Tensors{cast(out, y.dtype())};
  };
  return composite("group_norm", {y, gain, shift},
                   realAttribute("epsilon", epsilon).set("groups", groups),
                   body);
}

} // namespace mg
