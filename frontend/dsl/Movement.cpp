//===- Movement.cpp - ops that put elements somewhere else ----------------===//
#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg {
using namespace detail;

namespace {

/// A part of one dimension.
Tensor range(const Tensor &x, int axis, std::int64_t lo, std::int64_t hi) {
  const Shape &shape = specOf(x).shape;
  return emit("slice", {x},
              Attrs()
                  .set("lo", withSize(Shape(shape.size(), 0), axis, lo))
                  .set("hi", withSize(shape, axis, hi))
                  .set("step", Shape(shape.size(), 1)));
}

} // namespace

Tensor contiguous(Arg x) {
  Scope scope("contiguous", x.where);
  const Value &v = get(x.tensor, Scope::op(), Scope::where());
  if (!v.isEager() || v.array.isRowMajor())
    return x.tensor;
  return makeEager(eager::rowMajor(v.array), x.where, "result of contiguous");
}

Tensor pad(Arg x, Shape low, Shape high, Arg value, Shape interior) {
  Scope scope("pad", x.where);
  const Spec &spec = specOf(x.tensor);
  if (interior.empty())
    interior.resize(spec.shape.size(), 0);
  return emit("pad", {x.tensor, fit(value, {spec.dtype, {}})},
              Attrs().set("lo", low).set("hi", high).set("interior", interior));
}

Tensor concat(const std::vector<Tensor> &parts, int axis, Where where) {
  Scope scope("concat", where);
  if (parts.empty())
    fail("there are no parts");
  DType dtype = specOf(parts.front()).dtype;
  for (const Tensor &part : parts)
    dtype = promote(dtype, specOf(part).dtype);
  Tensors same;
  for (const Tensor &part : parts)
    same.push_back(cast(part, dtype));
  const int dim = axisOf(axis, parts.front().rank(), parts.front());
  return emit("concat", same, Attrs().set("dim", std::int64_t(dim)));
}
Tensor stack(const std::vector<Tensor> &parts, int axis, Where where) {
  Scope scope("stack", where);
  Tensors wide;
  for (const Tensor &part : parts) {
    if (specOf(part).shape != specOf(parts.front()).shape)
      fail(fmt::format("part {} is {}, the first {}", wide.size(),
                       type_string(part), type_string(parts.front())),
           part);
    wide.push_back(expand_dims(part, axis));
  }
  return concat(wide, axis, where);
}
std::vector<Tensor> split(Arg x, int parts, int axis) {
  Scope scope("split", x.where);
  const Shape &shape = specOf(x.tensor).shape;
  const int dim = axisOf(axis, static_cast<int>(shape.size()), x.tensor);
  if (parts < 1 || shape[dim] % parts)
    fail(fmt::format("axis {} of {} does not split into {} equal parts", axis,
                     type_string(x.tensor), parts),
         x.tensor);
  const std::int64_t size = shape[dim] / parts;
  std::vector<Tensor> pieces;
  for (int i = 0; i < parts; ++i)
    pieces.push_back(range(x.tensor, dim, i * size, (i + 1) * size));
  return pieces;
}

Tensor tile(Arg x, Shape repeats) {
  Scope scope("tile", x.where);
  Shape shape = specOf(x.tensor).shape;
  const std::size_t rank = std::max(shape.size(), repeats.size());
  shape.insert(shape.begin(), rank - shape.size(), 1);
  repeats.insert(repeats.begin(), rank - repeats.size(), 1);
  // (a, b) -> (1, a, 1, b) -> (r, a, s, b) -> (r a, s b)
  Shape apart, repeated, tiled;
  for (std::size_t i = 0; i < rank; ++i) {
    apart.insert(apart.end(), {1, shape[i]});
    repeated.insert(repeated.end(), {repeats[i], shape[i]});
    tiled.push_back(repeats[i] * shape[i]);
  }
  return reshape(spread(reshape(x, apart), repeated), tiled);
}
Tensor repeat(Arg x, std::int64_t count, int axis) {
  Scope scope("repeat", x.where);
  Shape shape = specOf(x.tensor).shape;
  const int dim = axisOf(axis, static_cast<int>(shape.size()), x.tensor);
  Shape apart = shape, repeated = shape;
  apart.insert(apart.begin() + dim + 1, 1);
  repeated.insert(repeated.begin() + dim + 1, count);
  return reshape(spread(reshape(x, apart), repeated),
                 withSize(shape, dim, shape[dim] * count));
}
Tensor roll(Arg x, std::int64_t shift, int axis) {
  Scope scope("roll", x.where);
  const Shape &shape = specOf(x.tensor).shape;
  const int dim = axisOf(axis, static_cast<int>(shape.size()), x.tensor);
  const std::int64_t n = shape[dim];
  if (n == 0 || shift % n == 0)
    return x.tensor;
  const std::int64_t cut = n - (shift % n + n) % n;
  return concat({range(x.tensor, dim, cut, n), range(x.tensor, dim, 0, cut)},
                dim);
}

/// x where column - row of the last two dimensions is at most (at least) k.
static Tensor triangle(const char *op, const Arg &x, int k, bool lower) {
  Scope scope(op, x.where);
  const Spec &spec = specOf(x.tensor);
  if (spec.shape.size() < 2)
    fail(fmt::format("{} is no matrix", toString(spec)), x.tensor);
  const Shape matrix(spec.shape.end() - 2, spec.shape.end());
  const Tensor offset = iota(matrix, 1) - iota(matrix, 0);
  return where(lower ? offset <= k : offset >= k, x, zeros_like(x));
}
Tensor tril(Arg x, int k) { return triangle("tril", x, k, true); }
Tensor triu(Arg x, int k) { return triangle("triu", x, k, false); }

} // namespace mg
