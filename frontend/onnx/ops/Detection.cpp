//===- Detection.cpp - boxes and regions ----------------------------------===//
#include "frontend/onnx/ops/Sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace mg::onnx {

namespace {

//===----------------------------------------------------------------------===//
// NonMaxSuppression. How many boxes are left is in no type: the operands must
// be known.
//===----------------------------------------------------------------------===//

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

/// Four numbers: two opposite corners, or the centre, the width and the height.
Box boxOf(const double *v, bool isCentered) {
  if (isCentered)
    return {v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
  return {std::min(v[0], v[2]), std::min(v[1], v[3]), std::max(v[0], v[2]),
          std::max(v[1], v[3])};
}

/// What both cover of what either covers.
double overlap(const Box &a, const Box &b) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (height <= 0 || width <= 0 || a.area() <= 0 || b.area() <= 0)
    return 0;
  const double both = height * width;
  return both / (a.area() + b.area() - both);
}

struct Suppression {
  std::int64_t most;
  double overlap, score;
};

/// The best boxes, none of which covers another one too much.
std::vector<std::int64_t> selected(const std::vector<Box> &boxes,
                                   const double *scores,
                                   const Suppression &limits) {
  std::vector<std::int64_t> order, chosen;
  for (std::size_t i = 0; i < boxes.size(); ++i)
    if (scores[i] > limits.score)
      order.push_back(static_cast<std::int64_t>(i));
  std::sort(order.begin(), order.end(), [&](auto i, auto j) {
    return scores[i] > scores[j] || (scores[i] == scores[j] && i < j);
  });
  auto box = [&](std::int64_t i) { return boxes[static_cast<std::size_t>(i)]; };
  for (std::int64_t i : order) {
    if (static_cast<std::int64_t>(chosen.size()) >= limits.most)
      break;
    if (std::none_of(chosen.begin(), chosen.end(), [&](std::int64_t j) {
          return overlap(box(i), box(j)) > limits.overlap;
        }))
      chosen.push_back(i);
  }
  return chosen;
}

/// Boxes (n, b, 4) and scores (n, c, b): rows of (example, class, box).
Tensors nonMaxSuppression(const Call &call) {
  if (call[0].rank() != 3 || call[1].rank() != 3)
    call.fail("boxes (n, b, 4) and scores (n, c, b) are wanted, not " +
              type_string(call[0]) + " and " + type_string(call[1]));
  const Shape &shape = call[1].shape();
  const std::int64_t count = shape[2];
  if (call[0].shape() != Shape{shape[0], count, 4})
    call.fail("boxes " + type_string(call[0]) + " for scores " +
              type_string(call[1]));
  const bool isCentered = call.flag("center_point_box");
  const auto corners = call.numbers(0, "where the boxes lie");
  const auto scores = call.numbers(1, "the scores of the boxes");
  const Suppression limits{
      call.has(2) ? call.integer(2, "the number of boxes") : 0,
      call.has(3) ? call.number(3, "the overlap") : 0,
      call.has(4) ? call.number(4, "the least score")
                  : -std::numeric_limits<double>::infinity()};
  std::vector<std::int64_t> rows;
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    std::vector<Box> boxes;
    for (std::int64_t b = 0; b < count; ++b)
      boxes.push_back(boxOf(
          &corners[static_cast<std::size_t>(n * count + b) * 4], isCentered));
    for (std::int64_t c = 0; c < shape[1]; ++c)
      for (std::int64_t b :
           selected(boxes, scores.data() + (n * shape[1] + c) * count, limits))
        rows.insert(rows.end(), {n, c, b});
  }
  return {from(rows, {static_cast<std::int64_t>(rows.size()) / 3, 3})};
}

//===----------------------------------------------------------------------===//
// RoiAlign: the mean (or maximum) of places spread evenly over each part of a
// region.
//===----------------------------------------------------------------------===//

/// Places along one dimension.
struct Places {
  Tensor at;     // (regions, parts, places), within the dimension
  Tensor inside; // whether it did lie within, or at most 1 outside
  Tensor exists; // (regions, 1, places): a region may have fewer
  Tensor count;  // (regions)
};

struct Align {
  const Call &call;
  Tensor regions; // (regions, 4): left, top, right, bottom
  bool halfPixel;

  explicit Align(const Call &call)
      : call(call),
        regions(astype(call[1], call[1].dtype() == DType::f64 ? DType::f64
                                                              : DType::f32) *
                call.number("spatial_scale", 1)) {
    const std::string mode =
        call.text("coordinate_transformation_mode",
                  call.version < 16 ? "output_half_pixel" : "half_pixel");
    if (mode != "half_pixel" && mode != "output_half_pixel")
      call.fail("coordinate_transformation_mode is '" + mode + "'");
    halfPixel = mode == "half_pixel";
    if (halfPixel)
      regions = regions - 0.5;
  }

