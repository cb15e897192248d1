//===- Convolution.cpp - conv and its kin ---------------------------------===//
#include "frontend/onnx/ops/Sampling.h"
#include "frontend/onnx/ops/Windows.h"
#include "mg/composite.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mg::onnx {

/// y (n, c, ..) + bias (c); without one y.
static Tensor plusBias(const Tensor &y, const Tensor &bias) {
  if (bias.empty())
    return y;
  Shape shape(static_cast<std::size_t>(y.rank()) - 1, 1);
  shape[0] = bias.size();
  return y + reshape(bias, shape);
}

/// What an operator with weights begins with.
struct Operands {
  Shape space, kernel;
  std::int64_t groups;

  /// Fails where x (n, c, space..) and the weights' rank, the channels of one
  /// group in `channels` of theirs, or `group` do not go together.
  Operands(const Call &call, int channels) : space(spaceOf(call, call[0])) {
    const Tensor &x = call[0], &w = call[1];
    groups = call.integer("group", 1);
    if (w.rank() != x.rank())
      call.fail(fmt::format("the operand is {} for weights {}", type_string(x),
                            type_string(w)));
    const std::int64_t outputs = w.shape()[0];
    const std::int64_t perGroup = channels == 0 ? outputs : w.shape()[1];
    if (groups < 1 || outputs % groups != 0 ||
        x.shape()[1] != (channels == 0 ? perGroup : perGroup * groups))
      call.fail(fmt::format("{} channels in {} groups for weights {}",
                            x.shape()[1], groups, type_string(w)));
    kernel = {w.shape().begin() + 2, w.shape().end()};
    if (kernelOf(call, kernel) != kernel)
      call.fail("kernel_shape is not that of weights " + type_string(w));
  }
};

static Tensors convolve(const Call &call) {
  const Operands operands(call, 1);
  const Windows windows =
      paddedWindowsOf(call, operands.space, operands.kernel);
  const Tensor y = conv(call[0], call[1],
                        {.strides = windows.stride,
                         .low = windows.low,
                         .high = windows.high,
                         .rhs_dilation = windows.dilation,
                         .groups = operands.groups});
  return {plusBias(y, call.optional(2))};
}

//===----------------------------------------------------------------------===//
// ConvTranspose: the adjoint of a convolution, which is a convolution of x with
// zeros between its elements, and of the kernel turned around.
//===----------------------------------------------------------------------===//

/// w (c, o / groups, kernel..) -> (o, c / groups, kernel..), turned around.
static Tensor adjoint(const Tensor &w, std::int64_t groups) {
  const Shape &shape = w.shape();
  std::vector<int> space(shape.size() - 2);
  std::iota(space.begin(), space.end(), 2);
  Shape grouped{groups, shape[0] / groups};
  grouped.insert(grouped.end(), shape.begin() + 1, shape.end());
  Shape result{groups * shape[1], shape[0] / groups};
  result.insert(result.end(), shape.begin() + 2, shape.end());
  return reshape(swapaxes(reshape(flip(w, space), grouped), 1, 2), result);
}

/// `count` numbers of an attribute, each at least 0; zeros without it.
static std::optional<Shape> sizesOf(const Call &call, const char *name,
                                    std::size_t count) {
  const auto list = call.integers(name);
  if (!list)
    return std::nullopt;
  if (list->size() != count)
    call.fail(fmt::format("the attribute '{}' has {} numbers, not {}", name,
                          list->size(), count));
  for (std::int64_t n : *list)
    if (n < 0 || n > std::int64_t(1) << 31)
      call.fail(fmt::format("{} in the attribute '{}'", n, name));
  return *list;
}

