//===- Rows.cpp - samples are rows: taking them apart, stacking them ------===//
//
// Straight copies of memory, without an op and without a lock: several threads
// do this beside a training step.
//
//===----------------------------------------------------------------------===//
#include "mg/dataset.h"

#include "frontend/tensor/Value.h"
#include "minigrad/kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

namespace mg::data {

using namespace mg::detail;

namespace {

/// Row i of `array`, a view.
eager::Array rowOf(const eager::Array &array, std::int64_t i) {
  eager::Array row = array;
  const auto size = static_cast<std::int64_t>(mg_dtype_size(array.view.dtype));
  row.view.data =
      static_cast<char *>(array.view.data) + i * array.view.strides[0] * size;
  --row.view.rank;
  for (int d = 0; d < row.view.rank; ++d) {
    row.view.shape[d] = array.view.shape[d + 1];
    row.view.strides[d] = array.view.strides[d + 1];
  }
  return row;
}

/// Uninitialised, for `count` times `shape`.
eager::Array allocateRows(std::int64_t count, DType dtype, Shape shape,
                          const char *op, Where where) {
  shape.insert(shape.begin(), count);
  checkedSize(shape, dtype, op, where);
  return eager::allocate(cDType(dtype), shape);
}

/// The leaves of a tree, in order.
Leaves leavesOf(const std::function<void(Walker &)> &tree) {
  Leaves leaves;
  walk_tensors(tree, [&](Tensor &t) { leaves.push_back(t); });
  return leaves;
}
std::vector<std::string> pathsOf(const std::function<void(Walker &)> &tree) {
  std::vector<std::string> paths;
  walk_leaves(tree,
              [&](const std::string &p, Tensor &) { paths.push_back(p); });
  return paths;
}

/// "'image' " or nothing for a tree that is one tensor.
std::string named(const std::string &path) {
  return path.empty() ? "" : "'" + path + "' ";
}

/// The leaf at `leaf` of all items, one after the other.
Tensor stackLeaf(const std::vector<Leaves> &items, std::size_t leaf,
                 const std::string &path, Where where) {
  const Tensor &first = items.front()[leaf];
  const auto count = static_cast<std::int64_t>(items.size());
  if (first.empty())
    return {};
  eager::Array batch =
      allocateRows(count, first.dtype(), first.shape(), "collate", where);
  for (std::int64_t i = 0; i < count; ++i) {
    const Tensor &t = items[static_cast<std::size_t>(i)][leaf];
    if (t.dtype() != first.dtype() || t.shape() != first.shape())
      throw Error(where, "collate",
                  fmt::format("{}is {} in the first sample and {} in sample {} "
                              "of the batch",
                              named(path), type_string(first), type_string(t),
                              i));
    const eager::Array &from = known(t, "collate", where).array;
    eager::Array to = rowOf(batch, i);
    if (from.isRowMajor())
      std::memcpy(to.view.data, from.view.data, from.bytes());
    else if (mg_copy(&from.view, &to.view, nullptr) != MG_OK)
      throw std::bad_alloc();
  }
  return makeEager(std::move(batch), where, "result of collate");
}

/// Throws where item i has other leaves than the first.
void checkSameLeaves(const std::vector<std::string> &first,
                     const std::vector<std::string> &other, std::int64_t i,
                     Where where) {
  for (std::size_t k = 0; k < std::max(first.size(), other.size()); ++k) {
    const std::string a = k < first.size() ? first[k] : "",
                      b = k < other.size() ? other[k] : "";
    if (a != b)
      throw Error(where, "collate",
                  fmt::format("the first sample has {}, sample {} of the batch "
                              "{}",
                              a.empty() ? "no such tensor" : "'" + a + "'", i,
                              b.empty() ? "no such tensor" : "'" + b + "'"));
  }
}

} // namespace

void detail::collate(std::int64_t count,
                     const std::function<void(std::int64_t, Walker &)> &items,
                     const std::function<void(Walker &)> &batch, Where where) {
  auto item = [&](std::int64_t i) -> std::function<void(Walker &)> {
    return [&items, i](Walker &w) { items(i, w); };
  };
  const std::string key = key_of(item(0));
  const std::vector<std::string> paths = pathsOf(item(0));
  std::vector<Leaves> leaves;
  std::int64_t other = 0; // an item unlike the first
  for (std::int64_t i = 0; i < count; ++i) {
    leaves.push_back(leavesOf(item(i)));
    if (key_of(item(i)) == key)
      continue;
    other = i;
    checkSameLeaves(paths, pathsOf(item(i)), i, where);
  }
  std::size_t leaf = 0;
  walk_tensors(batch, [&](Tensor &t) {
    t = stackLeaf(leaves, leaf, paths[leaf], where);
    ++leaf;
  });
  if (other)
    throw Error(where, "collate",
                fmt::format("a number, string or size in sample {} of the "
                            "batch is not that of the first: only tensors are "
                            "stacked",
                            other));
}

Tensor detail::with_rows(const Tensor &t, const std::string &path,
                         Where where) {
  const char *op = "TensorDataset";
  if (t.empty())
    return t;
  const eager::Array &array = known(t, op, where).array;
  if (array.size() == 0 || rowOf(array, 0).isRowMajor())
    return t;
  return makeEager(eager::rowMajor(array), where,
                   path.empty() ? "data set" : "'" + path + "' of a data set");
}

std::int64_t detail::common_rows(const Leaves &leaves,
                                 const std::vector<std::string> &paths,
                                 Where where) {
  std::int64_t rows = -1;
  std::string first;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].empty())
      continue;
    const std::string what = named(paths[i]) + "is " + type_string(leaves[i]);
    if (leaves[i].rank() == 0)
      throw Error(where, "TensorDataset", what + ": it has no rows");
    if (rows >= 0 && leaves[i].shape()[0] != rows)
      throw Error(where, "TensorDataset",
                  first + " and " + what + ": other numbers of rows");
    if (rows < 0)
      first = what, rows = leaves[i].shape()[0];
  }
  if (rows < 0)
    throw Error(where, "TensorDataset", "no tensor is set");
  return rows;
}

