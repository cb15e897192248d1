//===- Resample.cpp - one dimension at another size -----------------------===//
#include "frontend/onnx/ops/Resample.h"

#include <algorithm>
#include <cmath>

namespace mg::onnx {

namespace {

/// Where element i of the result lies in the operand.
double coordinate(const Stretch &d, Coordinates mode, std::int64_t i) {
  const auto x = static_cast<double>(i);
  const auto input = static_cast<double>(d.input);
  const double exact = d.scale * input; // before it was rounded
  const auto output = static_cast<double>(d.output);
  const double halfPixel = (x + 0.5) / d.scale - 0.5;
  switch (mode) {
  case Coordinates::halfPixel:
    return halfPixel;
  case Coordinates::halfPixelSymmetric:
    return input / 2 * (1 - output / exact) + halfPixel;
  case Coordinates::pytorchHalfPixel:
    return output == 1 ? 0 : halfPixel;
  case Coordinates::halfPixelForNearest:
    return (x + 0.5) / d.scale;
  case Coordinates::alignCorners: // by the standard's tests not `output`
    return exact == 1 ? 0 : x * (input - 1) / (exact - 1);
  case Coordinates::asymmetric:
    return x / d.scale;
  case Coordinates::cropAndResize:
    return d.begin * (input - 1) +
           (output == 1 ? (d.end - d.begin) * (input - 1) / 2
                        : x * (d.end - d.begin) * (input - 1) / (output - 1));
  }
  return 0;
}

double nearestTo(double x, Nearest mode, double scale) {
  switch (mode) {
  case Nearest::roundPreferFloor:
    return std::ceil(x - 0.5);
  case Nearest::roundPreferCeil:
    return std::floor(x + 0.5);
  case Nearest::floor:
    return std::floor(x);
  case Nearest::ceil:
    return std::ceil(x);
  case Nearest::simple:
    return scale < 1 ? std::ceil(x) : std::floor(x);
  }
  return x;
}

/// What an element counts that lies `x` away from the place.
double weightAt(double x, const Resampling &how) {
  x = std::abs(x);
  if (how.interpolation == Interpolation::linear)
    return std::max(1 - x, 0.0);
  const double a = how.cubicA;
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/// The elements of the operand that make one of the result: weights from index
/// `first` on, which may lie outside.
struct Taps {
  double first;
  std::vector<double> weights;
};

Taps tapsOf(double x, const Stretch &d, const Resampling &how) {
  if (how.interpolation == Interpolation::nearest)
    return {nearestTo(x, how.nearest, d.scale), {1}};
  const double shrink = how.antialias ? std::min(d.scale, 1.0) : 1;
  const double reach = how.interpolation == Interpolation::linear ? 1 : 2;
  const double left = std::floor(-reach / shrink) + 1;
  const double base = std::ceil(x) - 1; // x lies in (base, base + 1]
  Taps taps{base + left, {}};
  double total = 0;
  for (double i = left; i < 2 - left; ++i) {
    const double at = base + i;
    const bool isOut = at < 0 || at >= static_cast<double>(d.input);
    const double weight =
        isOut && how.excludesOutside ? 0 : weightAt((at - x) * shrink, how);
    taps.weights.push_back(weight);
    total += weight;
  }
  if (total != 0 && (how.antialias || how.excludesOutside))
    for (double &weight : taps.weights)
      weight /= total;
  return taps;
}

/// Of all elements of the result, tap by tap.
struct Plan {
  std::vector<std::vector<std::int64_t>> indices; // within the operand
  std::vector<std::vector<double>> weights;
};

Plan planOf(const Stretch &d, const Resampling &how) {
  Plan plan;
  for (std::int64_t i = 0; i < d.output; ++i) {
    const double x = coordinate(d, how.coordinates, i);
    const Taps taps = tapsOf(x, d, how);
    plan.indices.resize(taps.weights.size());
    plan.weights.resize(taps.weights.size());
    for (std::size_t t = 0; t < taps.weights.size(); ++t) {
      const double at = std::clamp(
          taps.first + static_cast<double>(t), 0.0,
          static_cast<double>(std::max<std::int64_t>(d.input, 1)) - 1);
      plan.indices[t].push_back(static_cast<std::int64_t>(at));
      plan.weights[t].push_back(taps.weights[t]);
    }
  }
  return plan;
}

/// (n) as (n, 1, ..): along `axis` of an operand of `rank`.
Tensor along(const Tensor &t, int axis, int rank) {
  Shape shape(static_cast<std::size_t>(rank - axis), 1);
  shape[0] = t.size();
  return reshape(t, shape);
}

Tensor picked(const Tensor &x, const std::vector<std::int64_t> &indices,
              int axis) {
  const std::int64_t size = x.shape()[static_cast<std::size_t>(axis)];
  const auto count = static_cast<std::int64_t>(indices.size());
  const std::int64_t times = size == 0 ? 0 : count / size;
  if (times > 0 && count == times * size) {
    bool repeats = true;
    for (std::int64_t i = 0; i < count; ++i)
      repeats &= indices[static_cast<std::size_t>(i)] == i / times;
    if (repeats)
      return times == 1 ? x : repeat(x, times, axis);
  }
  return take(x, astype(from(indices), DType::i32), axis);
}

/// Few taps are picked and added; many are a product with a matrix.
Tensor weighted(const Tensor &x, const Plan &plan, const Stretch &d, int axis) {
  if (plan.indices.size() <= 4) {
    Tensor total;
    for (std::size_t t = 0; t < plan.indices.size(); ++t) {
      const Tensor weight =
          along(astype(from(plan.weights[t]), x.dtype()), axis, x.rank());
      const Tensor term = picked(x, plan.indices[t], axis) * weight;
      total = total.empty() ? term : total + term;
    }
    return total;
  }
  std::vector<double> matrix(static_cast<std::size_t>(d.input * d.output), 0.0);
  for (std::size_t t = 0; t < plan.indices.size(); ++t)
    for (std::size_t i = 0; i < plan.indices[t].size(); ++i)
      matrix[static_cast<std::size_t>(plan.indices[t][i] * d.output) + i] +=
          plan.weights[t][i];
  const Tensor m = astype(from(matrix, {d.input, d.output}), x.dtype());
  return moveaxis(matmul(moveaxis(x, axis, -1), m), -1, axis);
}

/// Elements of the result that lie outside of x are how.extrapolation.
Tensor extrapolated(const Tensor &y, int axis, const Stretch &d,
                    const Resampling &how) {
  std::vector<bool> isOut;
  for (std::int64_t i = 0; i < d.output; ++i) {
    const double x = coordinate(d, how.coordinates, i);
    isOut.push_back(x < 0 || x > static_cast<double>(d.input - 1));
  }
  if (std::find(isOut.begin(), isOut.end(), true) == isOut.end())
    return y;
  return where(along(from(isOut), axis, y.rank()),
               astype(how.extrapolation, y.dtype()), y);
}

} // namespace

Tensor resampled(const Tensor &x, int axis, const Stretch &d,
                 const Resampling &how) {
  if (d.input == d.output && d.scale == 1 && d.begin == 0 && d.end == 1)
    return x;
  if (d.output == 0 || d.input == 0) {
    Shape shape = x.shape();
    shape[static_cast<std::size_t>(axis)] = d.output;
    return zeros(shape, x.dtype());
  }
  const Plan plan = planOf(d, how);
  const Tensor y = how.interpolation == Interpolation::nearest
                       ? picked(x, plan.indices[0], axis)
                       : weighted(x, plan, d, axis);
  return how.coordinates == Coordinates::cropAndResize
             ? extrapolated(y, axis, d, how)
             : y;
}

} // namespace mg::onnx
