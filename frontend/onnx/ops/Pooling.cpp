//===- Pooling.cpp - pools ------------------------------------------------===//
#include "frontend/onnx/ops/Windows.h"
#include "mg/functional.h"

#include <fmt/format.h>

#include <numeric>

namespace mg::onnx {

/// The axes of space of an operand of `rank`.
static std::vector<int> spaceAxes(int rank) {
  std::vector<int> axes(static_cast<std::size_t>(rank) - 2);
  std::iota(axes.begin(), axes.end(), 2);
  return axes;
}

static Shape plus(Shape a, const Shape &b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    a[i] += b[i];
  return a;
}

/// Of a pool: the kernel must be given.
static Windows poolWindows(const Call &call, const Shape &space) {
  if (!call.has("kernel_shape"))
    call.fail("kernel_shape is missing");
  return paddedWindowsOf(call, space, kernelOf(call, space));
}

static PoolOptions optionsOf(const Windows &windows, const Shape &extra) {
  return {windows.size, windows.stride, windows.low, plus(windows.high, extra),
          windows.dilation};
}

//===----------------------------------------------------------------------===//
// MaxPool
//===----------------------------------------------------------------------===//

/// Less than every other number of `dtype`, as far as it has one.
static Tensor lowest(DType dtype) {
  const Tensor least = full({}, -std::numeric_limits<double>::infinity());
  return astype(least, dtype); // integers: clamped
}

/// Distances between neighbours of each dimension of space: the last one varies
/// fastest, or (storage_order 1) the second last, then the last.
static Shape distances(const Call &call, const Shape &space) {
  std::vector<std::size_t> order(space.size());
  std::iota(order.rbegin(), order.rend(), 0);
  if (call.integer("storage_order", 0) == 1)
    std::reverse(order.begin(), order.end());
  Shape strides(space.size());
  std::int64_t distance = 1;
  for (std::size_t d : order) {
    strides[d] = distance;
    distance *= space[d];
  }
  return strides;
}

/// Where in x, as one piece, the elements lie that windows of `space` picked:
/// `picked` (n, c, places..) counts within a window.
static Tensor indicesOf(const Call &call, const Tensor &picked,
                        const Shape &space, const Windows &windows) {
  const Shape strides = distances(call, space);
  std::int64_t volume = 1;
  for (std::int64_t size : space)
    volume *= size;
  const Shape &shape = picked.shape();
  Tensor index =
      (iota(shape, 0, DType::i64) * shape[1] + iota(shape, 1, DType::i64)) *
      volume;
  Tensor rest = astype(picked, DType::i64);
  for (std::size_t d = windows.rank(); d-- > 0;) {
    const Tensor within = rest % windows.size[d];
    rest = floor_divide(rest, windows.size[d]);
    const Tensor start =
        iota(shape, static_cast<int>(d) + 2, DType::i64) * windows.stride[d] -
        windows.low[d];
    index = index + (start + within * windows.dilation[d]) * strides[d];
  }
  return index;
}

static Tensors maxPool(const Call &call) {
  const Tensor &x = call[0];
  const Shape space = spaceOf(call, x);
  const Windows windows = poolWindows(call, space);
  const Shape extra = ceilPadding(call, space, windows);
  const PoolOptions options = optionsOf(windows, extra);
  if (!call.wants(1))
    return {max_pool(x, options)};
  const Tensor padded = pad(x, behindChannels(options.low),
                            behindChannels(options.high), lowest(x.dtype()));
  const Tensor seen = unfold(padded, {spaceAxes(x.rank()), windows.size,
                                      windows.stride, windows.dilation});
  Shape shape(seen.shape().begin(), seen.shape().begin() + x.rank());
  shape.push_back(-1);
  const Tensor entries = reshape(seen, shape);
  return {max(entries, -1),
          indicesOf(call, argmax(entries, -1), space, windows)};
}

/// Each element of x at its index of the larger shape, which the attributes
/// say; the operand output_shape may be larger still.
static Tensors maxUnpool(const Call &call) {
  const Tensor &x = call[0];
  const Shape space = spaceOf(call, x);
  const Windows windows = windowsOf(call, kernelOf(call, space));
  Shape shape{x.shape()[0], x.shape()[1]};
  std::int64_t size = shape[0] * shape[1];
  for (std::size_t d = 0; d < windows.rank(); ++d) {
    shape.push_back((space[d] - 1) * windows.stride[d] + windows.size[d] -
                    windows.low[d] - windows.high[d]);
    size *= shape.back();
  }
  const Tensor flat = zeros({size}, x.dtype());
  const Tensor y = reshape(flat.at(ravel(call[1])).set(ravel(x)), shape);
  if (!call.has(2))
    return {y};
  Shape beyond = call.integers(2, "the result's shape");
  if (beyond.size() != shape.size())
    call.fail(fmt::format("a result of {} dimensions", beyond.size()));
  for (std::size_t d = 0; d < shape.size(); ++d)
    beyond[d] -= shape[d];
  return {pad(y, Shape(shape.size(), 0), beyond)};
}

//===----------------------------------------------------------------------===//
// Means and norms
//===----------------------------------------------------------------------===//

/// Elements of the padding count with count_include_pad; what ceil_mode adds to
/// it never does.
static Tensors averagePool(const Call &call) {
  const Tensor &x = call[0];
  const Shape space = spaceOf(call, x);
  Windows windows = poolWindows(call, space);
  const Shape extra = ceilPadding(call, space, windows);
  Tensor counted = x;
  if (call.flag("count_include_pad") && windows.isPadded()) {
    counted = pad(x, behindChannels(windows.low), behindChannels(windows.high));
    windows.low = windows.high = Shape(windows.rank(), 0);
  }
  return {avg_pool(counted, optionsOf(windows, extra), Padding::ignored)};
}

/// (sum |x|^p)^(1/p) over `axes`, which stay where `keep`.
static Tensor norm(const Call &call, const Tensor &x,
                   const std::vector<int> &axes, bool keep) {
  const std::int64_t p = call.integer("p", 2);
  if (p < 1)
    call.fail(fmt::format("a norm with p = {}", p));
  const DType wide = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const Tensor y = astype(x, wide);
  if (p == 1)
    return astype(sum(abs(y), axes, keep), x.dtype());
  if (p == 2)
    return astype(sqrt(sum(square(y), axes, keep)), x.dtype());
  const auto exponent = static_cast<double>(p);
  return astype(pow(sum(pow(abs(y), exponent), axes, keep), 1 / exponent),
                x.dtype());
}

static Tensors lpPool(const Call &call) {
  const Tensor &x = call[0];
  const Shape space = spaceOf(call, x);
  const Windows windows = poolWindows(call, space);
  const PoolOptions options =
      optionsOf(windows, ceilPadding(call, space, windows));
  const Tensor padded =
      pad(x, behindChannels(options.low), behindChannels(options.high));
  const Tensor seen = unfold(padded, {spaceAxes(x.rank()), windows.size,
                                      windows.stride, windows.dilation});
  std::vector<int> axes;
  for (int axis = x.rank(); axis < seen.rank(); ++axis)
    axes.push_back(axis);
  return {norm(call, seen, axes, false)};
}

//===----------------------------------------------------------------------===//
// Over all of space
//===----------------------------------------------------------------------===//

static Tensors globalAveragePool(const Call &call) {
  spaceOf(call, call[0]);
  return {mean(call[0], spaceAxes(call[0].rank()), true)};
}

static Tensors globalMaxPool(const Call &call) {
  spaceOf(call, call[0]);
  return {max(call[0], spaceAxes(call[0].rank()), true)};
}

static Tensors globalLpPool(const Call &call) {
  spaceOf(call, call[0]);
  return {norm(call, call[0], spaceAxes(call[0].rank()), true)};
}

static constexpr Definition table[] = {
    {"", "MaxPool", 1, maxPool},
    {"", "AveragePool", 7, averagePool},
    {"", "LpPool", 2, lpPool},
    {"", "MaxUnpool", 9, maxUnpool},
    {"", "GlobalAveragePool", 1, globalAveragePool},
    {"", "GlobalMaxPool", 1, globalMaxPool},
    {"", "GlobalLpPool", 2, globalLpPool}};

Family families::pooling() { return table; }

} // namespace mg::onnx
