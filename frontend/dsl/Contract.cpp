//===- Contract.cpp - matmul, dot_general, conv ---------------------------===//
#include "frontend/dsl/Autocast.h"
#include "frontend/dsl/Promote.h"
#include "mg/quantize.h"

#include <fmt/format.h>

#include <numeric>

namespace mg {
using namespace detail;

namespace {

/// Both operands of `op` in the dtype in which it takes them.
std::pair<Tensor, Tensor> sameDType(const char *op, const Arg &a,
                                    const Arg &b) {
  specOf(a.tensor), specOf(b.tensor); // neither is empty
  const DType dtype = autocastTo(op, counting(promoteAll({&a, &b})));
  return {cast(a.tensor, dtype), cast(b.tensor, dtype)};
}

using Dims = std::vector<std::int64_t>;

/// What a contraction is told of its result: its element type. The shape
/// follows from the operands.
Spec elementsOf(DType dtype) { return {dtype, {}}; }

/// Results are of `sums` where that is given, else of the operands' dtype.
Tensor dot(const Tensor &a, const Tensor &b, const Dims &lhsContract,
           const Dims &rhsContract, const Dims &lhsBatch = {},
           const Dims &rhsBatch = {}, std::optional<DType> sums = {}) {
  Attrs attributes;
  attributes.set("lhs_contract", lhsContract).set("rhs_contract", rhsContract);
  if (!lhsBatch.empty() || !rhsBatch.empty())
    attributes.set("lhs_batch", lhsBatch).set("rhs_batch", rhsBatch);
  if (!sums)
    return emit("dot", {a, b}, attributes);
  return emit("dot", {a, b}, attributes, elementsOf(*sums));
}

/// The dimensions before the last two.
Shape batchOf(const Shape &shape) { return {shape.begin(), shape.end() - 2}; }
Tensor withBatch(const Tensor &x, Shape batch) {
  const Shape &shape = x.shape();
  batch.insert(batch.end(), shape.end() - 2, shape.end());
  return spread(x, batch);
}

Dims dimsOf(const std::vector<int> &axes, const Tensor &x) {
  Dims dims;
  for (int axis : axes)
    dims.push_back(axisOf(axis, x.rank(), x));
  return dims;
}

/// matmul of operands of one dtype.
Tensor product(const Tensor &x, const Tensor &y, const Arg &a, const Arg &b,
               std::optional<DType> sums = {}) {
  const Shape &s = x.shape(), &t = y.shape();
  const std::string both =
      fmt::format(" (lhs {}, rhs {})", type_string(x), type_string(y));
  if (s.empty() || t.empty())
    fail("an operand has no dimensions" + both, b.tensor, "rhs");
  const int inner = x.rank() - 1, rows = std::max(y.rank() - 2, 0);
  if (s[inner] != t[rows])
    fail(fmt::format("inner dimensions {} and {} differ{}", s[inner], t[rows],
                     both),
         b.tensor, "rhs");
  // Without batch dimensions in rhs, lhs' are just more rows.
  if (y.rank() <= 2 || x.rank() == 1)
    return dot(x, y, {inner}, {rows}, {}, {}, sums);
  const Tensor lhs = splat(0, {x.dtype(), batchOf(s)}, "lhs", a.where);
  const Tensor rhs = splat(0, {x.dtype(), batchOf(t)}, "rhs", b.where);
  const Shape batch = broadcastShapes(lhs, rhs);
  Dims leading(batch.size());
  std::iota(leading.begin(), leading.end(), 0);
  const auto n = static_cast<std::int64_t>(batch.size());
  return dot(withBatch(x, batch), withBatch(y, batch), {n + 1}, {n}, leading,
             leading, sums);
}

/// The dtype of sums of products of a and b, which are of 8 bits.
DType sumsOf(const Tensor &a, const Tensor &b) {
  const DType dtype = specOf(a).dtype;
  if (dtype != specOf(b).dtype || (dtype != DType::i8 && dtype != DType::u8))
    fail(fmt::format("two operands of i8, or of u8, are wanted, not {} and {}",
                     type_string(a), type_string(b)),
         b, "rhs");
  return dtype == DType::i8 ? DType::i32 : DType::u32;
}

Attrs convAttributes(const Tensor &x, const ConvOptions &options) {
  const std::size_t spatial = std::max(x.rank() - 2, 0);
  auto given = [&](const Shape &values, std::int64_t otherwise) {
    return values.empty() ? Shape(spatial, otherwise) : values;
  };
  return Attrs()
      .set("strides", given(options.strides, 1))
      .set("lo", given(options.low, 0))
      .set("hi", given(options.high, 0))
      .set("lhs_dilation", given(options.lhs_dilation, 1))
      .set("rhs_dilation", given(options.rhs_dilation, 1))
      .set("groups", options.groups);
}

} // namespace

Tensor matmul(Arg a, Arg b) {
  Scope scope("matmul", a.where);
  auto [x, y] = sameDType("matmul", a, b);
  return product(x, y, a, b);
}

Tensor matmul_i32(Arg a, Arg b) {
  Scope scope("matmul_i32", a.where);
  const DType sums = sumsOf(a.tensor, b.tensor);
  return cast(product(a.tensor, b.tensor, a, b, sums), DType::i32);
}

Tensor dot_general(Arg a, Arg b, const DotDims &dims) {
  Scope scope("dot_general", a.where);
  auto [x, y] = sameDType("dot_general", a, b);
  return dot(x, y, dimsOf(dims.lhs_contract, x), dimsOf(dims.rhs_contract, y),
             dimsOf(dims.lhs_batch, x), dimsOf(dims.rhs_batch, y));
}

Tensor tensordot(Arg a, Arg b, int axes) {
  Scope scope("tensordot", a.where);
  auto [x, y] = sameDType("tensordot", a, b);
  if (axes < 0 || axes > x.rank() || axes > y.rank())
    fail(fmt::format("{} axes of {} and {}", axes, type_string(x),
                     type_string(y)),
         b.tensor, "rhs");
  Dims last(axes), first(axes);
  std::iota(last.begin(), last.end(), x.rank() - axes);
  std::iota(first.begin(), first.end(), 0);
  return dot(x, y, last, first);
}

Tensor conv(Arg x, Arg w, const ConvOptions &options) {
  Scope scope("conv", x.where);
  auto [input, weights] = sameDType("conv", x, w);
  return emit("conv", {input, weights}, convAttributes(input, options));
}

Tensor conv_i32(Arg x, Arg w, const ConvOptions &options) {
  Scope scope("conv_i32", x.where);
  const DType sums = sumsOf(x.tensor, w.tensor);
  const Attrs attributes = convAttributes(x.tensor, options);
  return cast(emit("conv", {x.tensor, w.tensor}, attributes, elementsOf(sums)),
              DType::i32);
}

} // namespace mg
