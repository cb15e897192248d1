//===- Index.cpp - NumPy's indexing ---------------------------------------===//
//
// x(indices..) is at most four ops: slice, reverse (negative steps), reshape
// (without the dimensions that integers took, with the new ones), gather
// (integer arrays).
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/Gather.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg {
using namespace detail;

namespace {

/// What the indices say, one entry per dimension of x.
struct Region {
  Shape lo, hi, step;
  std::vector<std::int64_t> reversed;
  /// After slice and reverse: without integers' dimensions, with new ones.
  Shape shape;
  /// Integer arrays, and which dimensions of `shape` they index.
  std::vector<std::int64_t> gathered;
  Tensors arrays;
  /// Sizes after the slice.
  Shape size;
};

class Reader {
public:
  Reader(const Tensor &x, const std::vector<Index> &indices)
      : x(x), shape(specOf(x).shape) {
    std::size_t used = 0;
    int ellipses = 0;
    for (const Index &i : indices) {
      used += i.kind != Index::rest && i.kind != Index::fresh;
      ellipses += i.kind == Index::rest;
    }
    if (used > shape.size())
      fail(fmt::format("{} indices for {}", used, type_string(x)), x);
    if (ellipses > 1)
      fail("there is more than one ellipsis");
    for (const Index &i : indices)
      if (i.kind == Index::rest)
        takeWhole(shape.size() - used);
      else
        take(i);
    takeWhole(shape.size() - region.lo.size());
  }
  Region region;

private:
  void takeWhole(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      take(Index(all));
  }
  void take(const Index &i) {
    switch (i.kind) {
    case Index::fresh:
      return region.shape.push_back(1);
    case Index::element:
      return takeElement(i.at);
    case Index::gathered:
      region.gathered.push_back(static_cast<std::int64_t>(region.shape.size()));
      region.arrays.push_back(checkedArray(i.indices));
      return takeRange({});
    default:
      return takeRange(i.span);
    }
  }
  void push(std::int64_t lo, std::int64_t hi, std::int64_t step,
            std::int64_t size) {
    region.lo.push_back(lo), region.hi.push_back(hi);
    region.step.push_back(step), region.size.push_back(size);
  }
  void takeElement(std::int64_t at) {
    const std::size_t d = region.lo.size();
    const std::int64_t n = shape[d], i = at < 0 ? at + n : at;
    if (i < 0 || i >= n)
      fail(fmt::format("index {} is out of range for dimension {} of {}", at, d,
                       type_string(x)),
           x);
    push(i, i + 1, 1, 1);
  }
  void takeRange(const Slice &span) {
    const std::size_t d = region.lo.size();
    const std::int64_t n = shape[d], step = span.step;
    if (step == 0)
      fail("the step is zero");
    const bool back = step < 0;
    auto clip = [&](const Bound &b, std::int64_t otherwise) {
      return b ? std::clamp<std::int64_t>(*b < 0 ? *b + n : *b, back ? -1 : 0,
                                          back ? n - 1 : n)
               : otherwise;
    };
    const std::int64_t start = clip(span.start, back ? n - 1 : 0);
    const std::int64_t stop = clip(span.stop, back ? -1 : n);
    // Backwards: the same elements from the lowest on, then reversed.
    const std::int64_t distance = back ? start - stop : stop - start;
    // (A step of the smallest integer has no absolute value: any is too long.)
    const std::int64_t stride = std::min<std::int64_t>(
        back ? -std::max<std::int64_t>(step, -n - 1) : step, n + 1);
    const std::int64_t count =
        distance > 0 ? (distance + stride - 1) / stride : 0;
    const std::int64_t first = back ? start - (count - 1) * stride : start;
    if (count == 0)
      push(0, 0, 1, 0);
    else
      push(first, first + (count - 1) * stride + 1, stride, count);
    if (back && count > 1)
      region.reversed.push_back(static_cast<std::int64_t>(d));
    region.shape.push_back(count);
  }
  Tensor checkedArray(const Tensor &array) {
    if (specOf(array).dtype == DType::b1)
      fail("how many elements a truth value picks is not known before it runs",
           array, "the index");
    return array;
  }

  const Tensor &x;
  const Shape &shape;
};

Tensor viewed(const Tensor &x, const Region &r) {
  Tensor y = x;
  if (r.size != x.shape())
    y = emit("slice", {y},
             Attrs().set("lo", r.lo).set("hi", r.hi).set("step", r.step));
  if (!r.reversed.empty())
    y = emit("reverse", {y}, Attrs().set("dims", r.reversed));
  return reshape(y, r.shape);
}

/// x with `part`, of the region's size, in its place.
Tensor replaced(const Tensor &x, const Region &r, const Tensor &part) {
  const Shape &shape = x.shape();
  if (r.size == shape)
    return part;
  if (std::all_of(r.step.begin(), r.step.end(),
                  [](std::int64_t step) { return step == 1; }))
    return dynamic_update_slice(x, part, from(r.lo));
  Shape high, interior;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    high.push_back(r.size[d] ? shape[d] - r.hi[d] : shape[d]);
    interior.push_back(r.step[d] - 1);
  }
  const Tensor here = full(r.size, true);
  return where(pad(here, r.lo, high, false, interior),
               pad(part, r.lo, high, 0, interior), x);
}

Tensor set(const Tensor &x, const Region &r, const Arg &v) {
  broadcastShapes(splat(0, {x.dtype(), r.shape}, "x", v.where), v); // or fails
  Tensor part = reshape(fit(v, {x.dtype(), r.shape}), r.size);
  if (!r.reversed.empty())
    part = emit("reverse", {part}, Attrs().set("dims", r.reversed));
  return replaced(x, r, part);
}

/// An update of a place: by scatter where arrays say which, else the place is
/// read (unless `combine` is null), combined, and written.
Tensor update(const char *op, const Tensor &x,
              const std::vector<Index> &indices, const Arg &v,
              mlir::mg::ScatterMode mode, Tensor (*combine)(Arg, Arg)) {
  Scope scope(op, indices.at(0).where);
  const Region r = Reader(x, indices).region;
  if (r.arrays.empty())
    return set(x, r, combine ? Arg(combine(viewed(x, r), v)) : v);
  if (r.shape == x.shape() && r.reversed.empty())
    return GatherPlan(x, r.gathered, r.arrays).scatter(v, mode);
  // Arrays inside a view: update the view, then put it back.
  const Tensor view = viewed(x, r);
  return set(x, r, GatherPlan(view, r.gathered, r.arrays).scatter(v, mode));
}

} // namespace

std::vector<Index> detail::present(std::initializer_list<Index> indices) {
  const auto end =
      std::find_if(indices.begin(), indices.end(),
                   [](const Index &i) { return i.kind == Index::absent; });
  return {indices.begin(), end};
}

Tensor detail::index(const Tensor &x, const std::vector<Index> &indices) {
  Scope scope("slice", indices.at(0).where);
  const Region r = Reader(x, indices).region;
  const Tensor view = viewed(x, r);
  return r.arrays.empty() ? view
                          : GatherPlan(view, r.gathered, r.arrays).gather();
}

using mlir::mg::ScatterMode;
Tensor Place::set(Arg v) const {
  return update("set", x_, indices_, v, ScatterMode::Set, nullptr);
}
Tensor Place::add(Arg v) const {
  return update("add", x_, indices_, v, ScatterMode::Add, operator+);
}
Tensor Place::multiply(Arg v) const {
  return update("multiply", x_, indices_, v, ScatterMode::Mul, operator*);
}
Tensor Place::min(Arg v) const {
  return update("min", x_, indices_, v, ScatterMode::Min, minimum);
}
Tensor Place::max(Arg v) const {
  return update("max", x_, indices_, v, ScatterMode::Max, maximum);
}

} // namespace mg
