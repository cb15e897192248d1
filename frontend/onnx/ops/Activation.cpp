//===- Activation.cpp - functions between layers --------------------------===//
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"

#include <fmt/format.h>

namespace mg::onnx {
namespace {

/// A function of one operand and the node's attributes, computed in the
/// operand's type whatever the attributes' numbers would promote it to.
template <Tensor (*function)(const Call &, const Tensor &)>
Tensors activation(const Call &call) {
  return {astype(function(call, call[0]), call[0].dtype())};
}

template <Tensor (*function)(Arg)> Tensor plain(const Call &, const Tensor &x) {
  return function(x);
}

Tensor celu(const Call &call, const Tensor &x) {
  const double alpha = call.number("alpha", 1);
  return where(x > 0, x, expm1(x / alpha) * alpha);
}

Tensor elu(const Call &call, const Tensor &x) {
  return mg::elu(x, static_cast<float>(call.number("alpha", 1)));
}

Tensor gelu(const Call &call, const Tensor &x) {
  const std::string form = call.text("approximate", "none");
  if (form != "none" && form != "tanh")
    call.fail(fmt::format("'approximate' is '{}', not 'none' or 'tanh'", form));
  return mg::gelu(x, form == "tanh" ? Gelu::tanh : Gelu::erf);
}

Tensor hardSigmoid(const Call &call, const Tensor &x) {
  const double alpha = call.number("alpha", .2), beta = call.number("beta", .5);
  return clip(x * alpha + beta, 0, 1);
}

Tensor hardSwish(const Call &, const Tensor &x) {
  return x * clip(x * (1. / 6) + .5, 0, 1);
}

Tensor leakyRelu(const Call &call, const Tensor &x) {
  return where(x >= 0, x, x * call.number("alpha", .01));
}

Tensor mish(const Call &, const Tensor &x) { return x * tanh(softplus(x)); }

/// The slope broadcasts to x.
Tensors pRelu(const Call &call) {
  const Tensor &x = call[0], &slope = call[1];
  if (slope.dtype() != x.dtype())
    call.fail(fmt::format("the slope is {}, the operand {}", type_string(slope),
                          type_string(x)));
  const Tensor y = where(x < 0, x * slope, x);
  if (y.shape() != x.shape())
    call.fail(fmt::format("the slope {} does not broadcast to {}",
                          type_string(slope), type_string(x)));
  return {y};
}

Tensor selu(const Call &call, const Tensor &x) {
  const double alpha = call.number("alpha", 1.67326319217681884765625);
  const double gamma = call.number("gamma", 1.05070102214813232421875);
  return where(x > 0, x, expm1(x) * alpha) * gamma;
}

Tensor shrink(const Call &call, const Tensor &x) {
  const double bias = call.number("bias", 0), lambd = call.number("lambd", .5);
  return where(x < -lambd, x + bias, where(x > lambd, x - bias, 0));
}

Tensor softsign(const Call &, const Tensor &x) { return x / (abs(x) + 1); }

Tensor swish(const Call &call, const Tensor &x) {
  const double alpha = call.number("alpha", 1);
  return alpha == 1 ? silu(x) : x * sigmoid(x * alpha);
}

Tensors swiGlu(const Call &call) {
  const Tensor &gate = call[0], &x = call[1];
  if (gate.dtype() != x.dtype() || gate.shape() != x.shape())
    call.fail(fmt::format("the gate is {}, what it gates {}", type_string(gate),
                          type_string(x)));
  return {swish(call, gate) * x};
}

Tensor thresholdedRelu(const Call &call, const Tensor &x) {
  return where(x > call.number("alpha", 1), x, 0);
}

} // namespace

Family families::activation() {
  static constexpr Definition table[] = {
      {"", "Celu", 12, onnx::activation<celu>},
      {"", "Elu", 6, onnx::activation<elu>},
      {"", "Gelu", 20, onnx::activation<gelu>},
      {"", "HardSigmoid", 6, onnx::activation<hardSigmoid>},
      {"", "HardSwish", 14, onnx::activation<hardSwish>},
      {"", "LeakyRelu", 6, onnx::activation<leakyRelu>},
      {"", "Mish", 18, onnx::activation<mish>},
      {"", "PRelu", 7, pRelu},
      {"", "Relu", 6, onnx::activation<plain<relu>>},
      {"", "Selu", 6, onnx::activation<selu>},
      {"", "Shrink", 9, onnx::activation<shrink>},
      {"", "Sigmoid", 6, onnx::activation<plain<sigmoid>>},
      {"", "Softplus", 1, onnx::activation<plain<softplus>>},
      {"", "Softsign", 1, onnx::activation<softsign>},
      {"", "SwiGLU", 28, swiGlu},
      {"", "Swish", 24, onnx::activation<swish>},
      {"", "ThresholdedRelu", 10, onnx::activation<thresholdedRelu>},
  };
  return table;
}

} // namespace mg::onnx
