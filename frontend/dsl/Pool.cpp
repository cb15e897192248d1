//===- Pool.cpp - max_pool, avg_pool: padded windows, reduced -------------===//
#include "frontend/dsl/Composites.h"
#include "mg/functional.h"

#include <fmt/format.h>

#include <limits>

namespace mg {
using namespace detail;

namespace {

/// A pooling of x with everything said.
struct Pooling {
  Window window;
  Shape low, high; // of all dimensions of x
  std::vector<int> reduced;

  Pooling(const Tensor &x, const PoolOptions &options) {
    const std::size_t n = options.window.size();
    if (n == 0 || static_cast<int>(n) > x.rank())
      fail(fmt::format("a window of {} dimensions over {}", n, type_string(x)),
           x);
    auto given = [&](const char *name, const Shape &values, Shape otherwise) {
      if (!values.empty() && values.size() != n)
        fail(fmt::format("{} numbers as {} of a window of {} dimensions",
                         values.size(), name, n));
      return values.empty() ? std::move(otherwise) : values;
    };
    window.size = options.window;
    window.stride = given("stride", options.stride, options.window);
    window.dilation = given("dilation", options.dilation, Shape(n, 1));
    low = given("low", options.low, Shape(n, 0));
    high = given("high", options.high, Shape(n, 0));
    for (std::int64_t p : low)
      if (p < 0)
        fail(fmt::format("padding of {}", p));
    for (std::int64_t p : high)
      if (p < 0)
        fail(fmt::format("padding of {}", p));
    const std::size_t leading = static_cast<std::size_t>(x.rank()) - n;
    for (std::size_t d = 0; d < n; ++d) {
      window.axes.push_back(static_cast<int>(leading + d));
      reduced.push_back(static_cast<int>(leading + n + d));
    }
    low.insert(low.begin(), leading, 0);
    high.insert(high.begin(), leading, 0);
  }

  bool isPadded() const {
    return low != Shape(low.size()) || high != Shape(low.size());
  }
  /// The windows of x, their elements in the dimensions `reduced`.
  Tensor windows(const Tensor &x, const Tensor &padding) const {
    return unfold(isPadded() ? pad(x, low, high, padding) : x, window);
  }
  /// How many elements of each window lie within x along its dimension d.
  Tensor inside(const Tensor &x, std::size_t d) const {
    const auto axis = static_cast<std::size_t>(window.axes[d]);
    const std::int64_t size = x.shape()[axis];
    const std::int64_t step = window.dilation[d], n = window.size[d];
    const std::int64_t last = size + high[axis] - 1 - (n - 1) * step;
    std::vector<double> counts;
    for (std::int64_t at = -low[axis]; at <= last; at += window.stride[d]) {
      // Elements of the window before the first of x, and before its end.
      const std::int64_t before = at < 0 ? (-at + step - 1) / step : 0;
      const std::int64_t below =
          at < size ? std::min((size - 1 - at) / step + 1, n) : 0;
      counts.push_back(
          static_cast<double>(std::max(below - before, std::int64_t(0))));
    }
    return from(counts);
  }
};

/// The number that every other one is larger than.
Tensor lowest(DType dtype) {
  if (isFloat(dtype))
    return full({}, -std::numeric_limits<double>::infinity(), dtype);
  if (isUnsigned(dtype) || dtype == DType::b1)
    return full({}, 0, dtype);
  const int bits = static_cast<int>(size_of(dtype)) * 8;
  return full({}, std::numeric_limits<std::int64_t>::min() >> (64 - bits),
              dtype);
}

} // namespace

Tensor max_pool(Arg x, const PoolOptions &options) {
  Scope scope("max_pool", x.where);
  const Pooling pooling(x.tensor, options);
  return max(pooling.windows(x.tensor, lowest(x.tensor.dtype())),
             pooling.reduced);
}

Tensor avg_pool(Arg x, const PoolOptions &options, Padding padding) {
  Scope scope("avg_pool", x.where);
  const Tensor y = real("avg_pool", x);
  const Pooling pooling(y, options);
  const DType wide = widened(y.dtype());
  const Tensor zero = full({}, 0, wide);
  const Tensor total =
      sum(pooling.windows(cast(y, wide), zero), pooling.reduced);
  double area = 1;
  for (std::int64_t n : pooling.window.size)
    area *= static_cast<double>(n);
  if (padding == Padding::counted || !pooling.isPadded())
    return cast(total / area, y.dtype());
  Tensor present = full({}, 1, wide);
  for (std::size_t d = 0; d < options.window.size(); ++d)
    present = expand_dims(present, -1) * cast(pooling.inside(y, d), wide);
  return cast(total / present, y.dtype());
}

} // namespace mg
