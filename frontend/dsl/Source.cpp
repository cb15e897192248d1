//===- Source.cpp - tensors from nothing ----------------------------------===//
#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <cmath>

namespace mg {
using namespace detail;

Tensor full(Shape shape, Number value, DType dtype, Where where) {
  return splat(value, {dtype, std::move(shape)}, "full", where);
}
Tensor full(Shape shape, Number value, Where where) {
  return full(std::move(shape), value, value.dtype(), where);
}
Tensor zeros(Shape shape, DType dtype, Where where) {
  return splat(0, {dtype, std::move(shape)}, "zeros", where);
}
Tensor ones(Shape shape, DType dtype, Where where) {
  return splat(1, {dtype, std::move(shape)}, "ones", where);
}
Tensor full_like(Arg x, Number value) {
  Scope scope("full_like", x.where);
  return splat(value, specOf(x.tensor), Scope::op(), Scope::where());
}
Tensor zeros_like(Arg x) {
  Scope scope("zeros_like", x.where);
  return full_like(x, 0);
}
Tensor ones_like(Arg x) {
  Scope scope("ones_like", x.where);
  return full_like(x, 1);
}

Tensor iota(Shape shape, int axis, DType dtype, Where where) {
  Scope scope("iota", where);
  const int rank = static_cast<int>(shape.size());
  if (axis < -rank || axis >= rank)
    fail(fmt::format("axis {} is out of range for {}", axis, toString(shape)));
  return emit("iota", {},
              Attrs().set("dim", std::int64_t(axis < 0 ? axis + rank : axis)),
              {dtype, std::move(shape)});
}

Tensor arange(Number stop, Where where) { return arange(0, stop, 1, where); }
Tensor arange(Number start, Number stop, Number step, Where where) {
  Scope scope("arange", where);
  const double count = std::ceil((stop.value - start.value) / step.value);
  if (!std::isfinite(count))
    fail(fmt::format("no range from {} to {} in steps of {}", start.value,
                     stop.value, step.value));
  const auto n = static_cast<std::int64_t>(std::max(count, 0.0));
  if (std::max({start.kind, stop.kind, step.kind}) != Number::real)
    return iota({n}, 0) * step.whole + start.whole;
  return iota({n}, 0, DType::f32) * step.value + start.value;
}
Tensor linspace(double start, double stop, std::int64_t count, Where where) {
  Scope scope("linspace", where);
  if (count == 1)
    return full({1}, start, DType::f32, where);
  const double step = (stop - start) / static_cast<double>(count - 1);
  Tensor line = iota({count}, 0, DType::f32) * step + start;
  // The end is exact.
  return mg::where(iota({count}, 0) == count - 1, stop, line);
}
Tensor eye(std::int64_t n, DType dtype, Where where) {
  Scope scope("eye", where);
  return cast(iota({n, n}, 0) == iota({n, n}, 1), dtype);
}

} // namespace mg
