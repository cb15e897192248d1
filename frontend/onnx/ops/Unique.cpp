//===- Unique.cpp - the distinct elements of a tensor ---------------------===//
//
// How many there are depends on the values, so these must be known.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ops/Unique.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mg::onnx {
namespace {

/// Where x < y, NaN behind all and equal to itself.
template <class T> bool isLess(T x, T y) {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(x) || std::isnan(y))
      return !std::isnan(x) && std::isnan(y);
  return x < y;
}

/// Rows that are equal.
struct Group {
  std::int64_t first, count;
};
struct Groups {
  std::vector<Group> groups;
  /// Which group each row belongs to.
  std::vector<std::int64_t> of;
};

/// The rows of `rows` (n, width), grouped; ascending.
template <class T> Groups group(const Tensor &rows) {
  const auto elements = rows.to_vector<T>();
  const std::int64_t n = rows.size(0), width = rows.size(1);
  const auto row = [&](std::int64_t i) { return elements.begin() + i * width; };
  const auto before = [&](std::int64_t i, std::int64_t j) {
    return std::lexicographical_compare(row(i), row(i) + width, row(j),
                                        row(j) + width, isLess<T>);
  };
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    return before(i, j) || (i < j && !before(j, i));
  });
  Groups found{{}, std::vector<std::int64_t>(order.size())};
  for (const std::int64_t i : order) {
    if (found.groups.empty() || before(found.groups.back().first, i))
      found.groups.push_back({i, 0});
    ++found.groups.back().count;
    found.of[static_cast<std::size_t>(i)] =
        static_cast<std::int64_t>(found.groups.size()) - 1;
  }
  return found;
}

Groups group(const Tensor &rows) {
  const DType dtype = rows.dtype();
  return dtype >= DType::f16   ? group<double>(rows)
         : dtype == DType::u64 ? group<std::uint64_t>(rows)
                               : group<std::int64_t>(rows);
}

/// The groups in the order in which they first occur.
void orderByOccurrence(Groups &g) {
  std::vector<std::size_t> order(g.groups.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    return g.groups[i].first < g.groups[j].first;
  });
  std::vector<Group> groups;
  std::vector<std::int64_t> place(order.size());
  for (const std::size_t i : order) {
    place[i] = static_cast<std::int64_t>(groups.size());
    groups.push_back(g.groups[i]);
  }
  g.groups = std::move(groups);
  for (std::int64_t &i : g.of)
    i = place[static_cast<std::size_t>(i)];
}

} // namespace

Tensors unique(const Call &call) {
  const bool isFlat = !call.has("axis");
  const Tensor x = isFlat ? ravel(call[0]) : call[0];
  const int axis = isFlat ? 0 : call.axis(call.integer("axis", 0), x.rank());
  const std::int64_t n = x.size(axis);
  const std::int64_t width = n ? x.size() / n : 0;
  const Tensor rows = reshape(moveaxis(x, axis, 0), {n, width});
  if (!Call::isKnown(rows))
    call.unsupported("how many elements are distinct is not known before the "
                     "model runs");
  Groups found = group(rows);
  if (!call.flag("sorted", true))
    orderByOccurrence(found);
  std::vector<std::int64_t> first, count;
  for (const Group &g : found.groups)
    first.push_back(g.first), count.push_back(g.count);
  const Tensor places = from(first);
  return {take(x, places, axis), places, from(found.of), from(count)};
}

} // namespace mg::onnx
