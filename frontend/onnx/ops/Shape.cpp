//===- Shape.cpp - shapes as values, and views ----------------------------===//
#include "frontend/onnx/Operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mg::onnx {
namespace {

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

Tensor scalar(std::int64_t value) { return from(std::vector{value}, Shape{}); }

Tensors constant(const Call &call) {
  if (call.has("value"))
    return {call.tensor("value")};
  if (call.has("value_int"))
    return {scalar(call.integer("value_int", 0))};
  if (call.has("value_float"))
    return {Tensor(static_cast<float>(call.number("value_float", 0)))};
  if (const auto list = call.integers("value_ints"))
    return {from(*list)};
  if (const auto list = call.numbers("value_floats"))
    return {from(std::vector<float>(list->begin(), list->end()))};
  if (call.has("sparse_value"))
    call.unsupported("a sparse constant");
  if (call.has("value_string") || call.has("value_strings"))
    call.unsupported("a constant of strings");
  call.fail("a constant has no value");
}

/// The elements of a shape operand; sizes are not negative.
Shape sizesOf(const Call &call, std::size_t i) {
  const Shape shape = call.integers(i, "the shape");
  if (call[i].rank() != 1)
    call.fail("a shape is a vector, not " + type_string(call[i]));
  for (const std::int64_t size : shape)
    if (size < 0)
      call.fail(fmt::format("a size is {}", size));
  return shape;
}

Tensors constantOfShape(const Call &call) {
  const Shape shape = sizesOf(call, 0);
  if (!call.has("value"))
    return {zeros(shape)};
  const Tensor value = call.tensor("value");
  if (value.size() != 1)
    call.fail("the value is " + type_string(value) + ", not one element");
  return {broadcast_to(reshape(value, {}), shape)};
}

/// start + i * delta for i < count, all three in T.
template <class T> Tensor line(const Call &call, DType wide) {
  const auto start = call[0].to_vector<T>()[0],
             limit = call[1].to_vector<T>()[0],
             delta = call[2].to_vector<T>()[0];
  if (delta == 0)
    call.fail("the step is zero");
  const double steps =
      std::ceil((static_cast<double>(limit) - static_cast<double>(start)) /
                static_cast<double>(delta));
  // (No memory has more; and not a number is no count.)
  if (!(steps < 0x1p40))
    call.fail("the range is not finite");
  const auto count = static_cast<std::int64_t>(std::max(steps, 0.));
  return iota({count}, 0, wide) * delta + start;
}

Tensors range(const Call &call) {
  const DType dtype = call[0].dtype();
  for (std::size_t i = 0; i < 3; ++i) {
    call.numbers(i, "a bound of the range"); // or it is unsupported
    if (call[i].size() != 1 || call[i].dtype() != dtype)
      call.fail(fmt::format("a bound is {}, not one {}", type_string(call[i]),
                            to_string(dtype)));
  }
  const bool isReal = dtype >= DType::f16;
  const DType wide = dtype == DType::f64 ? DType::f64
                     : isReal            ? DType::f32
                                         : DType::i64;
  const Tensor y =
      isReal ? line<double>(call, wide) : line<std::int64_t>(call, wide);
  return {astype(y, dtype)};
}

Tensors eyeLike(const Call &call) {
  const Tensor &x = call[0];
  if (x.rank() != 2)
    call.fail(type_string(x) + " is no matrix");
  const std::int64_t k = call.integer("k", 0);
  const Tensor row = iota(x.shape(), 0, DType::i64);
  const Tensor column = iota(x.shape(), 1, DType::i64);
  return {astype(column - row == k, call.dtype("dtype", x.dtype()))};
}

Tensors shapeOf(const Call &call) {
  const Shape &shape = call[0].shape();
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto place = [&](const char *name, std::int64_t otherwise) {
    const std::int64_t at = call.integer(name, otherwise);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = place("start", 0), end = place("end", rank);
  if (start >= end)
    return {from(std::vector<std::int64_t>{})};
  return {from(
      std::vector<std::int64_t>(shape.begin() + start, shape.begin() + end))};
}

Tensors sizeOf(const Call &call) { return {scalar(call[0].size())}; }

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

/// The size that -1 stands for among `shape`, whose others are positive.
std::int64_t remaining(const Call &call, const Shape &shape) {
  std::int64_t rest = call[0].size();
  for (const std::int64_t size : shape) {
    if (size == 0 || (size > 0 && rest % size))
      call.fail(fmt::format("{} does not fill the shape [{}]",
                            type_string(call[0]), fmt::join(shape, ",")));
    if (size > 0)
      rest /= size;
  }
  return rest;
}

/// 0 copies the operand's size (unless allowzero), one -1 is what remains.
Tensors reshape(const Call &call) {
  const Tensor &x = call[0];
  Shape shape = call.integers(1, "the shape");
  const bool allowZero = call.flag("allowzero");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] < -1)
      call.fail(fmt::format("a size is {}", shape[i]));
    if (shape[i] != 0 || allowZero)
      continue;
    if (i >= x.shape().size())
      call.fail(
          fmt::format("{} has no dimension {} to copy", type_string(x), i));
    shape[i] = x.shape()[i];
  }
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open == shape.end())
    return {mg::reshape(x, shape)};
  if (std::count(shape.begin(), shape.end(), -1) > 1)
    call.fail("more than one size is -1");
  const std::int64_t rest = remaining(call, shape);
  *open = rest;
  return {mg::reshape(x, shape)};
}