Tensor detail::row(const Tensor &t, std::int64_t i, std::int64_t size) {
  if (i < 0 || i >= size)
    no_sample(i, size);
  if (t.empty())
    return t;
  const Value &v = *t.value();
  return makeEager(rowOf(v.array, i), v.where, v.label);
}

Tensor detail::rows(const Tensor &t, const Indices &picks, std::int64_t size) {
  for (std::int64_t i : picks)
    if (i < 0 || i >= size)
      no_sample(i, size);
  if (t.empty())
    return t;
  const Value &v = *t.value();
  const auto count = static_cast<std::int64_t>(picks.size());
  eager::Array batch = allocateRows(
      count, v.spec.dtype, Shape(v.spec.shape.begin() + 1, v.spec.shape.end()),
      "get_batch", v.where);
  const std::size_t bytes = count ? batch.bytes() / picks.size() : 0;
  // A flipped tensor's rows lie one before the other: signed.
  const std::int64_t stride = v.array.view.strides[0] *
                              static_cast<std::int64_t>(size_of(v.spec.dtype));
  const char *from = static_cast<const char *>(v.array.view.data);
  char *to = static_cast<char *>(batch.view.data);
  for (std::int64_t i : picks) {
    std::memcpy(to, from + i * stride, bytes);
    to += bytes;
  }
  return makeEager(std::move(batch), v.where, v.label);
}

void detail::no_sample(std::int64_t i, std::int64_t size) {
  throw Error(Where(), "data set",
              fmt::format("there is no sample {} of {}", i, size));
}

static std::int64_t lengthOf(const Number &length, std::int64_t size) {
  return length.kind == Number::real
             ? static_cast<std::int64_t>(
                   std::floor(length.value * static_cast<double>(size)))
             : length.whole;
}

std::vector<Indices> detail::split(std::int64_t size,
                                   const std::vector<Number> &lengths,
                                   Seed seed, Where where) {
  double fractions = 0;
  bool whole = true;
  std::int64_t sum = 0;
  for (const Number &length : lengths) {
    if (!(length.value >= 0))
      throw Error(where, "random_split", "a length is negative");
    whole = whole && length.kind != Number::real;
    fractions += length.value;
    sum += lengthOf(length, size);
  }
  if (whole ? sum != size : std::abs(fractions - 1) > 1e-6)
    throw Error(
        where, "random_split",
        whole ? fmt::format("the lengths add up to {}, not {}", sum, size)
              : fmt::format("the fractions add up to {}, not 1", fractions));
  const Indices order = shuffled(size, seed.value, 0);
  std::vector<Indices> parts;
  auto at = order.begin();
  std::int64_t left = size - sum; // what rounding left over, one each
  for (const Number &length : lengths) {
    std::int64_t count = lengthOf(length, size) + (left > 0);
    left -= left > 0;
    parts.emplace_back(at, at + count);
    at += count;
  }
  return parts;
}

} // namespace mg::data
