//===- Resizing.cpp - Resize, Upsample, GridSample, AffineGrid ------------===//
#include "frontend/onnx/ops/Resample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mg::onnx {

namespace {

//===----------------------------------------------------------------------===//
// What the attributes say
//===----------------------------------------------------------------------===//

template <class E>
E choice(const Call &call, const char *name, std::string_view otherwise,
         std::initializer_list<std::pair<std::string_view, E>> choices) {
  const std::string text = call.text(name, otherwise);
  for (const auto &[word, value] : choices)
    if (word == text)
      return value;
  call.fail(fmt::format("{} is '{}'", name, text));
}

Resampling resamplingOf(const Call &call) {
  Resampling how;
  how.interpolation = choice<Interpolation>(
      call, "mode", "nearest",
      {{"nearest", Interpolation::nearest},
       {"linear", Interpolation::linear},
       {"bilinear", Interpolation::linear}, // version 7 of Upsample
       {"cubic", Interpolation::cubic}});
  if (call.node.op == "Upsample" || call.version < 11)
    return how;
  how.coordinates = choice<Coordinates>(
      call, "coordinate_transformation_mode", "half_pixel",
      {{"half_pixel", Coordinates::halfPixel},
       {"half_pixel_symmetric", Coordinates::halfPixelSymmetric},
       {"pytorch_half_pixel", Coordinates::pytorchHalfPixel},
       {"tf_half_pixel_for_nn", Coordinates::halfPixelForNearest},
       {"align_corners", Coordinates::alignCorners},
       {"asymmetric", Coordinates::asymmetric},
       {"tf_crop_and_resize", Coordinates::cropAndResize}});
  how.nearest =
      choice<Nearest>(call, "nearest_mode", "round_prefer_floor",
                      {{"round_prefer_floor", Nearest::roundPreferFloor},
                       {"round_prefer_ceil", Nearest::roundPreferCeil},
                       {"floor", Nearest::floor},
                       {"ceil", Nearest::ceil}});
  how.cubicA = call.number("cubic_coeff_a", -0.75);
  how.extrapolation = call.number("extrapolation_value", 0);
  how.excludesOutside = call.flag("exclude_outside");
  how.antialias = call.flag("antialias");
  return how;
}

Tensor resized(const Tensor &operand, const std::vector<Stretch> &dimensions,
               const Resampling &how) {
  const DType dtype = operand.dtype();
  const bool isNearest = how.interpolation == Interpolation::nearest;
  Tensor y =
      isNearest || dtype == DType::f64 ? operand : astype(operand, DType::f32);
  for (int axis = 0; axis < operand.rank(); ++axis)
    y = resampled(y, axis, dimensions[static_cast<std::size_t>(axis)], how);
  const bool isFloat = promote(dtype, Number::real) == dtype;
  return isFloat || isNearest ? astype(y, dtype) : saturate(round(y), dtype);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The axes that scales, sizes and the region speak of: all, or the attribute.
std::vector<int> axesOf(const Call &call, int rank) {
  std::vector<int> axes;
  if (const auto given = call.integers("axes"))
    for (std::int64_t axis : *given)
      axes.push_back(call.axis(axis, rank));
  else
    for (int axis = 0; axis < rank; ++axis)
      axes.push_back(axis);
  return axes;
}

/// A table says for each element of a dimension what it is made of.
constexpr std::int64_t longestTable = std::int64_t(1) << 24;

std::int64_t sizeOf(const Call &call, double size) {
  if (!(size >= 0))
    call.fail(fmt::format("a dimension of size {}", size));
  if (size > static_cast<double>(longestTable))
    call.unsupported(fmt::format("a dimension of size {}", size));
  return static_cast<std::int64_t>(size);
}

std::vector<Stretch> unchanged(const Tensor &x) {
  std::vector<Stretch> dimensions;
  for (std::int64_t size : x.shape())
    dimensions.push_back({size, size});
  return dimensions;
}

void checkCount(const Call &call, const char *what, std::size_t count,
                std::size_t wanted) {
  if (count != wanted)
    call.fail(fmt::format("{} {} for {} dimensions", count, what, wanted));
}

void scaleBy(const Call &call, std::vector<Stretch> &dimensions,
             const std::vector<int> &axes, const std::vector<double> &scales) {
  checkCount(call, "scales", scales.size(), axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    Stretch &d = dimensions[static_cast<std::size_t>(axes[i])];
    if (!(scales[i] > 0))
      call.fail(fmt::format("a scale of {}", scales[i]));
    d.scale = scales[i];
    d.output =
        sizeOf(call, std::floor(scales[i] * static_cast<double>(d.input)));
  }
}

void resizeTo(const Call &call, std::vector<Stretch> &dimensions,
              const std::vector<int> &axes, const Shape &sizes) {
  checkCount(call, "sizes", sizes.size(), axes.size());
  auto at = [&](std::size_t i) -> Stretch & {
    return dimensions[static_cast<std::size_t>(axes[i])];
  };
  std::vector<double> scales;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (at(i).input == 0)
      call.unsupported("a dimension of size 0");
    at(i).output = sizeOf(call, static_cast<double>(sizes[i]));
    scales.push_back(static_cast<double>(sizes[i]) /
                     static_cast<double>(at(i).input));
    at(i).scale = scales.back();
  }
  const std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || axes.empty())
    return;
  if (policy != "not_larger" && policy != "not_smaller")
    call.fail("keep_aspect_ratio_policy is '" + policy + "'");
  const double scale = policy == "not_larger"
                           ? *std::min_element(scales.begin(), scales.end())
                           : *std::max_element(scales.begin(), scales.end());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    at(i).scale = scale;
    at(i).output = sizeOf(
        call, std::floor(scale * static_cast<double>(at(i).input) + 0.5));
  }
}

