//===- Indexing.cpp - elements at places that are computed ----------------===//
//
// Gather and scatter are the DSL's indexing by integer arrays, one per indexed
// dimension. A negative index counts from the end; one out of range is an error
// of the run.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ops/Unique.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace mg::onnx {
namespace {

using Indices = std::vector<Index>;

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

Tensors gather(const Call &call) {
  const Tensor &x = call[0], &indices = call[1];
  const int axis = call.axis(call.integer("axis", 0), x.rank());
  if (!Call::isKnown(indices) || indices.size() != 1)
    return {take(x, indices, axis)};
  // One known element is a view.
  Indices places(static_cast<std::size_t>(axis), Index(all));
  places.emplace_back(call.integer(1, "the index"));
  for (int i = 0; i < indices.rank(); ++i)
    places.emplace_back(newaxis);
  return {Place(x, places).get()};
}

/// Fails unless operand i has the rank of operand 0, at least 1.
void requireSameRank(const Call &call, std::size_t i) {
  if (call[0].rank() < 1 || call[i].rank() != call[0].rank())
    call.fail(fmt::format("operand {} is {}, operand 0 {}: the ranks differ "
                          "or are 0",
                          i, type_string(call[i]), type_string(call[0])));
}

Tensors gatherElements(const Call &call) {
  requireSameRank(call, 1);
  return {take_along_axis(call[0], call[1],
                          call.axis(call.integer("axis", 0), call[0].rank()))};
}

/// The index along `axis` of a tensor of that shape, as an index.
Index along(const Shape &shape, int axis) {
  return iota(shape, axis, DType::i64);
}

/// `vectors` (s.., k) name elements of the first k dimensions of operand 0 that
/// follow `batch` ones, which they share with it.
Indices vectorsAsIndices(const Call &call, const Tensor &vectors, int batch) {
  const Tensor &x = call[0];
  const int outer = vectors.rank() - 1;
  const std::int64_t count = outer < 0 ? 0 : vectors.size(-1);
  if (count < 1 || batch < 0 || batch > outer || batch + count > x.rank())
    call.fail(fmt::format("{} are no indices of {} with {} batch dimensions",
                          type_string(vectors), type_string(x), batch));
  const Shape shape(vectors.shape().begin(), vectors.shape().end() - 1);
  Indices places;
  for (int d = 0; d < batch; ++d) {
    if (shape[static_cast<std::size_t>(d)] != x.size(d))
      call.fail(fmt::format("{} and {} differ in batch dimension {}",
                            type_string(vectors), type_string(x), d));
    places.push_back(along(shape, d));
  }
  for (std::int64_t k = 0; k < count; ++k)
    places.emplace_back(vectors(ellipsis, k));
  return places;
}

Tensors gatherNd(const Call &call) {
  const auto batch = call.integer("batch_dims", 0);
  if (batch < 0 || batch >= call[1].rank())
    call.fail(fmt::format("{} batch dimensions", batch));
  return {
      Place(call[0], vectorsAsIndices(call, call[1], static_cast<int>(batch)))
          .get()};
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

/// Operand 0 with operand 2 put, or combined as `reduction` says, into
/// `places`.
Tensors scattered(const Call &call, const Indices &places) {
  const Place place(call[0], places);
  const Tensor &updates = call[2];
  const std::string reduction = call.text("reduction", "none");
  if (updates.dtype() != call[0].dtype())
    call.fail(fmt::format("the updates are {}, operand 0 {}",
                          type_string(updates), type_string(call[0])));
  if (reduction == "none")
    return {place.set(updates)};
  if (reduction == "add")
    return {place.add(updates)};
  if (reduction == "mul")
    return {place.multiply(updates)};
  if (reduction == "max" && call.version >= 18)
    return {place.max(updates)};
  if (reduction == "min" && call.version >= 18)
    return {place.min(updates)};
  call.fail(fmt::format("there is no reduction '{}'", reduction));
}

Tensors scatterElements(const Call &call) {
  requireSameRank(call, 1);
  const Shape &shape = call[1].shape();
  if (call[2].shape() != shape)
    call.fail(fmt::format("the indices are {}, the updates {}",
                          type_string(call[1]), type_string(call[2])));
  const int rank = call[0].rank();
  const int axis = call.axis(call.integer("axis", 0), rank);
  Indices places;
  for (int d = 0; d < rank; ++d)
    places.push_back(d == axis ? Index(call[1]) : along(shape, d));
  return scattered(call, places);
}

Tensors scatterNd(const Call &call) {
  const Indices places = vectorsAsIndices(call, call[1], 0);
  const Shape &x = call[0].shape();
  Shape shape(call[1].shape().begin(), call[1].shape().end() - 1);
  shape.insert(shape.end(),
               x.begin() + static_cast<std::ptrdiff_t>(places.size()), x.end());
  if (call[2].shape() != shape)
    call.fail(fmt::format("the updates are {}, not of shape [{}]",
                          type_string(call[2]), fmt::join(shape, ",")));
  return scattered(call, places);
}

/// A cache with its newest entries: operand 1 from `write_indices` on along the
/// axis, for each batch.
Tensors tensorScatter(const Call &call) {
  const Tensor &cache = call[0], &update = call[1];
  requireSameRank(call, 1);
  const int axis = call.axis(call.integer("axis", -2), cache.rank());
  const std::string mode = call.text("mode", "linear");
  if (axis == 0)
    call.fail("the axis is the batch's");
  if (mode != "linear" && mode != "circular")
    call.fail(fmt::format("the mode is '{}', not linear or circular", mode));
  Shape shape = cache.shape();
  shape[static_cast<std::size_t>(axis)] = update.size(axis);
  if (update.shape() != shape || update.size(axis) > cache.size(axis) ||
      update.dtype() != cache.dtype())
    call.fail(fmt::format("{} is no update of {} along axis {}",
                          type_string(update), type_string(cache), axis));
  const std::int64_t batch = cache.size(0), length = update.size(axis);
  const Tensor first =
      call.has(2) ? astype(call[2], DType::i64) : zeros({batch}, DType::i64);
  if (first.shape() != Shape{batch})
    call.fail(fmt::format("the write indices are {} for {} batches",
                          type_string(first), batch));
  Tensor at = expand_dims(first, 1) + iota({length}, 0, DType::i64);
  if (mode == "circular")
    at = at % cache.size(axis);
  const Tensor row = expand_dims(iota({batch}, 0, DType::i64), 1);
  const Tensor y =
      Place(moveaxis(cache, axis, 1), {row, at}).set(moveaxis(update, axis, 1));
  return {moveaxis(y, 1, axis)};
}

//===----------------------------------------------------------------------===//
// Made of indices
//===----------------------------------------------------------------------===//

Tensors oneHot(const Call &call) {
  const Tensor &values = call[2];
  if (values.shape() != Shape{2})
    call.fail("the values are " + type_string(values) + ", not two");
  const std::int64_t depth = call.integer(1, "the depth");
  if (depth < 0)
    call.fail(fmt::format("the depth is {}", depth));
  const int axis = call.axis(call.integer("axis", -1), call[0].rank() + 1);
  const Tensor indices = astype(call[0], DType::i64);
  const Tensor place =
      expand_dims(where(indices < 0, indices + depth, indices), axis);
  Shape line(static_cast<std::size_t>(place.rank()), 1);
  line[static_cast<std::size_t>(axis)] = depth;
  return {where(place == iota(line, axis, DType::i64), values[1], values[0])};
}

Tensors reverseSequence(const Call &call) {
  const Tensor &x = call[0];
  if (x.rank() < 2)
    call.fail(type_string(x) + " has no batch of sequences");
  const int batch = call.axis(call.integer("batch_axis", 1), x.rank());
  const int time = call.axis(call.integer("time_axis", 0), x.rank());
  const Tensor lengths = astype(call[1], DType::i64);
  if (batch == time || lengths.shape() != Shape{x.size(batch)})
    call.fail(fmt::format("the lengths are {} for axis {} of {}",
                          type_string(lengths), batch, type_string(x)));
  const Tensor y = moveaxis(moveaxis(x, batch, 0), // (batch, time, ..)
                            time < batch ? time + 1 : time, 1);
  const Tensor step = iota({1, x.size(time)}, 1, DType::i64);
  const Tensor length = expand_dims(lengths, 1);
  const Tensor source = where(step < length, length - 1 - step, step);
  const Tensor row = iota({x.size(batch), 1}, 0, DType::i64);
  const Tensor reversed = Place(y, {row, source}).get();
  return {moveaxis(moveaxis(reversed, 1, time < batch ? time + 1 : time), 0,
                   batch)};
}

//===----------------------------------------------------------------------===//
// Shapes that depend on values: these must be known
//===----------------------------------------------------------------------===//

Tensors compress(const Call &call) {
  const bool isFlat = !call.has("axis");
  const Tensor x = isFlat ? ravel(call[0]) : call[0];
  const int axis = isFlat ? 0 : call.axis(call.integer("axis", 0), x.rank());
  const auto chosen = call.integers(1, "the condition");
  if (call[1].rank() != 1)
    call.fail("the condition is " + type_string(call[1]) + ", not a vector");
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i])
      places.push_back(static_cast<std::int64_t>(i));
  if (!places.empty() && places.back() >= x.size(axis))
    call.fail(fmt::format("the condition chooses {} of {} elements",
                          places.back(), x.size(axis)));
  return {take(x, from(places), axis)};
}

