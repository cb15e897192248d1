//===- Norms.cpp - LayerNorm, RMSNorm, GroupNorm, BatchNorm ---------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/nn/Initial.h"
#include "mg/nn.h"

namespace mg::nn {
using namespace mg::detail;

LayerNorm LayerNorm::init(std::int64_t width, Where where) {
  Scope scope("LayerNorm", where);
  checkSizes({width});
  return {ones({width}), zeros({width})};
}
Tensor LayerNorm::operator()(Arg x) const {
  Scope scope("LayerNorm", x.where);
  return layer_norm(x, scale, bias, epsilon);
}

RMSNorm RMSNorm::init(std::int64_t width, Where where) {
  Scope scope("RMSNorm", where);
  checkSizes({width});
  return {ones({width})};
}
Tensor RMSNorm::operator()(Arg x) const {
  Scope scope("RMSNorm", x.where);
  return rms_norm(x, scale, epsilon);
}

GroupNorm GroupNorm::init(std::int64_t groups, std::int64_t channels,
                          Where where) {
  Scope scope("GroupNorm", where);
  checkSizes({groups, channels});
  return {ones({channels}), zeros({channels}), groups};
}
Tensor GroupNorm::operator()(Arg x) const {
  Scope scope("GroupNorm", x.where);
  return group_norm(x, groups, scale, bias, epsilon);
}

BatchNorm BatchNorm::init(std::int64_t channels, Where where) {
  Scope scope("BatchNorm", where);
  checkSizes({channels});
  return {ones({channels}), zeros({channels}), zeros({channels}),
          ones({channels})};
}
std::pair<Tensor, BatchNorm> BatchNorm::operator()(Arg x, Mode mode) const {
  Scope scope("BatchNorm", x.where);
  if (mode == Mode::eval)
    return {batch_norm(x, scale, bias, running_mean, running_var, epsilon),
            *this};
  const BatchStatistics batch = batch_norm(x, scale, bias, epsilon);
  // Of each channel; a variance over one element has no unbiased form.
  const double n = static_cast<double>(x.tensor.size()) /
                   static_cast<double>(x.tensor.shape()[1]);
  if (n < 2)
    fail("to train more than one element per channel is wanted, not " +
             type_string(x.tensor),
         x.tensor);
  auto moved = [&](const Tensor &old, const Tensor &now) {
    return old * (1 - double(momentum)) +
           cast(now, old.dtype()) * double(momentum);
  };
  BatchNorm next = *this;
  next.running_mean = moved(running_mean, batch.mean);
  next.running_var = moved(running_var, batch.variance * (n / (n - 1)));
  return {batch.y, next};
}

} // namespace mg::nn