/// The padding that is cut off the full result: of the attribute pads, or what
/// gives the result its `output_shape` (SAME_*: a size of space * stride).
static void cutToShape(const Call &call, const Shape &space,
                       const Shape &beyond, Windows &windows) {
  const std::string mode = call.text("auto_pad", "NOTSET");
  const auto given = sizesOf(call, "output_shape", windows.rank());
  const bool isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (!isSame && mode != "NOTSET" && mode != "VALID")
    call.fail("auto_pad is '" + mode + "'");
  if (!given && !isSame)
    return;
  for (std::size_t d = 0; d < windows.rank(); ++d) {
    const std::int64_t stride = windows.stride[d];
    const std::int64_t full =
        stride * (space[d] - 1) + beyond[d] + windows.extent(d);
    const std::int64_t total = full - (given ? (*given)[d] : space[d] * stride);
    // What the full result lacks stands at the end.
    const std::int64_t both = std::max<std::int64_t>(total, 0);
    windows.low[d] = mode == "SAME_UPPER" ? both / 2 : both - both / 2;
    windows.high[d] = total - windows.low[d];
  }
}

static Tensors convolveTransposed(const Call &call) {
  const Operands operands(call, 0);
  Windows windows = windowsOf(call, operands.kernel);
  const std::size_t n = windows.rank();
  const Shape beyond = sizesOf(call, "output_padding", n).value_or(Shape(n, 0));
  cutToShape(call, operands.space, beyond, windows);
  Shape low, high;
  for (std::size_t d = 0; d < n; ++d) {
    low.push_back(windows.extent(d) - 1 - windows.low[d]);
    high.push_back(windows.extent(d) - 1 - windows.high[d] + beyond[d]);
  }
  const Tensor y = conv(call[0], adjoint(call[1], operands.groups),
                        {.low = low,
                         .high = high,
                         .lhs_dilation = windows.stride,
                         .rhs_dilation = windows.dilation,
                         .groups = operands.groups});
  return {plusBias(y, call.optional(2))};
}

//===----------------------------------------------------------------------===//
// DeformConv: each element of a window lies where its offset says.
//===----------------------------------------------------------------------===//

/// Where dimension d of the elements of the windows lies without offsets:
/// (kernel elements, places), of `dtype`.
static Tensor undeformed(const Windows &windows, const Shape &places,
                         std::size_t d, DType dtype) {
  Shape shape = windows.size;
  shape.insert(shape.end(), places.begin(), places.end());
  const int inKernel = static_cast<int>(d);
  const int place = static_cast<int>(windows.rank() + d);
  const Tensor at = iota(shape, place, DType::i64) * windows.stride[d] +
                    iota(shape, inKernel, DType::i64) * windows.dilation[d] -
                    windows.low[d];
  std::int64_t kernel = 1;
  for (std::int64_t size : windows.size)
    kernel *= size;
  return astype(reshape(at, {kernel, -1}), dtype);
}

