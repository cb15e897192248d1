//===- Schedules.cpp - learning rates as functions of the step ------------===//
#include "mg/optim.h"

#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace mg::optim::schedule {
using namespace mg::detail;

namespace {

/// The number of updates done, f64.
Tensor done(const Arg &step) {
  if (!specOf(step.tensor).shape.empty())
    fail("the step is " + type_string(step.tensor) + ", not of rank 0",
         step.tensor);
  return cast(step.tensor, DType::f64);
}
Tensor result(const Tensor &rate) { return cast(rate, DType::f32); }

/// log(factor), which must be a number.
double logOf(double factor) {
  if (!(factor > 0))
    fail(fmt::format("the factor is {}: not positive", factor));
  return std::log(factor);
}
/// The share of `steps` that is done, at most 1.
Tensor share(const Tensor &step, double steps) {
  if (!(steps > 0))
    fail(fmt::format("{} steps", steps));
  return clip(step / steps, 0, 1);
}
/// Half a cosine: `from` at 0, `to` at 1.
Tensor halfCosine(const Tensor &share, double from, double to) {
  return (cos(share * std::numbers::pi) + 1) * ((from - to) / 2) + to;
}

} // namespace

Tensor constant(Arg step, double lr) {
  Scope scope("constant", step.where);
  return full_like(result(done(step)), lr);
}
Tensor linear(Arg step, double from, double to, double steps) {
  Scope scope("linear", step.where);
  return result(share(done(step), steps) * (to - from) + from);
}
Tensor step_decay(Arg step, double lr, int every, double factor) {
  Scope scope("step_decay", step.where);
  if (every < 1)
    fail(fmt::format("every {} steps", every));
  return result(exp(floor(done(step) / every) * logOf(factor)) * lr);
}
Tensor exponential(Arg step, double lr, double factor) {
  Scope scope("exponential", step.where);
  return result(exp(done(step) * logOf(factor)) * lr);
}
Tensor cosine(Arg step, double lr, double steps, double least) {
  Scope scope("cosine", step.where);
  return result(halfCosine(share(done(step), steps), lr, least));
}
Tensor warmup_cosine(Arg step, double lr, double warmup, double steps,
                     double least) {
  Scope scope("warmup_cosine", step.where);
  const Tensor t = done(step);
  const Tensor rise = (t + 1) * (lr / warmup);
  const Tensor fall = halfCosine(share(t - warmup, steps - warmup), lr, least);
  return result(where(t < warmup, rise, fall));
}
Tensor one_cycle(Arg step, double lr, double steps, const OneCycle &options) {
  Scope scope("one_cycle", step.where);
  const double first = lr / options.start_factor,
               top = options.rise * steps - 1;
  const Tensor t = done(step);
  const Tensor up = halfCosine(share(t, top), first, lr);
  const Tensor down = halfCosine(share(t - top, steps - 1 - top), lr,
                                 first / options.final_factor);
  return result(where(t < top, up, down));
}

} // namespace mg::optim::schedule