/// The region of each dimension that cropAndResize shows.
void crop(const Call &call, std::vector<Stretch> &dimensions,
          const std::vector<int> &axes) {
  const auto region = call.numbers(1, "the region of interest");
  const std::size_t n = axes.size();
  checkCount(call, "bounds of the region", region.size(), 2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    Stretch &d = dimensions[static_cast<std::size_t>(axes[i])];
    d.begin = region[i];
    d.end = region[n + i];
  }
}

/// Whether operand i has elements: an empty one is as good as none.
bool hasElements(const Call &call, std::size_t i) {
  return call.has(i) && call[i].size() != 0;
}

Tensors resize(const Call &call) {
  const Tensor &x = call[0];
  const Resampling how = resamplingOf(call);
  std::vector<Stretch> dimensions = unchanged(x);
  const std::vector<int> axes = axesOf(call, x.rank());
  if (how.coordinates == Coordinates::cropAndResize)
    crop(call, dimensions, axes);
  if (hasElements(call, 3))
    resizeTo(call, dimensions, axes, call.integers(3, "the size"));
  else if (hasElements(call, 2))
    scaleBy(call, dimensions, axes, call.numbers(2, "the scale"));
  else if (!axes.empty())
    call.fail("neither scales nor sizes are given");
  // Antialiasing is a product with a matrix.
  for (const Stretch &d : dimensions)
    if (how.antialias && d.scale < 1 && d.output > 0 &&
        d.input > longestTable / d.output)
      call.unsupported(
          fmt::format("antialiasing from size {} to {}", d.input, d.output));
  return {resized(x, dimensions, how)};
}

/// Scales of all dimensions: Upsample, and version 10 of Resize.
Tensors resizeByScales(const Call &call) {
  const Tensor &x = call[0];
  const auto scales =
      call.version < 9 ? call.numbers("scales") : call.numbers(1, "the scale");
  if (!scales)
    call.fail("the attribute 'scales' is missing");
  std::vector<Stretch> dimensions = unchanged(x);
  scaleBy(call, dimensions, axesOf(call, x.rank()), *scales);
  return {resized(x, dimensions, resamplingOf(call))};
}

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

