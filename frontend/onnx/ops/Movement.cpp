//===- Movement.cpp - pad, concat, split, tile and their like -------------===//
#include "frontend/onnx/Operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace mg::onnx {
namespace {

/// Elements lo .. hi - 1 along `axis`.
Tensor part(const Tensor &x, int axis, std::int64_t lo, std::int64_t hi) {
  std::vector<Index> places(static_cast<std::size_t>(x.rank()), Index(all));
  places[static_cast<std::size_t>(axis)] = slice(lo, hi);
  return Place(x, places).get();
}

/// `axes` from the front, or all of x's where there are none.
std::vector<int> axesOf(const Call &call,
                        const std::optional<std::vector<std::int64_t>> &axes) {
  const int rank = call[0].rank();
  std::vector<int> found;
  if (!axes)
    for (int axis = 0; axis < rank; ++axis)
      found.push_back(axis);
  else
    for (const std::int64_t axis : *axes)
      found.push_back(call.axis(axis, rank));
  return found;
}

/// Fails where `list` has not one entry for each of `axes`.
template <class List>
void requireOneEach(const Call &call, const List &list,
                    const std::vector<int> &axes, const char *what) {
  if (list.size() != axes.size())
    call.fail(fmt::format("{} {} for {} axes", list.size(), what, axes.size()));
}

Tensors concat(const Call &call) {
  if (!call.has("axis"))
    call.fail("the attribute 'axis' is missing");
  const int axis = call.axis(call.integer("axis", 0), call[0].rank());
  for (std::size_t i = 0; i < call.inputs.size(); ++i)
    if (call[i].dtype() != call[0].dtype())
      call.fail(fmt::format("operand {} is {}, operand 0 {}", i,
                            type_string(call[i]), type_string(call[0])));
  return {mg::concat(call.inputs, axis)};
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

/// The sizes of `size` in `count` parts: equal, but for the last one, which
/// only since version 18 may be smaller.
std::vector<std::int64_t> parts(const Call &call, std::int64_t size,
                                std::int64_t count) {
  if (count < 1 || (call.version < 18 && size % count))
    call.fail(
        fmt::format("{} elements do not split into {} parts", size, count));
  const std::int64_t each = (size + count - 1) / count;
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < count; ++i)
    sizes.push_back(std::clamp<std::int64_t>(size - i * each, 0, each));
  return sizes;
}

Tensors split(const Call &call) {
  const Tensor &x = call[0];
  const int axis = call.axis(call.integer("axis", 0), x.rank());
  const auto results = static_cast<std::int64_t>(call.node.outputs.size());
  auto sizes = call.moved("split", 13, 1);
  if (!sizes) {
    const std::int64_t count = call.integer("num_outputs", results);
    if (count != results)
      call.fail(fmt::format("{} parts for {} results", count, results));
    sizes = parts(call, x.size(axis), count);
  }
  Tensors pieces;
  std::int64_t at = 0;
  for (const std::int64_t size : *sizes) {
    if (size < 0 || size > x.size(axis) - at)
      call.fail(fmt::format("the parts [{}] are not those of {} elements",
                            fmt::join(*sizes, ","), x.size(axis)));
    pieces.push_back(part(x, axis, at, at + size));
    at += size;
  }
  if (at != x.size(axis))
    call.fail(fmt::format("the parts [{}] are not those of {} elements",
                          fmt::join(*sizes, ","), x.size(axis)));
  return pieces;
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

using List = std::vector<std::int64_t>;

/// start : end : step of n elements. Clamped as the standard has it: a start
/// before the first element is the first one, backwards too.
Index stretch(std::int64_t start, std::int64_t end, std::int64_t step,
              std::int64_t n) {
  if (n == 0)
    return slice(0, 0);
  const bool isBackward = step < 0;
  const auto within = [&](std::int64_t i, std::int64_t low) {
    return std::clamp(i < 0 ? i + n : i, low, isBackward ? n - 1 : n);
  };
  const std::int64_t stop = within(end, isBackward ? -1 : 0);
  return slice(within(start, 0), stop < 0 ? Bound(none) : Bound(stop), step);
}

/// x[starts : ends : steps] on `axes`.
Tensors slices(const Call &call, const List &starts, const List &ends,
               const std::optional<List> &axes, const List &steps) {
  const Tensor &x = call[0];
  std::vector<int> places;
  if (axes)
    places = axesOf(call, axes);
  else
    for (std::size_t i = 0; i < starts.size(); ++i)
      places.push_back(call.axis(static_cast<std::int64_t>(i), x.rank()));
  requireOneEach(call, starts, places, "starts");
  requireOneEach(call, ends, places, "ends");
  requireOneEach(call, steps, places, "steps");
  std::vector<Index> indices(static_cast<std::size_t>(x.rank()), Index(all));
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (steps[i] == 0)
      call.fail("a step is zero");
    indices[static_cast<std::size_t>(places[i])] =
        stretch(starts[i], ends[i], steps[i], x.size(places[i]));
  }
  return {indices.empty() ? x : Place(x, indices).get()};
}

Tensors sliceByAttributes(const Call &call) {
  const auto starts = call.integers("starts"), ends = call.integers("ends");
  if (!starts || !ends)
    call.fail("the attribute 'starts' or 'ends' is missing");
  return slices(call, *starts, *ends, call.integers("axes"),
                List(starts->size(), 1));
}

Tensors sliceByOperands(const Call &call) {
  const List starts = call.integers(1, "where a slice starts");
  const List ends = call.integers(2, "where a slice ends");
  std::optional<List> axes;
  if (call.has(3))
    axes = call.integers(3, "the axes");
  return slices(call, starts, ends, axes,
                call.has(4) ? call.integers(4, "the steps")
                            : List(starts.size(), 1));
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Which of n elements stands at `i`, which may lie outside.
using Source = std::int64_t (*)(std::int64_t i, std::int64_t n);

std::int64_t modulo(std::int64_t i, std::int64_t n) { return (i % n + n) % n; }
std::int64_t edge(std::int64_t i, std::int64_t n) {
  return std::clamp<std::int64_t>(i, 0, n - 1);
}
/// Mirrored at the border elements, which stand once.
std::int64_t reflect(std::int64_t i, std::int64_t n) {
  if (n == 1)
    return 0;
  const std::int64_t at = modulo(i, 2 * n - 2);
  return at < n ? at : 2 * n - 2 - at;
}

/// Neighbours in a source, forward (step 1), backward (-1), or one repeated.
struct Run {
  std::int64_t first, step, count;
  std::int64_t last() const { return first + step * (count - 1); }
};

/// What `source` names for -low .. n + high - 1; more than `limit` are cut.
std::vector<Run> runsOf(std::int64_t n, std::int64_t low, std::int64_t high,
                        Source source, std::size_t limit) {
  std::vector<Run> runs;
  for (std::int64_t i = -low; i < n + high && runs.size() <= limit; ++i) {
    const std::int64_t at = source(i, n);
    const std::int64_t step = runs.empty() ? 2 : at - runs.back().last();
    const bool isNeighbour = std::abs(step) <= 1;
    if (isNeighbour && (runs.back().count == 1 || step == runs.back().step)) {
      runs.back().step = step;
      ++runs.back().count;
    } else {
      runs.push_back({at, 0, 1});
    }
  }
  return runs;
}

/// x with `low` and `high` more elements along `axis`, each a copy of the one
/// that `source` names: runs of neighbours put together, or where these are
/// many, gathered.
Tensor extended(const Tensor &x, int axis, std::int64_t low, std::int64_t high,
                Source source) {
  constexpr std::size_t limit = 16;
  const std::int64_t n = x.size(axis);
  const std::vector<Run> runs = runsOf(n, low, high, source, limit);
  if (runs.size() > limit) {
    List places;
    for (std::int64_t i = -low; i < n + high; ++i)
      places.push_back(source(i, n));
    return take(x, from(places), axis);
  }
  Tensors pieces;
  for (const Run &run : runs) {
    Tensor piece = part(x, axis, std::min(run.first, run.last()),
                        std::max(run.first, run.last()) + 1);
    if (run.step == 0)
      piece = repeat(piece, run.count, axis);
    pieces.push_back(run.step == -1 ? flip(piece, axis) : piece);
  }
  return pieces.size() == 1 ? pieces.front() : mg::concat(pieces, axis);
}

Tensor padByCopies(const Call &call, const Tensor &operand, const Shape &low,
                   const Shape &high, Source source) {
  // Negative padding crops first.
  const auto cropOf = [](const Shape &pads) {
    Shape crop;
    for (const std::int64_t size : pads)
      crop.push_back(std::min<std::int64_t>(size, 0));
    return crop;
  };
  Tensor y = operand;
  const Shape cropLow = cropOf(low), cropHigh = cropOf(high);
  if (std::any_of(low.begin(), low.end(), [](auto p) { return p < 0; }) ||
      std::any_of(high.begin(), high.end(), [](auto p) { return p < 0; }))
    y = mg::pad(y, cropLow, cropHigh);
  for (int axis = 0; axis < y.rank(); ++axis) {
    const auto d = static_cast<std::size_t>(axis);
    const std::int64_t before = std::max<std::int64_t>(low[d], 0);
    const std::int64_t after = std::max<std::int64_t>(high[d], 0);
    if (before + after == 0)
      continue;
    if (y.size(axis) == 0)
      call.fail(fmt::format("dimension {} of {} has no element to copy", axis,
                            type_string(operand)));
    y = extended(y, axis, before, after, source);
  }
  return y;
}

/// `pads` is (starts.., ends..) of `axes`.
Tensors padBy(const Call &call, const List &pads, const std::vector<int> &axes,
              const Arg &value) {
  const Tensor &x = call[0];
  if (pads.size() != 2 * axes.size())
    call.fail(fmt::format("{} pads for {} axes", pads.size(), axes.size()));
  Shape low(x.shape().size()), high(x.shape().size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(axes[i]);
    low[d] = pads[i], high[d] = pads[i + axes.size()];
    constexpr std::int64_t most = std::int64_t(1) << 31;
    if (std::max({low[d], high[d], -low[d] - 1, -high[d] - 1}) >= most)
      call.unsupported("padding by more than 2^31 elements");
    if (low[d] + high[d] + x.shape()[d] < 0)
      call.fail(fmt::format("the pads {} and {} cut more than all of {}",
                            low[d], high[d], type_string(x)));
  }
  const std::string mode = call.text("mode", "constant");
  if (mode == "constant")
    return {mg::pad(x, low, high, value)};
  if (mode == "edge")
    return {padByCopies(call, x, low, high, edge)};
  if (mode == "reflect")
    return {padByCopies(call, x, low, high, reflect)};
  if (mode == "wrap" && call.version >= 19)
    return {padByCopies(call, x, low, high, modulo)};
  call.fail(fmt::format("there is no mode '{}'", mode));
}

Tensors padByAttributes(const Call &call) {
  const auto pads = call.integers("pads");
  if (!pads)
    call.fail("the attribute 'pads' is missing");
  return padBy(call, *pads, axesOf(call, std::nullopt),
               call.number("value", 0));
}

Tensors padByOperands(const Call &call) {
  std::optional<List> axes;
  if (call.has(3))
    axes = call.integers(3, "the axes");
  const Tensor &x = call[0];
  Tensor value = zeros({}, x.dtype());
  if (call.has(2)) {
    value = call[2];
    if (value.size() != 1 || value.dtype() != x.dtype())
      call.fail(fmt::format("the padding is {}, not one {}", type_string(value),
                            to_string(x.dtype())));
    value = reshape(value, {});
  }
  return padBy(call, call.integers(1, "the padding"), axesOf(call, axes),
               value);
}

Tensors centerCropPad(const Call &call) {
  const Tensor &x = call[0];
  const auto axes = axesOf(call, call.integers("axes"));
  const List wanted = call.integers(1, "the shape");
  requireOneEach(call, wanted, axes, "sizes");
  Shape low(x.shape().size()), high(x.shape().size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(axes[i]);
    if (wanted[i] < 0)
      call.fail(fmt::format("a size is {}", wanted[i]));
    const std::int64_t more = wanted[i] - x.shape()[d];
    low[d] = more / 2, high[d] = more - more / 2;
  }
  return {mg::pad(x, low, high)};
}

//===----------------------------------------------------------------------===//
// Tiles and blocks
//===----------------------------------------------------------------------===//

Tensors tile(const Call &call) {
  const Tensor &x = call[0];
  const List repeats = call.integers(1, "the number of repeats");
  requireOneEach(call, repeats, axesOf(call, std::nullopt), "repeats");
  for (const std::int64_t count : repeats) {
    if (count < 0)
      call.fail(fmt::format("a number of repeats is {}", count));
    if (count > std::int64_t(1) << 31)
      call.unsupported("more than 2^31 repeats");
  }
  return {mg::tile(x, repeats)};
}

/// The attributes of DepthToSpace and SpaceToDepth.
struct Blocks {
  std::int64_t size;
  /// DCR: where a block lies comes before the depth, else after it.
  bool isBlockFirst;

  Blocks(const Call &call) : size(call.integer("blocksize", 0)) {
    if (call[0].rank() != 4)
      call.fail("an operand (n, c, h, w) is wanted, not " +
                type_string(call[0]));
    if (size < 1 || size > (std::int64_t(1) << 20))
      call.fail(fmt::format("the block's size is {}", size));
    const std::string mode = call.text("mode", "DCR");
    if (mode != "DCR" && mode != "CRD")
      call.fail(fmt::format("the mode is '{}', not DCR or CRD", mode));
    isBlockFirst = mode == "DCR";
  }
};

Tensors depthToSpace(const Call &call) {
  const Blocks blocks(call);
  const Tensor &x = call[0];
  const Shape &s = x.shape();
  const std::int64_t b = blocks.size, depth = s[1] / (b * b);
  if (s[1] % (b * b))
    call.fail(fmt::format("{} channels are no blocks of {}", s[1], b));
  const Tensor apart =
      blocks.isBlockFirst
          ? transpose(reshape(x, {s[0], b, b, depth, s[2], s[3]}),
                      {0, 3, 4, 1, 5, 2})
          : transpose(reshape(x, {s[0], depth, b, b, s[2], s[3]}),
                      {0, 1, 4, 2, 5, 3});
  return {reshape(apart, {s[0], depth, s[2] * b, s[3] * b})};
}

Tensors spaceToDepth(const Call &call) {
  const Blocks blocks(call);
  const Tensor &x = call[0];
  const Shape &s = x.shape();
  const std::int64_t b = blocks.size;
  if (s[2] % b || s[3] % b)
    call.fail(fmt::format("{} is no blocks of {}", type_string(x), b));
  const Tensor apart = reshape(x, {s[0], s[1], s[2] / b, b, s[3] / b, b});
  const Tensor together =
      transpose(apart, blocks.isBlockFirst ? std::vector{0, 3, 5, 1, 2, 4}
                                           : std::vector{0, 1, 3, 5, 2, 4});
  return {reshape(together, {s[0], s[1] * b * b, s[2] / b, s[3] / b})};
}

} // namespace

Family families::movement() {
  static constexpr Definition table[] = {
      {"", "CenterCropPad", 18, centerCropPad},
      {"", "Concat", 4, onnx::concat},
      {"", "DepthToSpace", 1, depthToSpace},
      {"", "Pad", 2, padByAttributes},
      {"", "Pad", 11, padByOperands},
      {"", "Slice", 1, sliceByAttributes},
      {"", "Slice", 10, sliceByOperands},
      {"", "SpaceToDepth", 1, spaceToDepth},
      {"", "Split", 2, onnx::split},
      {"", "Tile", 6, onnx::tile},
  };
  return table;
}

} // namespace mg::onnx
