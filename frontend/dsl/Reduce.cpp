//===- Reduce.cpp - reductions, scans, order ------------------------------===//
#include "frontend/dsl/Autocast.h"
#include "frontend/dsl/Promote.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg {
using namespace detail;
using mlir::mg::Reduction;

namespace {

/// Sums of truth values and of short integers are of 32 bits.
DType summing(DType dtype) {
  return isFloat(dtype)      ? dtype
         : isUnsigned(dtype) ? promote(dtype, DType::u32)
                             : promote(dtype, DType::i32);
}
DType same(DType dtype) { return dtype; }
DType truth(DType) { return DType::b1; }

/// The reduction of truth values that means the same.
Reduction ofTruth(Reduction kind) {
  return kind == Reduction::Max   ? Reduction::Or
         : kind == Reduction::Min ? Reduction::And
                                  : kind;
}

Tensor reduce(const char *op, Reduction kind, const Arg &x, const Axes &axes,
              bool keep, DType (*domain)(DType)) {
  Scope scope(op, x.where);
  const Spec spec = specOf(x.tensor);
  const auto dims = dimsOf(axes, x.tensor);
  const Tensor operand = cast(x.tensor, autocastTo(op, domain(spec.dtype)));
  if (operand.dtype() == DType::b1)
    kind = ofTruth(kind);
  const Tensor y = emit(
      "reduce", {operand},
      Attrs().choose<mlir::mg::ReductionAttr>("kind", kind).set("dims", dims));
  if (!keep)
    return y;
  Shape kept = spec.shape;
  for (std::int64_t d : dims)
    kept[d] = 1;
  return reshape(y, kept);
}

Tensor argReduce(const char *op, Reduction kind, const Arg &x, int axis,
                 bool keep) {
  Scope scope(op, x.where);
  const Spec spec = specOf(x.tensor);
  const int dim = axisOf(axis, x.tensor.rank(), x.tensor);
  Tensor y = emit("arg_reduce", {cast(x.tensor, counting(spec.dtype))},
                  Attrs()
                      .choose<mlir::mg::ReductionAttr>("kind", kind)
                      .set("dim", std::int64_t(dim)));
  return keep ? reshape(y, withSize(spec.shape, dim, 1)) : y;
}

Tensor cumulative(const char *op, Reduction kind, const Arg &x, int axis,
                  Scan scan, bool reverse, DType (*domain)(DType)) {
  Scope scope(op, x.where);
  const int dim =
      axisOf(axis, static_cast<int>(specOf(x.tensor).shape.size()), x.tensor);
  return emit("cumulative",
              {cast(x.tensor, autocastTo(op, domain(x.tensor.dtype())))},
              Attrs()
                  .choose<mlir::mg::ReductionAttr>("kind", kind)
                  .set("dim", std::int64_t(dim))
                  .flag("exclusive", scan == Scan::exclusive)
                  .flag("reverse", reverse));
}

/// Elements in the dimensions that a reduction over `axes` removes.
double countOf(const Tensor &x, const Axes &axes) {
  double count = 1;
  for (std::int64_t d : dimsOf(axes, x))
    count *= static_cast<double>(x.shape()[d]);
  return count;
}

} // namespace

Tensor sum(Arg x, Axes axes, bool keep) {
  return reduce("sum", Reduction::Sum, x, axes, keep, summing);
}
Tensor prod(Arg x, Axes axes, bool keep) {
  return reduce("prod", Reduction::Prod, x, axes, keep, summing);
}
Tensor max(Arg x, Axes axes, bool keep) {
  return reduce("max", Reduction::Max, x, axes, keep, same);
}
Tensor min(Arg x, Axes axes, bool keep) {
  return reduce("min", Reduction::Min, x, axes, keep, same);
}
Tensor any(Arg x, Axes axes, bool keep) {
  return reduce("any", Reduction::Or, x, axes, keep, truth);
}
Tensor All::operator()(Arg x, Axes axes, bool keep) const {
  return reduce("all", Reduction::And, x, axes, keep, truth);
}
Tensor mean(Arg x, Axes axes, bool keep) {
  Scope scope("mean", x.where);
  const DType dtype = autocastTo("mean", floating(specOf(x.tensor).dtype));
  const Tensor y = cast(x.tensor, widened(dtype));
  return cast(sum(y, axes, keep) / countOf(y, axes), dtype);
}
Tensor var(Arg x, Axes axes, bool keep, int ddof) {
  Scope scope("var", x.where);
  const DType dtype = autocastTo("var", floating(specOf(x.tensor).dtype));
  const Tensor y = cast(x.tensor, widened(dtype));
  const Tensor squares = sum(square(y - mean(y, axes, true)), axes, keep);
  return cast(squares / (countOf(y, axes) - ddof), dtype);
}
Tensor std(Arg x, Axes axes, bool keep, int ddof) {
  Scope scope("std", x.where);
  return sqrt(var(x, axes, keep, ddof));
}
Tensor argmax(Arg x, int axis, bool keep) {
  return argReduce("argmax", Reduction::Max, x, axis, keep);
}
Tensor argmin(Arg x, int axis, bool keep) {
  return argReduce("argmin", Reduction::Min, x, axis, keep);
}

Tensor cumsum(Arg x, int axis, Scan scan, bool reverse) {
  return cumulative("cumsum", Reduction::Sum, x, axis, scan, reverse, summing);
}
Tensor cumprod(Arg x, int axis, Scan scan, bool reverse) {
  return cumulative("cumprod", Reduction::Prod, x, axis, scan, reverse,
                    summing);
}
Tensor cummax(Arg x, int axis, bool reverse) {
  return cumulative("cummax", Reduction::Max, x, axis, Scan::inclusive, reverse,
                    counting);
}
Tensor cummin(Arg x, int axis, bool reverse) {
  return cumulative("cummin", Reduction::Min, x, axis, Scan::inclusive, reverse,
                    counting);
}

/// The keys sorted, and what follows them.
static Tensors sorted(const Tensors &keysAndValues, int axis, bool descending) {
  const Tensor &keys = keysAndValues.front();
  const int dim =
      axisOf(axis, static_cast<int>(specOf(keys).shape.size()), keys);
  return emitAll(
      "sort", keysAndValues,
      Attrs().set("dim", std::int64_t(dim)).flag("descending", descending));
}
Tensor sort(Arg x, int axis, bool descending) {
  Scope scope("sort", x.where);
  return sorted({x.tensor}, axis, descending).front();
}
Tensor argsort(Arg x, int axis, bool descending) {
  Scope scope("argsort", x.where);
  const Shape &shape = specOf(x.tensor).shape;
  return sorted({x.tensor, iota(shape, axis)}, axis, descending).back();
}
TopK topk(Arg x, std::int64_t k, int axis, bool largest) {
  Scope scope("topk", x.where);
  const int dim =
      axisOf(axis, static_cast<int>(specOf(x.tensor).shape.size()), x.tensor);
  Tensors both = emitAll("topk", {x.tensor},
                         Attrs()
                             .set("dim", std::int64_t(dim))
                             .set("k", k)
                             .flag("largest", largest));
  return {both.front(), both.back()};
}

} // namespace mg
