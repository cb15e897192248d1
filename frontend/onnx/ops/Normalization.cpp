//===- Normalization.cpp - batch, layer and other norms, softmax ----------===//
#include "frontend/onnx/Operators.h"
#include "mg/functional.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mg::onnx {

/// What statistics are computed in.
static DType wideOf(const Tensor &x) {
  return x.dtype() == DType::f64 ? DType::f64 : DType::f32;
}

static std::int64_t product(const Shape &shape, std::size_t begin,
                            std::size_t end) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(begin),
                         shape.begin() + static_cast<std::ptrdiff_t>(end),
                         std::int64_t(1), std::multiplies());
}

static float epsilonOf(const Call &call) {
  return static_cast<float>(call.number("epsilon", 1e-5f));
}

/// Operand 0 must be (n, c, ..).
static const Tensor &withChannels(const Call &call) {
  if (call[0].rank() < 2)
    call.fail("an operand (n, c, ..) is wanted, not " + type_string(call[0]));
  return call[0];
}

//===----------------------------------------------------------------------===//
// BatchNormalization
//===----------------------------------------------------------------------===//

/// Every element of an example by its own statistics, (c, ..): `spatial` 0 of
/// versions before 9.
static Tensor normalizedByElement(const Call &call) {
  const DType wide = wideOf(call[0]);
  auto operand = [&](std::size_t i) { return astype(call[i], wide); };
  const Tensor factor = operand(1) / sqrt(operand(4) + epsilonOf(call));
  const Tensor offset = operand(2) - operand(3) * factor;
  return astype(operand(0) * factor + offset, call[0].dtype());
}

/// Y, and the running mean and variance moved towards the batch's; before
/// version 14 the batch's own, too.
static Tensors trainedBatchNorm(const Call &call) {
  const auto [y, mean, variance] =
      batch_norm(call[0], call[1], call[2], epsilonOf(call));
  const double momentum = call.number("momentum", 0.9f);
  auto moved = [&](std::size_t i, const Tensor &batch) {
    const Tensor running = astype(call[i], batch.dtype());
    return astype(running * momentum + batch * (1 - momentum), call[i].dtype());
  };
  return {y, moved(3, mean), moved(4, variance), astype(mean, call[3].dtype()),
          astype(variance, call[4].dtype())};
}

static Tensor inferredBatchNorm(const Call &call) {
  return batch_norm(call[0], call[1], call[2], call[3], call[4],
                    epsilonOf(call));
}

/// Versions 7 and 9: one that has more results than Y is in training.
static Tensors oldBatchNormalization(const Call &call) {
  withChannels(call);
  const bool trains = call.wants(1) || call.wants(2);
  if (!call.flag("spatial", true)) {
    if (trains)
      call.unsupported("training with spatial = 0");
    return {normalizedByElement(call)};
  }
  return trains ? trainedBatchNorm(call) : Tensors{inferredBatchNorm(call)};
}

static Tensors batchNormalization(const Call &call) {
  withChannels(call);
  if (!call.flag("training_mode"))
    return {inferredBatchNorm(call)};
  Tensors results = trainedBatchNorm(call);
  results.resize(3);
  return results;
}

//===----------------------------------------------------------------------===//
// Of one example
//===----------------------------------------------------------------------===//

static Tensors instanceNormalization(const Call &call) {
  const Tensor &x = withChannels(call);
  return {group_norm(x, x.shape()[1], call[1], call[2], epsilonOf(call))};
}

static Tensors groupNormalization(const Call &call) {
  const Tensor &x = withChannels(call);
  return {group_norm(x, call.integer("num_groups", 0), call[1], call[2],
                     epsilonOf(call))};
}

