#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace mg {

DType promote(DType a, DType b) {
  using detail::kindOf;
  if (a == b)
    return a;
  if (a > b)
    std::swap(a, b);
  if (kindOf(a) != kindOf(b))
    return kindOf(a) < kindOf(b) ? b : a;
  if (kindOf(a) == Number::real)
    return a == DType::f16 && b == DType::bf16 ? DType::f32 : b;
  if (detail::isUnsigned(a) == detail::isUnsigned(b))
    return b;
  // a is signed, b unsigned: the signed one that holds b, if there is one.
  if (b == DType::u64)
    return DType::f32;
  const int width = int(b) - int(DType::u8) + 1;
  return std::max(a, DType(int(DType::i8) + width));
}

DType promote(DType a, Number::Kind b) {
  if (detail::kindOf(a) >= b)
    return a;
  return b == Number::integer ? DType::i32 : DType::f32;
}

namespace detail {

Number::Kind kindOf(DType dtype) {
  return dtype == DType::b1   ? Number::boolean
         : dtype < DType::f16 ? Number::integer
                              : Number::real;
}

DType promoteAll(llvm::ArrayRef<const Arg *> args) {
  std::optional<DType> tensors, numbers;
  Number::Kind kind = Number::boolean;
  for (const Arg *arg : args) {
    std::optional<DType> &dtype = arg->number ? numbers : tensors;
    const DType own = specOf(arg->tensor).dtype;
    dtype = dtype ? promote(*dtype, own) : own;
    if (arg->number)
      kind = std::max(kind, arg->number->kind);
  }
  return tensors ? promote(*tensors, kind) : *numbers;
}

Shape broadcastShapes(const Arg &a, const Arg &b) {
  const Shape &s = specOf(a.tensor).shape, &t = specOf(b.tensor).shape;
  Shape out(std::max(s.size(), t.size()));
  for (std::size_t i = 1; i <= out.size(); ++i) {
    const std::int64_t x = i <= s.size() ? s[s.size() - i] : 1;
    const std::int64_t y = i <= t.size() ? t[t.size() - i] : 1;
    if (x != y && x != 1 && y != 1)
      fail(fmt::format("shapes do not broadcast: dimension -{} is {} and {} "
                       "(lhs {}, rhs {})",
                       i, x, y, type_string(a.tensor), type_string(b.tensor)),
           b.tensor, "rhs");
    out[out.size() - i] = x == 1 ? y : x;
  }
  return out;
}

Tensor cast(const Tensor &x, DType dtype) {
  const Spec &spec = specOf(x);
  if (spec.dtype == dtype)
    return x;
  return emit("convert", {x},
              Attrs().choose<mlir::mg::ConvertModeAttr>(
                  "mode", mlir::mg::ConvertMode::Truncate),
              {dtype, spec.shape});
}

Tensor spread(const Tensor &x, const Shape &shape) {
  const Spec &spec = specOf(x);
  if (spec.shape == shape)
    return x;
  std::vector<std::int64_t> dims(spec.shape.size());
  std::iota(dims.begin(), dims.end(),
            static_cast<std::int64_t>(shape.size() - dims.size()));
  return emit("broadcast", {x}, Attrs().set("dims", dims), {spec.dtype, shape});
}

Tensor fit(const Arg &x, const Spec &spec) {
  if (x.number)
    return splat(*x.number, spec, Scope::op(), Scope::where());
  return spread(cast(x.tensor, spec.dtype), spec.shape);
}

int axisOf(int axis, int rank, const Tensor &about) {
  if (axis < -rank || axis >= rank)
    fail(
        fmt::format("axis {} is out of range for {}", axis, type_string(about)),
        about);
  return axis < 0 ? axis + rank : axis;
}

std::vector<std::int64_t> dimsOf(const Axes &axes, const Tensor &x) {
  const int rank = static_cast<int>(specOf(x).shape.size());
  std::vector<std::int64_t> dims(axes.all ? rank : 0);
  std::iota(dims.begin(), dims.end(), 0);
  for (int axis : axes.list)
    dims.push_back(axisOf(axis, rank, x));
  std::sort(dims.begin(), dims.end());
  const auto twice = std::adjacent_find(dims.begin(), dims.end());
  if (twice != dims.end())
    fail(fmt::format("axis {} is named twice", *twice), x);
  return dims;
}

Shape withSize(Shape shape, std::size_t d, std::int64_t size) {
  shape.at(d) = size;
  return shape;
}

} // namespace detail
} // namespace mg