Tensors flatten(const Call &call) {
  const Tensor &x = call[0];
  const std::int64_t axis = call.integer("axis", 1);
  const int split = axis == x.rank() ? x.rank() : call.axis(axis, x.rank());
  std::int64_t rows = 1, columns = 1;
  for (int i = 0; i < x.rank(); ++i)
    (i < split ? rows : columns) *= x.size(i);
  return {mg::reshape(x, {rows, columns})};
}

/// `axes` of `rank`, from the front, each named once.
std::vector<int> distinct(const Call &call,
                          const std::vector<std::int64_t> &axes,
                          std::int64_t rank) {
  std::vector<int> found;
  for (const std::int64_t axis : axes) {
    const int at = call.axis(axis, rank);
    if (std::find(found.begin(), found.end(), at) != found.end())
      call.fail(fmt::format("axis {} is named twice", axis));
    found.push_back(at);
  }
  return found;
}

Tensors squeeze(const Call &call) {
  const auto axes = call.moved("axes", 13, 1);
  const Tensor &x = call[0];
  if (!axes)
    return {mg::squeeze(x)};
  return {mg::squeeze(x, distinct(call, *axes, x.rank()))};
}

Tensors unsqueeze(const Call &call) {
  const auto axes = call.moved("axes", 13, 1);
  if (!axes)
    call.fail("the axes are missing");
  const auto rank = call[0].rank() + static_cast<std::int64_t>(axes->size());
  return {expand_dims(call[0], distinct(call, *axes, rank))};
}

Tensors transpose(const Call &call) {
  const Tensor &x = call[0];
  const auto perm = call.integers("perm");
  if (!perm || x.rank() == 0)
    return {mg::transpose(x)};
  if (static_cast<int>(perm->size()) != x.rank())
    call.fail(fmt::format("the permutation [{}] is not of {}",
                          fmt::join(*perm, ","), type_string(x)));
  return {mg::transpose(x, distinct(call, *perm, x.rank()))};
}

/// Both sides broadcast: a size of 1 in the shape keeps the operand's.
Tensors expand(const Call &call) {
  const Tensor &x = call[0];
  Shape shape = sizesOf(call, 1);
  const std::size_t rank = std::max(shape.size(), x.shape().size());
  shape.insert(shape.begin(), rank - shape.size(), 1);
  for (std::size_t i = 1; i <= x.shape().size(); ++i) {
    const std::int64_t own = x.shape()[x.shape().size() - i];
    std::int64_t &wanted = shape[rank - i];
    if (wanted != own && wanted != 1 && own != 1)
      call.fail(fmt::format("{} does not broadcast to the shape [{}]",
                            type_string(x), fmt::join(shape, ",")));
    wanted = wanted == 1 ? own : wanted;
  }
  return {broadcast_to(x, shape)};
}

Tensors trilu(const Call &call) {
  const Tensor &x = call[0];
  if (x.rank() < 2)
    call.fail(type_string(x) + " is no matrix");
  const std::int64_t k = call.has(1) ? call.integer(1, "the diagonal") : 0;
  // Beyond the matrix there is no other triangle than its whole or nothing.
  const auto at = static_cast<int>(
      std::clamp<std::int64_t>(k, -x.size(-2) - 1, x.size(-1) + 1));
  return {call.flag("upper", true) ? triu(x, at) : tril(x, at)};
}

} // namespace

Family families::shape() {
  static constexpr Definition table[] = {
      {"", "Constant", 1, constant},
      {"", "ConstantOfShape", 9, constantOfShape},
      {"", "Expand", 8, expand},
      {"", "EyeLike", 9, eyeLike},
      {"", "Flatten", 1, flatten},
      {"", "Range", 11, range},
      {"", "Reshape", 5, onnx::reshape},
      {"", "Shape", 1, shapeOf},
      {"", "Size", 1, sizeOf},
      {"", "Squeeze", 1, onnx::squeeze},
      {"", "Transpose", 1, onnx::transpose},
      {"", "Trilu", 14, trilu},
      {"", "Unsqueeze", 1, unsqueeze},
  };
  return table;
}

} // namespace mg::onnx
