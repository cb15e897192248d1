//===- Views.cpp - the same elements under other indices ------------------===//
#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mg {
using namespace detail;

Tensor reshape(Arg x, Shape shape) {
  Scope scope("reshape", x.where);
  const Spec &spec = specOf(x.tensor);
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    std::int64_t others = 1;
    for (std::int64_t n : shape)
      if (n != -1 && __builtin_mul_overflow(others, n, &others))
        fail(fmt::format("{} has not the elements of {}", toString(spec),
                         toString(shape)),
             x.tensor);
    if (others <= 0 || x.tensor.size() % others ||
        std::count(shape.begin(), shape.end(), -1) > 1)
      fail(fmt::format("no size for -1 makes {} of {}", toString(shape),
                       toString(spec)),
           x.tensor);
    *open = x.tensor.size() / others;
  }
  return spec.shape == shape
             ? x.tensor
             : emit("reshape", {x.tensor}, {}, {spec.dtype, std::move(shape)});
}

Tensor transpose(Arg x, std::vector<int> permutation) {
  Scope scope("transpose", x.where);
  const int rank = static_cast<int>(specOf(x.tensor).shape.size());
  std::vector<std::int64_t> perm;
  for (int axis : permutation)
    perm.push_back(axisOf(axis, rank, x.tensor));
  for (int i = rank - 1; i >= 0 && permutation.empty(); --i)
    perm.push_back(i);
  return std::is_sorted(perm.begin(), perm.end()) &&
                 static_cast<int>(perm.size()) == rank && rank < 2
             ? x.tensor
             : emit("transpose", {x.tensor}, Attrs().set("perm", perm));
}
/// The axes of x in order.
static std::vector<int> axesOf(const Tensor &x) {
  std::vector<int> axes(specOf(x).shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}
Tensor swapaxes(Arg x, int a, int b) {
  Scope scope("swapaxes", x.where);
  std::vector<int> perm = axesOf(x.tensor);
  const int rank = x.tensor.rank();
  std::swap(perm[axisOf(a, rank, x.tensor)], perm[axisOf(b, rank, x.tensor)]);
  return transpose(x, perm);
}
Tensor moveaxis(Arg x, int from, int to) {
  Scope scope("moveaxis", x.where);
  std::vector<int> perm = axesOf(x.tensor);
  const int rank = x.tensor.rank();
  from = axisOf(from, rank, x.tensor), to = axisOf(to, rank, x.tensor);
  perm.erase(perm.begin() + from);
  perm.insert(perm.begin() + to, from);
  return transpose(x, perm);
}

Tensor broadcast_to(Arg x, Shape shape) {
  Scope scope("broadcast_to", x.where);
  const Spec &spec = specOf(x.tensor);
  bool fits = spec.shape.size() <= shape.size();
  for (std::size_t i = 1; fits && i <= spec.shape.size(); ++i) {
    const std::int64_t n = spec.shape[spec.shape.size() - i];
    fits = n == 1 || n == shape[shape.size() - i];
  }
  if (!fits)
    fail(fmt::format("{} does not broadcast to {}", toString(spec),
                     toString(shape)),
         x.tensor);
  return x.number
             ? splat(*x.number, {spec.dtype, shape}, "broadcast_to", x.where)
             : spread(x.tensor, shape);
}

Tensor squeeze(Arg x, Axes axes) {
  Scope scope("squeeze", x.where);
  const Shape &shape = specOf(x.tensor).shape;
  const auto dims = dimsOf(axes, x.tensor);
  Shape left;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool named = std::binary_search(dims.begin(), dims.end(), i);
    if (named && !axes.all && shape[i] != 1)
      fail(fmt::format("axis {} of {} is not of size 1", i,
                       type_string(x.tensor)),
           x.tensor);
    if (!named || shape[i] != 1)
      left.push_back(shape[i]);
  }
  return reshape(x, left);
}
Tensor expand_dims(Arg x, Axes axes) {
  Scope scope("expand_dims", x.where);
  Shape shape = specOf(x.tensor).shape;
  const int rank = static_cast<int>(shape.size() + axes.list.size());
  std::vector<int> places; // counted in the result
  for (int axis : axes.list)
    places.push_back(axisOf(axis, rank, x.tensor));
  std::sort(places.begin(), places.end());
  for (int place : places)
    shape.insert(shape.begin() + place, 1);
  return reshape(x, shape);
}
Tensor ravel(Arg x) {
  Scope scope("ravel", x.where);
  return reshape(x, {x.tensor.size()});
}
Tensor flip(Arg x, Axes axes) {
  Scope scope("flip", x.where);
  return emit("reverse", {x.tensor},
              Attrs().set("dims", dimsOf(axes, x.tensor)));
}
Tensor diagonal(Arg x, int axis1, int axis2) {
  Scope scope("diagonal", x.where);
  const int rank = static_cast<int>(specOf(x.tensor).shape.size());
  return emit("diagonal", {x.tensor},
              Attrs()
                  .set("dim0", std::int64_t(axisOf(axis1, rank, x.tensor)))
                  .set("dim1", std::int64_t(axisOf(axis2, rank, x.tensor))));
}

static Attrs attributesOf(const Window &window, int rank, const Tensor &about) {
  std::vector<std::int64_t> dims;
  for (int axis : window.axes)
    dims.push_back(axisOf(axis, rank, about));
  const Shape ones(dims.size(), 1);
  return Attrs()
      .set("dims", dims)
      .set("size", window.size)
      .set("stride", window.stride.empty() ? ones : window.stride)
      .set("dilation", window.dilation.empty() ? ones : window.dilation);
}
Tensor unfold(Arg x, const Window &window) {
  Scope scope("unfold", x.where);
  const int rank = static_cast<int>(specOf(x.tensor).shape.size());
  return emit("unfold", {x.tensor}, attributesOf(window, rank, x.tensor));
}
Tensor fold(Arg x, const Window &window, Shape shape) {
  Scope scope("fold", x.where);
  const int rank = static_cast<int>(shape.size());
  return emit("fold", {x.tensor}, attributesOf(window, rank, x.tensor),
              {specOf(x.tensor).dtype, std::move(shape)});
}

} // namespace mg