Tensors nonZero(const Call &call) {
  const auto elements = call.numbers(0, "which elements are not zero");
  const Shape &shape = call[0].shape();
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < elements.size(); ++i)
    if (elements[i] != 0)
      places.push_back(static_cast<std::int64_t>(i));
  const auto count = static_cast<std::int64_t>(places.size());
  // One row per dimension: what of the place is left, by the sizes behind it.
  std::vector<std::int64_t> rows;
  std::int64_t behind = call[0].size();
  for (const std::int64_t size : shape) {
    behind /= std::max<std::int64_t>(size, 1);
    for (const std::int64_t place : places)
      rows.push_back(place / behind % size);
  }
  return {from(rows, {static_cast<std::int64_t>(shape.size()), count})};
}

} // namespace

Family families::indexing() {
  static constexpr Definition table[] = {
      {"", "Compress", 9, compress},
      {"", "Gather", 1, gather},
      {"", "GatherElements", 11, gatherElements},
      {"", "GatherND", 11, gatherNd},
      {"", "NonZero", 9, nonZero},
      {"", "OneHot", 9, oneHot},
      {"", "ReverseSequence", 10, reverseSequence},
      {"", "Scatter", 9, scatterElements},
      {"", "ScatterElements", 11, scatterElements},
      {"", "ScatterND", 11, scatterNd},
      {"", "TensorScatter", 24, tensorScatter},
      {"", "Unique", 11, unique},
  };
  return table;
}

} // namespace mg::onnx
