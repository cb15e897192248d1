//===- Composite.cpp - functions over the ops -----------------------------===//
#include "mg/composite.h"

#include "frontend/dsl/CompositeRules.h"
#include "frontend/dsl/Composites.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace mg {
using namespace detail;

namespace {

/// `axis` from the front.
int normal(int axis, const Tensor &x) { return axisOf(axis, x.rank(), x); }
/// `body` of x in f32 at least, back in x's float type: an activation of a half
/// is rounded once, like a norm.
Trace::Body inWide(Tensor (*body)(const Tensor &)) {
  return [=](const Tensors &in) {
    const DType dtype = in[0].dtype();
    return Tensors{cast(body(cast(in[0], widened(dtype))), dtype)};
  };
}

/// The maximum along `axis`, or 0 where that is infinite: x minus it is no NaN.
Tensor shiftOf(const Tensor &x, int axis) {
  const Tensor top = max(x, axis, true);
  return where(isfinite(top), top, zeros_like(top));
}

} // namespace

Tensor relu(Arg x) {
  Scope scope("relu", x.where);
  // Not maximum(x, 0): the derivative at 0 is 0 then, and NaN stays.
  return where(x <= 0, zeros_like(x), x);
}
Tensor leaky_relu(Arg x, float slope) {
  Scope scope("leaky_relu", x.where);
  const Tensor y = real("leaky_relu", x);
  return where(y >= 0, y, y * slope);
}
Tensor elu(Arg x, float alpha) {
  Scope scope("elu", x.where);
  const Tensor y = real("elu", x);
  return where(y > 0, y, expm1(y) * alpha);
}

Tensor gelu(Arg x, Gelu form) {
  Scope scope("gelu", x.where);
  const bool exact = form == Gelu::erf;
  const Trace::Body body =
      exact ? inWide([](const Tensor &y) {
        return y * 0.5 * (erf(y * (1 / std::numbers::sqrt2)) + 1);
      })
            : inWide([](const Tensor &y) {
                constexpr double a =
                    std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
                return y * 0.5 * (tanh((y + y * y * y * 0.044715) * a) + 1);
              });
  mlir::Builder b(currentContext());
  return composite(
      "gelu", {real("gelu", x)},
      Attrs().set("approximate", b.getStringAttr(exact ? "none" : "tanh")),
      body);
}
Tensor silu(Arg x) {
  Scope scope("silu", x.where);
  return composite("silu", {real("silu", x)}, {},
                   inWide([](const Tensor &y) { return y * sigmoid(y); }));
}
Tensor softplus(Arg x) {
  Scope scope("softplus", x.where);
  // The kinks of max and abs cancel at 0, which their derivatives do not see.
  const Trace::Body body = inWide(
      [](const Tensor &y) { return maximum(y, 0) + log1p(exp(-abs(y))); });
  auto forward = [=](const Tensors &in) -> Tensors {
    return {body(in)[0], in[0]};
  };
  auto backward = [](const Tensors &in) -> Tensors {
    return {in[1] * sigmoid(in[0])};
  };
  return composite("softplus", {real("softplus", x)}, {}, body,
                   {forward, backward});
}
Tensor log_sigmoid(Arg x) {
  Scope scope("log_sigmoid", x.where);
  return -softplus(-real("log_sigmoid", x));
}

Tensor softmax(Arg x, int axis) {
  Scope scope("softmax", x.where);
  const Tensor y = real("softmax", x);
  const int dim = normal(axis, y);
  auto body = [=](const Tensors &in) {
    const Tensor wide = cast(in[0], widened(y.dtype()));
    const Tensor e = exp(wide - max(wide, dim, true));
    // One division per row.
    return Tensors{cast(e * reciprocal(sum(e, dim, true)), y.dtype())};
  };
  return composite("softmax", {y}, axisAttribute(dim), body,
                   softmaxRule(body, dim));
}
Tensor logsumexp(Arg x, int axis, bool keep) {
  Scope scope("logsumexp", x.where);
  const Tensor y = real("logsumexp", x);
  const int dim = normal(axis, y);
  auto body = [=](const Tensors &in) {
    const Tensor wide = cast(in[0], widened(y.dtype()));
    const Tensor shift = shiftOf(wide, dim);
    const Tensor total = log(sum(exp(wide - shift), dim));
    return Tensors{cast(total + squeeze(shift, dim), y.dtype())};
  };
  const Tensor result = composite("logsumexp", {y}, axisAttribute(dim), body,
                                  logsumexpRule(body, dim));
  return keep ? expand_dims(result, dim) : result;
}
Tensor log_softmax(Arg x, int axis) {
  Scope scope("log_softmax", x.where);
  const Tensor y = real("log_softmax", x);
  return y - logsumexp(y, axis, true);
}