/// Version 18: scale and bias are of groups.
static Tensors groupNormalizationByGroup(const Call &call) {
  const Tensor &x = withChannels(call);
  const std::int64_t groups = call.integer("num_groups", 0);
  const std::int64_t channels = x.shape()[1];
  if (groups < 1 || channels % groups != 0)
    call.fail(fmt::format("{} channels in {} groups", channels, groups));
  auto ofChannels = [&](std::size_t i) {
    if (call[i].shape() != Shape{groups})
      call.fail(fmt::format("operand {} is {} for {} groups", i,
                            type_string(call[i]), groups));
    return repeat(call[i], channels / groups, 0);
  };
  return {group_norm(x, groups, ofChannels(1), ofChannels(2), epsilonOf(call))};
}

/// The dimensions from the attribute `axis` on as one, and how to come back.
struct Trailing {
  int axis;
  Shape shape; // of x
  Tensor rows; // (.., the product of those from `axis` on)

  explicit Trailing(const Call &call)
      : axis(call.axis(call.integer("axis", -1), call[0].rank())),
        shape(call[0].shape()) {
    Shape flat(shape.begin(), shape.begin() + axis);
    flat.push_back(
        product(shape, static_cast<std::size_t>(axis), shape.size()));
    rows = reshape(call[0], flat);
  }
  /// An operand that broadcasts to the trailing dimensions, as a vector.
  Tensor vector(const Tensor &t) const {
    return ravel(broadcast_to(t, {shape.begin() + axis, shape.end()}));
  }
};

/// Mean and 1 / deviation, of the shape of x with 1 from the axis on.
static Tensors statistics(const Trailing &x, float epsilon) {
  const DType wide = wideOf(x.rows);
  const Tensor rows = astype(x.rows, wide);
  Shape shape = x.shape;
  std::fill(shape.begin() + x.axis, shape.end(), 1);
  return {reshape(mean(rows, -1), shape),
          reshape(rsqrt(var(rows, -1) + epsilon), shape)};
}

static Tensors layerNormalization(const Call &call) {
  const Trailing x(call);
  const Tensor scale = x.vector(call[1]);
  const Tensor bias = call.has(2) ? x.vector(call[2]) : zeros_like(scale);
  const float epsilon = epsilonOf(call);
  Tensors results{reshape(layer_norm(x.rows, scale, bias, epsilon), x.shape)};
  if (call.wants(1) || call.wants(2))
    for (const Tensor &t : statistics(x, epsilon))
      results.push_back(t);
  return results;
}

static Tensors rmsNormalization(const Call &call) {
  const Trailing x(call);
  return {
      reshape(rms_norm(x.rows, x.vector(call[1]), epsilonOf(call)), x.shape)};
}

/// (x - mean) / (deviation + 1e-9).
static Tensors meanVarianceNormalization(const Call &call) {
  const Tensor x = astype(call[0], wideOf(call[0]));
  std::vector<int> axes;
  for (std::int64_t axis : call.integers("axes").value_or(Shape{0, 2, 3}))
    axes.push_back(call.axis(axis, x.rank()));
  const Tensor centered = x - mean(x, axes, true);
  const Tensor deviation = sqrt(mean(square(centered), axes, true));
  return {astype(centered / (deviation + 1e-9), call[0].dtype())};
}

/// x divided by its norm along an axis; 0 where that is 0.
static Tensors lpNormalization(const Call &call) {
  const Tensor x = astype(call[0], wideOf(call[0]));
  const int axis = call.axis(call.integer("axis", -1), x.rank());
  const std::int64_t p = call.integer("p", 2);
  if (p != 1 && p != 2)
    call.fail(fmt::format("a norm with p = {}", p));
  const Tensor norm =
      p == 1 ? sum(abs(x), axis, true) : sqrt(sum(square(x), axis, true));
  const Tensor y = x / where(norm == 0, 1, norm);
  return {astype(y, call[0].dtype())};
}