  /// Along the dimension of `size` from column `first` of the regions to
  /// `first` + 2, in `parts`.
  Places places(int first, std::int64_t parts, std::int64_t size) const {
    if (parts < 1 || parts > 1 << 16)
      call.fail(fmt::format("regions in {} parts", parts));
    const Tensor start = regions(all, first);
    Tensor extent = regions(all, first + 2) - start;
    if (!halfPixel)
      extent = maximum(extent, 1.0);
    const Tensor part = extent / static_cast<double>(parts);
    const std::int64_t ratio = call.integer("sampling_ratio", 0);
    const Tensor count =
        ratio > 0 ? full_like(part, ratio) : maximum(ceil(part), 0.0);
    const std::int64_t most = ratio > 0 ? ratio : mostOf(count);
    if (most > 256)
      call.unsupported(fmt::format("{} samples per part of a region", most));
    auto column = [](const Tensor &t) { return reshape(t, {-1, 1, 1}); };
    const DType dtype = regions.dtype();
    const Tensor step = column(part / maximum(count, 1.0));
    const Tensor i = iota({1, 1, most}, 2, dtype);
    const Tensor at = column(start) +
                      iota({1, parts, 1}, 1, dtype) * column(part) +
                      (i + 0.5) * step;
    const auto end = static_cast<double>(size);
    return {clip(at, 0.0, end - 1), logical_and(at >= -1.0, at <= end),
            i < column(count), count};
  }

private:
  std::int64_t mostOf(const Tensor &count) const {
    if (!Call::isKnown(count))
      call.unsupported("a sampling_ratio of 0 with regions that are not known "
                       "before the model runs");
    double most = 1;
    for (double n : count.to_vector<double>())
      if (n > most)
        most = std::min(n, 1e9);
    return static_cast<std::int64_t>(most);
  }
};

Tensors roiAlign(const Call &call) {
  const Tensor &x = call[0];
  if (x.rank() != 4 || call[1].rank() != 2 || call[1].size(1) != 4)
    call.fail("an operand (n, c, h, w) and regions (r, 4) are wanted, not " +
              type_string(x) + " and " + type_string(call[1]));
  const std::string mode = call.text("mode", "avg");
  if (mode != "avg" && mode != "max")
    call.fail("mode is '" + mode + "'");
  const Align align(call);
  const Places y =
      align.places(1, call.integer("output_height", 1), x.shape()[2]);
  const Places z =
      align.places(0, call.integer("output_width", 1), x.shape()[3]);
  // All of (regions, rows, places, columns, places).
  auto ofRows = [](const Tensor &t) { return expand_dims(t, {3, 4}); };
  auto ofColumns = [](const Tensor &t) { return expand_dims(t, {1, 2}); };
  const Tensor inside = logical_and(ofRows(y.inside), ofColumns(z.inside));
  const Tensor exists = logical_and(ofRows(y.exists), ofColumns(z.exists));
  const std::vector<Tensor> terms = linearTerms(
      x, reshape(call[2], {-1, 1, 1, 1, 1}), {ofRows(y.at), ofColumns(z.at)});
  Tensor value; // (c, regions, rows, places, columns, places)
  for (const Tensor &term : terms)
    value = value.empty()   ? term
            : mode == "max" ? maximum(value, term)
                            : value + term;
  value = where(inside, value, 0);
  const Tensor count = reshape(y.count * z.count, {-1, 1, 1});
  const Tensor result =
      mode == "max"
          ? where(count > 0,
                  max(where(exists, value,
                            -std::numeric_limits<double>::infinity()),
                      {3, 5}),
                  0)
          : sum(where(exists, value, 0), {3, 5}) / maximum(count, 1.0);
  return {astype(swapaxes(result, 0, 1), x.dtype())};
}

//===----------------------------------------------------------------------===//
// MaxRoiPool: the maximum of each part of a region, whose bounds are elements.
//===----------------------------------------------------------------------===//

/// Which of `size` elements belong to each of `parts` from `first` to `last`
/// (regions): (regions, parts, size).
Tensor membership(const Tensor &first, const Tensor &last, std::int64_t parts,
                  std::int64_t size) {
  const Tensor start = reshape(first, {-1, 1, 1});
  const Tensor extent = maximum(reshape(last, {-1, 1, 1}) - start + 1, 1.0);
  const Tensor part = extent / static_cast<double>(parts);
  const Tensor i = iota({1, parts, 1}, 1, first.dtype());
  const Tensor element = iota({1, 1, size}, 2, first.dtype());
  return logical_and(element >= floor(i * part) + start,
                     element < ceil((i + 1) * part) + start);
}

Tensors maxRoiPool(const Call &call) {
  const Tensor &x = call[0], &rois = call[1];
  const auto parts = call.integers("pooled_shape");
  if (x.rank() != 4 || rois.rank() != 2 || rois.size(1) != 5)
    call.fail("an operand (n, c, h, w) and regions (r, 5) are wanted, not " +
              type_string(x) + " and " + type_string(rois));
  if (!parts || parts->size() != 2 || (*parts)[0] < 1 || (*parts)[1] < 1)
    call.fail("pooled_shape has no two sizes");
  const Tensor scaled =
      astype(rois, DType::f32) * call.number("spatial_scale", 1);
  // Halves away from 0.
  const Tensor bounds = sign(scaled) * floor(abs(scaled) + 0.5);
  const Tensor rows =
      membership(bounds(all, 2), bounds(all, 4), (*parts)[0], x.shape()[2]);
  const Tensor columns =
      membership(bounds(all, 1), bounds(all, 3), (*parts)[1], x.shape()[3]);
  const Tensor least =
      full({}, -std::numeric_limits<double>::infinity(), x.dtype());
  const Tensor mine = take(x, astype(rois(all, 0), DType::i32)); // (r, c, h, w)
  const Tensor ofRows =
      max(where(expand_dims(rows, {1, 4}), expand_dims(mine, 2), least),
          3); // (r, c, rows, w)
  const Tensor y = max(
      where(expand_dims(columns, {1, 2}), expand_dims(ofRows, 3), least), 4);
  return {where(y == least, 0, y)};
}

} // namespace

static constexpr Definition table[] = {
    {"", "NonMaxSuppression", 10, nonMaxSuppression},
    {"", "RoiAlign", 10, roiAlign},
    {"", "MaxRoiPool", 1, maxRoiPool}};

Family families::detection() { return table; }

} // namespace mg::onnx
