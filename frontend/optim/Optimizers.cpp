//===- Optimizers.cpp - SGD, Adam, AdamW on lists of leaves ---------------===//
//
// PyTorch's updates in its order of operations, so that 1,000 steps stay within
// rounding of it. What depends on the step alone (powers of beta, the step
// size) is computed once, in f64 and of rank 0; leaves of 16 bits are updated
// in f32.
//
//===----------------------------------------------------------------------===//
#include "mg/optim.h"

#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <cmath>

namespace mg::optim {
using namespace mg::detail;
using mg::detail::cast;

Tensor Rate::value() const {
  if (!tensor_)
    return full({}, number_, DType::f64);
  if (specOf(*tensor_).shape != Shape{})
    fail("the learning rate is " + type_string(*tensor_) +
             ": a number or a tensor of rank 0",
         *tensor_);
  return cast(*tensor_, DType::f64);
}

Tensor detail::first_step() { return 0; }

Leaves detail::zeros_of(const Leaves &params) {
  Leaves zeros;
  for (const Tensor &p : params)
    zeros.push_back(zeros_like(p));
  return zeros;
}

/// The gradient of each parameter that is a float has its shape; others have
/// none (an empty tensor, or anything).
static void check(const detail::Moving &at) {
  if (at.gradient.size() != at.params.size())
    fail(fmt::format("a gradient of {} leaves for {} parameters",
                     at.gradient.size(), at.params.size()));
  for (std::size_t i = 0; i < at.params.size(); ++i)
    if (isFloat(specOf(at.params[i]).dtype) &&
        specOf(at.gradient[i]).shape != at.params[i].shape())
      fail(fmt::format("the gradient of leaf {} is {}, its parameter {}", i,
                       type_string(at.gradient[i]), type_string(at.params[i])),
           at.gradient[i]);
}

namespace {

/// A number of the whole update as leaves of `dtype` need it.
Tensor as(DType dtype, const Tensor &number) { return cast(number, dtype); }

/// One leaf on its way: everything in the dtype that the update computes in.
struct Leaf {
  DType dtype = widened(DType::f32);
  Tensor p, g;
  Leaf(const Tensor &param, const Tensor &gradient)
      : dtype(widened(param.dtype())), p(cast(param, dtype)),
        g(cast(gradient, dtype)) {}
  Tensor wide(const Tensor &x) const { return cast(x, dtype); }
};

/// p's buffer after this gradient; PyTorch's first one is the gradient itself.
Tensor withMomentum(const SGD &rule, const Tensor &buffer, const Tensor &g,
                    const Tensor &step) {
  const Tensor next = buffer * rule.momentum + g * (1 - rule.dampening);
  return rule.dampening == 0 ? next : where(step == 0, g, next);
}

void updateLeaf(const SGD &rule, const Tensor &lr, detail::Moving &at,
                std::size_t i) {
  Leaf leaf(at.params[i], at.gradient[i]);
  if (rule.weight_decay != 0)
    leaf.g = leaf.g + leaf.p * rule.weight_decay;
  if (rule.momentum != 0) {
    const Tensor buffer =
        withMomentum(rule, leaf.wide(at.first[i]), leaf.g, at.step);
    leaf.g = rule.nesterov ? leaf.g + buffer * rule.momentum : buffer;
    at.first[i] = cast(buffer, at.first[i].dtype());
  }
  at.params[i] =
      cast(leaf.p - as(leaf.dtype, lr) * leaf.g, at.params[i].dtype());
}

/// What all leaves of an Adam step share, f64 of rank 0.
struct AdamStep {
  Tensor size;  // lr / (1 - beta1^t)
  Tensor root;  // sqrt(1 - beta2^t)
  Tensor decay; // 1 - lr * weight_decay
  AdamStep(const Adam &rule, const Tensor &done) {
    const Tensor t = cast(done + 1, DType::f64), lr = rule.lr.value();
    // 1 - beta^t without the cancellation of a beta near 1.
    size = lr / -expm1(t * std::log(rule.beta1));
    root = sqrt(-expm1(t * std::log(rule.beta2)));
    decay = 1 - lr * rule.weight_decay;
  }
};

void updateLeaf(const Adam &rule, bool decoupled, const AdamStep &step,
                detail::Moving &at, std::size_t i) {
  Leaf leaf(at.params[i], at.gradient[i]);
  if (rule.weight_decay != 0 && decoupled)
    leaf.p = leaf.p * as(leaf.dtype, step.decay);
  else if (rule.weight_decay != 0)
    leaf.g = leaf.g + leaf.p * rule.weight_decay;
  Tensor m = leaf.wide(at.first[i]), v = leaf.wide(at.second[i]);
  m = m + (leaf.g - m) * (1 - rule.beta1);
  v = v * rule.beta2 + leaf.g * leaf.g * (1 - rule.beta2);
  Tensor most = v;
  if (rule.amsgrad) {
    most = maximum(leaf.wide(at.largest[i]), v);
    at.largest[i] = cast(most, at.largest[i].dtype());
  }
  const Tensor scale = sqrt(most) / as(leaf.dtype, step.root) + rule.eps;
  at.first[i] = cast(m, at.first[i].dtype());
  at.second[i] = cast(v, at.second[i].dtype());
  at.params[i] = cast(leaf.p - as(leaf.dtype, step.size) * m / scale,
                      at.params[i].dtype());
}

/// f(i) for every leaf that is a float.
template <class F> void forFloats(const Leaves &params, F f) {
  for (std::size_t i = 0; i < params.size(); ++i)
    if (isFloat(params[i].dtype()))
      f(i);
}

} // namespace

void detail::update(const SGD &rule, Moving &at, Where where) {
  Scope scope("SGD", where);
  if (rule.nesterov && (rule.momentum <= 0 || rule.dampening != 0))
    fail("nesterov needs momentum and no dampening");
  check(at);
  if (rule.momentum != 0 && at.first.size() != at.params.size())
    fail("the state has no momentum: it was made by an SGD without");
  const Tensor lr = rule.lr.value();
  forFloats(at.params, [&](std::size_t i) { updateLeaf(rule, lr, at, i); });
  at.step = at.step + 1;
}

void detail::update(const Adam &rule, bool decoupled, Moving &at, Where where) {
  Scope scope(decoupled ? "AdamW" : "Adam", where);
  check(at);
  if (rule.amsgrad && at.largest.size() != at.params.size())
    fail("the state has no v_max: it was made without amsgrad");
  const AdamStep step(rule, at.step);
  forFloats(at.params,
            [&](std::size_t i) { updateLeaf(rule, decoupled, step, at, i); });
  at.step = at.step + 1;
}

} // namespace mg::optim
