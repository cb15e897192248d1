//===- Reduction.cpp - reductions, cumulative ops, order ------------------===//
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"

#include <fmt/format.h>

#include <cmath>

namespace mg::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Reduce*
//===----------------------------------------------------------------------===//

using Reduction = Tensor (*)(const Tensor &x, const Axes &axes, bool keep);

/// Over the axes that the node names: by an attribute until version `moved`,
/// then by an operand. Without any over all, or (noop_with_empty_axes) over
/// none. The result has the operand's type.
template <Reduction reduction, int moved = 18>
Tensors reduce(const Call &call) {
  const Tensor &x = call[0];
  const auto named = call.moved("axes", moved, 1);
  Axes axes;
  if ((named && !named->empty()) || call.flag("noop_with_empty_axes")) {
    axes = std::vector<int>{};
    for (const std::int64_t axis : named.value_or(std::vector<std::int64_t>{}))
      axes.list.push_back(call.axis(axis, x.rank()));
  }
  return {astype(reduction(x, axes, call.flag("keepdims", true)), x.dtype())};
}

template <Tensor (*function)(Arg, Axes, bool)>
Tensor plain(const Tensor &x, const Axes &axes, bool keep) {
  return function(x, axes, keep);
}

/// What squares and logarithms are computed in: their sums leave f16's range
/// early, and integers have roots and logarithms only beyond.
Tensor widened(const Tensor &x) {
  switch (x.dtype()) {
  case DType::f16:
  case DType::bf16:
    return astype(x, DType::f32);
  case DType::f32:
    return x;
  default:
    return astype(x, DType::f64);
  }
}

Tensor sumOfMagnitudes(const Tensor &x, const Axes &axes, bool keep) {
  return sum(abs(x), axes, keep);
}

Tensor sumOfSquares(const Tensor &x, const Axes &axes, bool keep) {
  return sum(square(x), axes, keep);
}

Tensor norm(const Tensor &x, const Axes &axes, bool keep) {
  return sqrt(sum(square(widened(x)), axes, keep));
}

Tensor logOfSum(const Tensor &x, const Axes &axes, bool keep) {
  return log(sum(widened(x), axes, keep));
}

/// Shifted by the maximum, so that no exponential is infinite.
Tensor logOfSumOfExponentials(const Tensor &x, const Axes &axes, bool keep) {
  const Tensor y = widened(x);
  const Tensor top = max(y, axes, true);
  const Tensor shift = where(isfinite(top), top, 0);
  const Tensor total = log(sum(exp(y - shift), axes, true)) + shift;
  return keep ? total : squeeze(total, axes);
}

/// Integers are rounded toward zero.
Tensor average(const Tensor &x, const Axes &axes, bool keep) {
  if (x.dtype() >= DType::f16)
    return mean(x, axes, keep);
  const Tensor total = sum(x, axes, keep);
  const std::int64_t count = total.size() ? x.size() / total.size() : 0;
  return truncate_divide(total, astype(count, total.dtype()));
}

//===----------------------------------------------------------------------===//
// The place of an extreme
//===----------------------------------------------------------------------===//

/// i64, of the first extreme or (select_last_index) of the last one.
template <Tensor (*function)(Arg, int, bool)>
Tensors extreme(const Call &call) {
  const Tensor &x = call[0];
  const int axis = call.axis(call.integer("axis", 0), x.rank());
  const bool keep = call.flag("keepdims", true);
  if (!call.flag("select_last_index"))
    return {astype(function(x, axis, keep), DType::i64)};
  const Tensor fromEnd =
      astype(function(flip(x, axis), axis, keep), DType::i64);
  return {x.size(axis) - 1 - fromEnd};
}

Tensors best(const Call &call, std::int64_t k) {
  const Tensor &x = call[0];
  const int axis = call.axis(call.integer("axis", -1), x.rank());
  if (k < 0 || k > x.size(axis))
    call.fail(fmt::format("k is {} for {} elements", k, x.size(axis)));
  const auto [values, indices] = topk(x, k, axis, call.flag("largest", true));
  return {values, astype(indices, DType::i64)};
}

Tensors topKByAttribute(const Call &call) {
  if (!call.has("k"))
    call.fail("the attribute 'k' is missing");
  return best(call, call.integer("k", 0));
}

Tensors topKByOperand(const Call &call) {
  return best(call, call.integer(1, "k"));
}

//===----------------------------------------------------------------------===//
// Cumulative
//===----------------------------------------------------------------------===//

template <Tensor (*function)(Arg, int, Scan, bool)>
Tensors cumulative(const Call &call) {
  const Tensor &x = call[0];
  const int axis = call.axis(call.integer(1, "the axis"), x.rank());
  const Scan scan = call.flag("exclusive") ? Scan::exclusive : Scan::inclusive;
  return {astype(function(x, axis, scan, call.flag("reverse")), x.dtype())};
}

} // namespace

Family families::reduction() {
  static constexpr Definition table[] = {
      {"", "ArgMax", 1, extreme<argmax>},
      {"", "ArgMin", 1, extreme<argmin>},
      {"", "CumProd", 26, cumulative<cumprod>},
      {"", "CumSum", 11, cumulative<cumsum>},
      {"", "ReduceL1", 1, reduce<sumOfMagnitudes>},
      {"", "ReduceL2", 1, reduce<norm>},
      {"", "ReduceLogSum", 1, reduce<logOfSum>},
      {"", "ReduceLogSumExp", 1, reduce<logOfSumOfExponentials>},
      {"", "ReduceMax", 1, reduce<plain<max>>},
      {"", "ReduceMean", 1, reduce<average>},
      {"", "ReduceMin", 1, reduce<plain<min>>},
      {"", "ReduceProd", 1, reduce<plain<prod>>},
      {"", "ReduceSum", 1, reduce<plain<sum>, 13>},
      {"", "ReduceSumSquare", 1, reduce<sumOfSquares>},
      {"", "TopK", 1, topKByAttribute},
      {"", "TopK", 10, topKByOperand},
  };
  return table;
}

} // namespace mg::onnx
