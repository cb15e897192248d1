//===- Gradients.cpp - clipping, adding up, scaling: on lists of leaves ---===//
#include "mg/optim.h"

#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

namespace mg::optim {
using namespace mg::detail;
using mg::detail::cast;

namespace {

/// What has no derivative is empty in a gradient.
bool isFloatLeaf(const Tensor &leaf) {
  return !leaf.empty() && isFloat(leaf.dtype());
}
/// f(leaf) in place of every leaf that is a float.
template <class F> void replaceFloats(Leaves &leaves, F f) {
  for (Tensor &leaf : leaves)
    if (isFloatLeaf(leaf))
      leaf = f(leaf);
}
/// A number of rank 0 as leaves of `dtype` need it.
Tensor as(DType dtype, const Arg &number) {
  if (!specOf(number.tensor).shape.empty())
    fail("a tensor of rank 0 is wanted, not " + type_string(number.tensor),
         number.tensor);
  return fit(number, {dtype, {}});
}
/// f(old, new) leaf by leaf, where the two lists are alike.
template <class F> void combine(Leaves &old, const Leaves &now, F f) {
  if (old.size() != now.size())
    fail(fmt::format("{} leaves beside {}", old.size(), now.size()));
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (!isFloatLeaf(old[i]))
      continue;
    if (old[i].shape() != specOf(now[i]).shape)
      fail(fmt::format("leaf {} is {} beside {}", i, type_string(old[i]),
                       type_string(now[i])),
           now[i]);
    old[i] = f(old[i], cast(now[i], old[i].dtype()));
  }
}

Tensor normOf(const Leaves &leaves) {
  DType dtype = DType::f32;
  for (const Tensor &leaf : leaves)
    if (!leaf.empty() && leaf.dtype() == DType::f64)
      dtype = DType::f64;
  Tensor total = full({}, 0, dtype);
  for (const Tensor &leaf : leaves)
    if (isFloatLeaf(leaf))
      total = total + sum(square(cast(leaf, dtype)));
  return sqrt(total);
}

} // namespace

Tensor global_norm(const Leaves &leaves, Where where) {
  Scope scope("global_norm", where);
  return normOf(leaves);
}

Tensor detail::clip_norm(Leaves &leaves, const Arg &limit) {
  Scope scope("clip_by_global_norm", limit.where);
  const Tensor norm = normOf(leaves);
  const Tensor factor = minimum(as(norm.dtype(), limit) / (norm + 1e-6), 1);
  replaceFloats(leaves, [&](const Tensor &leaf) {
    return leaf * cast(factor, leaf.dtype());
  });
  return norm;
}
void detail::clip_value(Leaves &leaves, const Arg &limit) {
  Scope scope("clip_by_value", limit.where);
  replaceFloats(leaves, [&](const Tensor &leaf) {
    const Tensor most = as(leaf.dtype(), limit);
    return clip(leaf, -most, most);
  });
}
void detail::accumulate(Leaves &sum, const Leaves &added, Where where) {
  Scope scope("accumulate", where);
  combine(sum, added,
          [](const Tensor &old, const Tensor &now) { return old + now; });
}
void detail::average(Leaves &sum, const Arg &count) {
  Scope scope("mean", count.where);
  replaceFloats(sum, [&](const Tensor &leaf) {
    const DType wide = widened(leaf.dtype()); // counts are not rounded
    return cast(cast(leaf, wide) / cast(count.tensor, wide), leaf.dtype());
  });
}
void detail::blend(Leaves &old, const Leaves &now, const Arg &decay) {
  Scope scope("ema", decay.where);
  combine(old, now, [&](const Tensor &mean, const Tensor &p) {
    const DType wide = widened(mean.dtype()); // 0.999 is 1 in bf16
    const Tensor m = cast(mean, wide);
    return cast(m + (cast(p, wide) - m) * (1 - as(wide, decay)), mean.dtype());
  });
}

LossScaler::State LossScaler::init() const {
  return {full({}, init_scale, DType::f32), 0};
}
Tensor LossScaler::scale(Arg loss, const State &state) const {
  Scope scope("scale", loss.where);
  return loss * state.scale;
}
Tensor LossScaler::unscale_leaves(Leaves &leaves, const State &state,
                                  Where where) {
  Scope scope("unscale", where);
  const Tensor factor = reciprocal(cast(state.scale, DType::f64));
  Tensor finite = full({}, true, DType::b1);
  replaceFloats(leaves, [&](const Tensor &leaf) {
    // In f32, where a scale of 2^16 and more is a number.
    const DType wide = widened(leaf.dtype());
    const Tensor plain = cast(leaf, wide) * cast(factor, wide);
    finite = finite & mg::all(isfinite(leaf));
    return cast(plain, leaf.dtype());
  });
  return finite;
}
LossScaler::State LossScaler::update(const State &state, Arg finite) const {
  Scope scope("LossScaler", finite.where);
  const Tensor streak = state.streak + 1, full = streak == interval;
  // A scale that would not be finite stays.
  const Tensor larger = state.scale * growth;
  const Tensor grown = where(full & isfinite(larger), larger, state.scale);
  return {where(finite, grown, state.scale * backoff),
          where(finite & !full, streak, zeros_like(streak))};
}

} // namespace mg::optim