static Tensors convolveDeformed(const Call &call) {
  const Operands operands(call, 1);
  const Tensor &x = call[0], &w = call[1], &offset = call[2];
  const Windows windows = windowsOf(call, operands.kernel);
  const auto n = static_cast<std::int64_t>(windows.rank());
  const std::int64_t batch = x.shape()[0], channels = x.shape()[1];
  const std::int64_t parts = call.integer("offset_group", 1);
  std::int64_t kernel = 1;
  for (std::int64_t size : windows.size)
    kernel *= size;
  if (parts < 1 || channels % parts != 0 || offset.rank() != x.rank() ||
      offset.shape()[0] != batch || offset.shape()[1] != parts * kernel * n)
    call.fail(fmt::format("offsets {} for {} channels in {} groups",
                          type_string(offset), channels, parts));
  const Shape places = spaceOf(call, offset);
  const Tensor moved = reshape(offset, {batch * parts, kernel, n, -1});
  std::vector<Tensor> at;
  for (std::int64_t d = 0; d < n; ++d) {
    const Tensor position =
        undeformed(windows, places, static_cast<std::size_t>(d),
                   moved.dtype()) +
        moved(all, all, d);
    at.push_back(reshape(position, {batch * parts, -1}));
  }
  Shape split{batch * parts, channels / parts};
  split.insert(split.end(), operands.space.begin(), operands.space.end());
  Tensor seen = sample(reshape(x, split), at, Interpolation::linear,
                       Outside::zero); // (n parts, c / parts, kernel places)
  seen = reshape(seen, {batch * parts, channels / parts, kernel, -1});
  if (call.has(4))
    seen = seen * reshape(call[4], {batch * parts, 1, kernel, -1});
  const std::int64_t groups = operands.groups;
  const std::int64_t inner = channels / groups * kernel;
  const Tensor y = matmul(reshape(w, {groups, -1, inner}),
                          reshape(seen, {batch, groups, inner, -1}));
  Shape shape{batch, w.shape()[0]};
  shape.insert(shape.end(), places.begin(), places.end());
  return {plusBias(reshape(y, shape), call.optional(3))};
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

/// x (n, c * kernel, places) -> (n, c, image..): each element the sum of the
/// window entries that lie on it.
static Tensors columnsToImage(const Call &call) {
  const Tensor &x = call[0];
  const Shape image = call.integers(1, "the image's shape");
  const Shape kernel = call.integers(2, "the block's shape");
  std::int64_t size = 1;
  for (std::int64_t n : kernel) {
    if (n < 1 || n > std::int64_t(1) << 31)
      call.fail(fmt::format("a block with a dimension of {}", n));
    size *= n;
  }
  if (x.rank() != 3 || image.size() != kernel.size() ||
      x.shape()[1] % size != 0)
    call.fail(fmt::format("an image of {} dimensions of blocks of {} elements "
                          "in {}",
                          image.size(), size, type_string(x)));
  const Windows windows = windowsOf(call, kernel);
  Shape columns{x.shape()[0], x.shape()[1] / size}, padded = columns;
  columns.insert(columns.end(), kernel.begin(), kernel.end());
  const int n = static_cast<int>(kernel.size());
  Window window{{}, kernel, windows.stride, windows.dilation};
  std::vector<int> order{0, 1};
  Shape low{0, 0}, high{0, 0};
  for (int d = 0; d < n; ++d) {
    const auto i = static_cast<std::size_t>(d);
    window.axes.push_back(2 + d);
    order.push_back(2 + n + d);
    padded.push_back(image[i] + windows.low[i] + windows.high[i]);
    columns.push_back((padded.back() - windows.extent(i)) / windows.stride[i] +
                      1);
    low.push_back(-windows.low[i]);
    high.push_back(-windows.high[i]);
  }
  for (int d = 0; d < n; ++d)
    order.push_back(2 + d);
  const Tensor entries = transpose(reshape(x, columns), order);
  return {pad(fold(entries, window, padded), low, high)};
}

/// A convolution of each channel over what was and what is; the last elements
/// are what was, the next time.
static Tensors convolveCausally(const Call &call) {
  const Tensor &x = call[0], &w = call[1];
  if (x.rank() != 3 || w.rank() != 3 || w.shape()[0] != x.shape()[1] ||
      w.shape()[1] != 1 || w.shape()[2] < 1)
    call.fail(fmt::format("the operand is {} for weights {}", type_string(x),
                          type_string(w)));
  const std::int64_t channels = x.shape()[1], before = w.shape()[2] - 1;
  const Tensor past = call.has(3)
                          ? call[3]
                          : zeros({x.shape()[0], channels, before}, x.dtype());
  const Tensor sequence = concat({past, x}, 2);
  const Tensor y =
      plusBias(conv(sequence, w, {.groups = channels}), call.optional(2));
  const std::string activation = call.text("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish")
    call.fail("activation is '" + activation + "'");
  const std::int64_t length = sequence.size(2);
  return {activation == "none" ? y : silu(y),
          sequence(all, all, slice(length - before, length))};
}

static constexpr Definition table[] = {
    {"", "Conv", 1, convolve},
    {"", "ConvTranspose", 1, convolveTransposed},
    {"", "DeformConv", 19, convolveDeformed},
    {"", "Col2Im", 18, columnsToImage},
    {"", "CausalConvWithState", 27, convolveCausally}};

Family families::convolution() { return table; }

} // namespace mg::onnx