/// x (n, c, space..) at grid (n, places.., rank of space), whose numbers go
/// from -1 to 1 across a dimension, the last dimension of space first.
Tensors gridSample(const Call &call) {
  const Tensor &x = call[0], &grid = call[1];
  const int n = x.rank() - 2;
  if (n < 1 || grid.rank() != x.rank() || grid.size(-1) != n ||
      grid.shape()[0] != x.shape()[0])
    call.fail("a grid " + type_string(grid) + " for " + type_string(x));
  const bool aligned = call.flag("align_corners");
  const auto mode = choice<Interpolation>(
      call, "mode", call.version < 20 ? "bilinear" : "linear",
      {{"bilinear", Interpolation::linear},
       {"linear", Interpolation::linear},
       {"bicubic", Interpolation::cubic},
       {"cubic", Interpolation::cubic},
       {"nearest", Interpolation::nearest}});
  const auto outside = choice<Outside>(
      call, "padding_mode", "zeros",
      {{"zeros", Outside::zero},
       {"border", Outside::border},
       {"reflection", aligned ? Outside::centers : Outside::edges}});
  const DType wide = grid.dtype() == DType::f64 ? DType::f64 : DType::f32;
  std::vector<Tensor> at;
  for (int d = 0; d < n; ++d) {
    const Tensor g =
        reshape(astype(grid(ellipsis, n - 1 - d), wide), {x.shape()[0], -1});
    const auto size =
        static_cast<double>(x.shape()[static_cast<std::size_t>(d) + 2]);
    at.push_back(aligned ? (g + 1) / 2 * (size - 1) : ((g + 1) * size - 1) / 2);
  }
  Shape shape{x.shape()[0], x.shape()[1]};
  shape.insert(shape.end(), grid.shape().begin() + 1, grid.shape().end() - 1);
  return {reshape(sample(x, at, mode, outside), shape)};
}

/// theta (n, r, r + 1) of a grid over `size` (n, c, space..): (n, space.., r).
Tensors affineGrid(const Call &call) {
  const Tensor &theta = call[0];
  const Shape size = call.integers(1, "the size of the grid");
  const auto n = static_cast<std::int64_t>(size.size()) - 2;
  if (n < 1 || theta.shape() != Shape{size[0], n, n + 1})
    call.fail("an affine map " + type_string(theta) +
              fmt::format(" for {} dimensions", n));
  const Shape space(size.begin() + 2, size.end());
  const bool aligned = call.flag("align_corners");
  std::vector<Tensor> columns;
  for (std::int64_t d = n - 1; d >= 0; --d) {
    const auto extent = space[static_cast<std::size_t>(d)];
    const auto count = static_cast<double>(extent);
    const Tensor i = iota(space, static_cast<int>(d), DType::f64);
    columns.push_back(aligned && extent > 1 ? i * (2 / (count - 1)) - 1
                      : aligned             ? zeros_like(i)
                                            : (i * 2 + 1) / count - 1);
  }
  columns.push_back(ones(space, DType::f64));
  const Tensor base =
      reshape(astype(stack(columns, -1), theta.dtype()), {-1, n + 1});
  Shape shape{size[0]};
  shape.insert(shape.end(), space.begin(), space.end());
  shape.push_back(n);
  return {reshape(matmul(base, swapaxes(theta, 1, 2)), shape)};
}

} // namespace

static constexpr Definition table[] = {{"", "Resize", 10, resizeByScales},
                                       {"", "Resize", 11, resize},
                                       {"", "Upsample", 7, resizeByScales},
                                       {"", "GridSample", 16, gridSample},
                                       {"", "AffineGrid", 20, affineGrid}};

Family families::resizing() { return table; }

} // namespace mg::onnx