/// x / (bias + alpha / size * sum of squares)^beta, the sum over `size`
/// channels around each.
static Tensors localResponseNormalization(const Call &call) {
  const Tensor x = astype(withChannels(call), wideOf(call[0]));
  const std::int64_t size = call.integer("size", 0);
  if (size < 1 || size > std::int64_t(1) << 31)
    call.fail(fmt::format("a window of {} channels", size));
  Shape low(x.shape().size(), 0), high = low;
  // Further than all channels there is nothing but zeros.
  low[1] = std::min((size - 1) / 2, x.shape()[1]);
  high[1] = std::min(size / 2, x.shape()[1]);
  const Tensor squares = pad(square(x), low, high);
  const Tensor total = sum(unfold(squares, {{1}, {low[1] + high[1] + 1}}), -1);
  const double alpha = call.number("alpha", 1e-4f);
  const Tensor base =
      total * (alpha / static_cast<double>(size)) + call.number("bias", 1);
  return {astype(x / pow(base, call.number("beta", 0.75)), call[0].dtype())};
}

//===----------------------------------------------------------------------===//
// Softmax and its kin. Before version 13 the dimensions from `axis` on count as
// one.
//===----------------------------------------------------------------------===//

static Tensor hardmaxOf(const Tensor &x, int axis) {
  const Tensor index = iota(x.shape(), axis);
  return astype(index == argmax(x, axis, true), x.dtype());
}

template <auto Function> static Tensors alongAxis(const Call &call) {
  const Tensor &x = call[0];
  return {Function(x, call.axis(call.integer("axis", -1), x.rank()))};
}

template <auto Function> static Tensors flattened(const Call &call) {
  const Tensor &x = call[0];
  const Shape &shape = x.shape();
  const auto axis =
      static_cast<std::size_t>(call.axis(call.integer("axis", 1), x.rank()));
  const Tensor rows =
      reshape(x, {product(shape, 0, axis), product(shape, axis, shape.size())});
  return {reshape(Function(rows, 1), shape)};
}

static Tensor softmaxOf(const Tensor &x, int axis) { return softmax(x, axis); }
/// Of rows alone, which may be scores under a causal mask.
static Tensors softmaxOfRows(const Call &call, int version) {
  const Tensor &x = call[0];
  const int last = x.rank() - 1;
  const std::int64_t otherwise = version < 13 ? 1 : -1;
  if (last >= 0 &&
      call.axis(call.integer("axis", otherwise), x.rank()) == last) {
    const auto causal = call.host.causal.softmax(x);
    return {causal ? *causal : softmax(x, last)};
  }
  return version < 13 ? flattened<softmaxOf>(call) : alongAxis<softmaxOf>(call);
}
static Tensors softmaxFlattened(const Call &call) {
  return softmaxOfRows(call, 1);
}
static Tensors softmaxAlongAxis(const Call &call) {
  return softmaxOfRows(call, 13);
}
static Tensor logSoftmaxOf(const Tensor &x, int axis) {
  return log_softmax(x, axis);
}

static constexpr Definition table[] = {
    {"", "BatchNormalization", 7, oldBatchNormalization},
    {"", "BatchNormalization", 14, batchNormalization},
    {"", "InstanceNormalization", 6, instanceNormalization},
    {"", "GroupNormalization", 18, groupNormalizationByGroup},
    {"", "GroupNormalization", 21, groupNormalization},
    {"", "LayerNormalization", 17, layerNormalization},
    {"", "RMSNormalization", 23, rmsNormalization},
    {"", "MeanVarianceNormalization", 9, meanVarianceNormalization},
    {"", "LpNormalization", 1, lpNormalization},
    {"", "LRN", 1, localResponseNormalization},
    {"", "Softmax", 1, softmaxFlattened},
    {"", "Softmax", 13, softmaxAlongAxis},
    {"", "LogSoftmax", 1, flattened<logSoftmaxOf>},
    {"", "LogSoftmax", 13, alongAxis<logSoftmaxOf>},
    {"", "Hardmax", 1, flattened<hardmaxOf>},
    {"", "Hardmax", 13, alongAxis<hardmaxOf>}};

Family families::normalization() { return table; }

} // namespace mg::onnx