/// A vector for the last axis of x.
static Tensor lastAxis(const char *name, const Arg &v, const Tensor &x) {
  const Spec &spec = specOf(v.tensor);
  if (spec.shape != Shape{x.shape().back()})
    fail(fmt::format("{} is {} for the last axis of {}", name, toString(spec),
                     type_string(x)),
         v.tensor, name);
  return cast(v.tensor, x.dtype());
}
static void checkMatrix(const Tensor &x) {
  if (x.rank() == 0)
    fail("the operand has no axis", x);
}

Tensor layer_norm(Arg x, Arg scale, Arg bias, float epsilon) {
  Scope scope("layer_norm", x.where);
  const Tensor y = real("layer_norm", x);
  checkMatrix(y);
  auto body = [&](const Tensors &in) {
    const Tensor wide = cast(in[0], widened(y.dtype()));
    const Tensor centered = wide - mean(wide, -1, true);
    const Tensor variance = mean(square(centered), -1, true);
    const Tensor unit = centered * rsqrt(variance + epsilon);
    return Tensors{cast(unit, y.dtype()) * in[1] + in[2]};
  };
  return composite(
      "layer_norm", {y, lastAxis("scale", scale, y), lastAxis("bias", bias, y)},
      realAttribute("epsilon", epsilon), body, layerNormRule(body, epsilon));
}
Tensor rms_norm(Arg x, Arg scale, float epsilon) {
  Scope scope("rms_norm", x.where);
  const Tensor y = real("rms_norm", x);
  checkMatrix(y);
  auto body = [&](const Tensors &in) {
    const Tensor wide = cast(in[0], widened(y.dtype()));
    const Tensor power = mean(square(wide), -1, true);
    return Tensors{cast(wide * rsqrt(power + epsilon), y.dtype()) * in[1]};
  };
  return composite("rms_norm", {y, lastAxis("scale", scale, y)},
                   realAttribute("epsilon", epsilon), body,
                   rmsNormRule(body, epsilon));
}

Tensor one_hot(Arg x, std::int64_t classes, DType dtype) {
  Scope scope("one_hot", x.where);
  Shape shape = specOf(x.tensor).shape;
  shape.push_back(classes);
  const Tensor number = iota(shape, -1, x.tensor.dtype());
  return cast(spread(expand_dims(x, -1), shape) == number, dtype);
}
Tensor cross_entropy(Arg logits, Arg labels) {
  Scope scope("cross_entropy", logits.where);
  const Tensor y = real("cross_entropy", logits);
  checkMatrix(y);
  const Spec label = specOf(labels.tensor);
  Shape batch = y.shape();
  batch.pop_back();
  if (label.shape != batch || kindOf(label.dtype) != Number::integer)
    fail(fmt::format("labels {} for logits {}: integers, one per row",
                     toString(label), type_string(y)),
         labels.tensor, "labels");
  const int last = y.rank() - 1;
  auto body = [&](const Tensors &in) {
    const Tensor hot = one_hot(in[1], in[0].shape().back(), DType::b1);
    const Tensor picked = sum(where(hot, in[0], zeros_like(in[0])), last);
    return Tensors{logsumexp(in[0], last) - picked};
  };
  return composite("cross_entropy", {y, labels.tensor}, {}, body,
                   crossEntropyRule());
}

} // namespace mg
