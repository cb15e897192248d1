//===- Windows.cpp - how a kernel walks over the dimensions of space ------===//
#include "frontend/onnx/ops/Windows.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg::onnx {

/// No kernel of a tensor that fits into memory is larger; sums and products of
/// two sizes, strides or paddings do not overflow.
static constexpr std::int64_t largest = std::int64_t(1) << 24;
static constexpr std::int64_t largestSpace = std::int64_t(1) << 31;

bool Windows::isPadded() const {
  auto isZero = [](std::int64_t p) { return p == 0; };
  return !std::all_of(low.begin(), low.end(), isZero) ||
         !std::all_of(high.begin(), high.end(), isZero);
}

Shape spaceOf(const Call &call, const Tensor &x) {
  if (x.rank() < 3)
    call.fail("an operand (n, c, space..) is wanted, not " + type_string(x));
  const Shape space(x.shape().begin() + 2, x.shape().end());
  for (std::int64_t size : space)
    if (size > largestSpace)
      call.unsupported("a window over " + type_string(x));
  return space;
}

/// `name` as `count` numbers within lowest .. largest.
static Shape listOf(const Call &call, const char *name, std::size_t count,
                    std::int64_t lowest, Shape otherwise) {
  const auto list = call.integers(name);
  if (!list)
    return otherwise;
  if (list->size() != count)
    call.fail(fmt::format("the attribute '{}' has {} numbers, not {}", name,
                          list->size(), count));
  for (std::int64_t n : *list)
    if (n < lowest || n > largest)
      call.fail(fmt::format("{} in the attribute '{}'", n, name));
  return *list;
}

Shape kernelOf(const Call &call, const Shape &otherwise) {
  const Shape size =
      listOf(call, "kernel_shape", otherwise.size(), 1, otherwise);
  for (std::int64_t n : size)
    if (n < 1)
      call.fail(fmt::format("a kernel with a dimension of {}", n));
  return size;
}

Windows windowsOf(const Call &call, const Shape &size) {
  const std::size_t n = size.size();
  Windows windows{size,
                  listOf(call, "strides", n, 1, Shape(n, 1)),
                  listOf(call, "dilations", n, 1, Shape(n, 1)),
                  {},
                  {}};
  const Shape pads = listOf(call, "pads", 2 * n, 0, Shape(2 * n, 0));
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(n);
  windows.low.assign(pads.begin(), middle);
  windows.high.assign(middle, pads.end());
  return windows;
}

Windows paddedWindowsOf(const Call &call, const Shape &space,
                        const Shape &size) {
  Windows windows = windowsOf(call, size);
  const std::string mode = call.text("auto_pad", "NOTSET");
  if (mode == "NOTSET" || mode.empty())
    return windows;
  if (mode != "VALID" && mode != "SAME_UPPER" && mode != "SAME_LOWER")
    call.fail("auto_pad is '" + mode + "'");
  for (std::size_t d = 0; d < size.size(); ++d) {
    const std::int64_t stride = windows.stride[d];
    const std::int64_t count = (space[d] + stride - 1) / stride;
    const std::int64_t wanted = (count - 1) * stride + windows.extent(d);
    const std::int64_t total =
        mode == "VALID" ? 0 : std::max<std::int64_t>(wanted - space[d], 0);
    const std::int64_t less = total / 2;
    windows.low[d] = mode == "SAME_LOWER" ? total - less : less;
    windows.high[d] = total - windows.low[d];
  }
  return windows;
}

Shape ceilPadding(const Call &call, const Shape &space,
                  const Windows &windows) {
  Shape extra(windows.rank(), 0);
  if (!call.flag("ceil_mode") || call.text("auto_pad", "NOTSET") != "NOTSET")
    return extra;
  for (std::size_t d = 0; d < windows.rank(); ++d) {
    const std::int64_t stride = windows.stride[d];
    const std::int64_t padded = space[d] + windows.low[d] + windows.high[d];
    const std::int64_t free = padded - windows.extent(d);
    if (free < 0)
      continue;
    std::int64_t last = (free + stride - 1) / stride;
    if (last * stride >= space[d] + windows.low[d])
      --last;
    extra[d] =
        std::max<std::int64_t>(last * stride + windows.extent(d) - padded, 0);
  }
  return extra;
}

Shape behindChannels(const Shape &list) {
  Shape all{0, 0};
  all.insert(all.end(), list.begin(), list.end());
  return all;
}

} // namespace mg::onnx
