//===- Sampling.cpp - elements between elements ---------------------------===//
//
// An interpolation is separable: of each dimension a few taps (an element's
// index and its weight) are near a place, and the sum goes over all tuples of
// them. x is read with channels first, so that an index names an element of all
// channels.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ops/Sampling.h"

namespace mg::onnx {

namespace {

struct Tap {
  Tensor index;  // within 0 .. size - 1, i32
  Tensor weight; // of the coordinates' dtype
};

/// v mirrored at `low` and `high` until it lies between them.
Tensor reflect(const Tensor &v, double low, double high) {
  const double span = high - low;
  if (span <= 0)
    return full_like(v, low);
  const Tensor away = fmod(abs(v - low), 2 * span);
  return where(away > span, 2 * span - away, away) + low;
}

/// A dimension of x.
struct Extent {
  std::int64_t size;
  Outside outside;
  double low() const { return outside == Outside::edges ? -0.5 : 0; }
  double high() const { return static_cast<double>(size - 1) - low(); }
  bool reflects() const {
    return outside == Outside::centers || outside == Outside::edges;
  }

  /// The place that is meant where v lies outside.
  Tensor inside(const Tensor &v) const {
    return reflects() ? reflect(v, low(), high()) : v;
  }
  /// The element at the whole number v.
  Tap tap(Tensor v, Tensor weight) const {
    const auto last = static_cast<double>(size - 1);
    if (outside == Outside::zero)
      weight = where(logical_and(v >= 0.0, v <= last), weight, 0);
    else if (reflects())
      v = reflect(v, low(), high());
    return {astype(clip(v, 0.0, last), DType::i32), weight};
  }
};

/// Weights of the four elements around a place that lies `t` (within 0 .. 1)
/// behind the second one: Keys' cubic convolution with a = -0.75.
std::vector<Tensor> cubicWeights(const Tensor &t) {
  constexpr double a = -0.75;
  auto near = [](const Tensor &d) {
    return ((a + 2) * d - (a + 3)) * d * d + 1;
  };
  auto far = [](const Tensor &d) {
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

std::vector<Tap> tapsOf(const Tensor &at, const Extent &dimension,
                        Interpolation interpolation) {
  if (interpolation == Interpolation::nearest) {
    const Tensor v = dimension.inside(round(at));
    return {dimension.tap(v, ones_like(v))};
  }
  const Tensor v = dimension.inside(at);
  const Tensor below = floor(v), t = v - below;
  if (interpolation == Interpolation::linear)
    return {dimension.tap(below, 1 - t), dimension.tap(below + 1, t)};
  std::vector<Tap> taps;
  double offset = -1;
  for (const Tensor &weight : cubicWeights(t))
    taps.push_back(dimension.tap(below + offset++, weight));
  return taps;
}

/// All tuples of one tap of each dimension as taps of x in one piece; an
/// example of x begins at `origin`.
std::vector<Tap> tuplesOf(const std::vector<std::vector<Tap>> &dimensions,
                          const Shape &space, const Tensor &origin) {
  std::vector<Tap> tuples{{zeros_like(origin), {}}};
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    std::vector<Tap> longer;
    for (const Tap &tuple : tuples)
      for (const Tap &tap : dimensions[d])
        longer.push_back(
            {tuple.index * space[d] + tap.index,
             tuple.weight.empty() ? tap.weight : tuple.weight * tap.weight});
    tuples = std::move(longer);
  }
  for (Tap &tuple : tuples)
    tuple.index = tuple.index + origin;
  return tuples;
}

/// x (n, c, space..) at coordinates `at` of examples `batch`: for each tap its
/// element times its weight, (c, places..).
std::vector<Tensor> termsOf(const Tensor &x, const Tensor &batch,
                            const std::vector<Tensor> &at,
                            Interpolation interpolation, Outside outside) {
  const Shape space(x.shape().begin() + 2, x.shape().end());
  std::int64_t volume = 1;
  std::vector<std::vector<Tap>> taps;
  for (std::size_t d = 0; d < space.size(); ++d) {
    volume *= space[d];
    taps.push_back(tapsOf(at[d], {space[d], outside}, interpolation));
  }
  const DType wide = at[0].dtype();
  const Tensor rows =
      reshape(swapaxes(x, 0, 1), {x.shape()[1], x.shape()[0] * volume});
  std::vector<Tensor> terms;
  for (const Tap &tap :
       tuplesOf(taps, space, astype(batch, DType::i32) * volume))
    terms.push_back(astype(take(rows, tap.index, 1), wide) * tap.weight);
  return terms;
}

/// Coordinates in f32 or f64.
std::vector<Tensor> widened(std::vector<Tensor> at, const Tensor &x) {
  const bool isDouble = x.dtype() == DType::f64 || at[0].dtype() == DType::f64;
  for (Tensor &coordinate : at)
    coordinate = astype(coordinate, isDouble ? DType::f64 : DType::f32);
  return at;
}

} // namespace

Tensor sample(const Tensor &x, const std::vector<Tensor> &at,
              Interpolation interpolation, Outside outside) {
  const Tensor batch = iota({x.shape()[0], 1}, 0);
  Tensor total;
  for (const Tensor &term :
       termsOf(x, batch, widened(at, x), interpolation, outside))
    total = total.empty() ? term : total + term;
  return astype(swapaxes(total, 0, 1), x.dtype());
}

std::vector<Tensor> linearTerms(const Tensor &x, const Tensor &batch,
                                const std::vector<Tensor> &at) {
  return termsOf(x, batch, widened(at, x), Interpolation::linear,
                 Outside::border);
}

} // namespace mg::onnx
