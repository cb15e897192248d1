#include "frontend/dsl/Gather.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg {
using namespace detail;

Tensor detail::asIndex(const Tensor &x) {
  const DType dtype = specOf(x).dtype;
  if (isFloat(dtype) || dtype == DType::b1)
    fail(fmt::format("indices are integers, not {}", to_string(dtype)), x,
         "the index");
  const bool wide = size_of(dtype) == 8 || dtype == DType::u32;
  return cast(x, wide ? DType::i64 : DType::i32);
}

/// Negative indices count from the end of a dimension of size n.
static Tensor fromFront(const Tensor &indices, std::int64_t n) {
  return isUnsigned(indices.dtype()) ? indices
                                     : where(indices < 0, indices + n, indices);
}

/// (s.., K) from K arrays that broadcast to s.
static Tensor indexVectors(const Tensors &arrays) {
  Shape shape;
  DType dtype = DType::i32;
  for (const Tensor &array : arrays) {
    shape = broadcastShapes(splat(0, {DType::i32, shape}, "index", {}), array);
    dtype = promote(dtype, array.dtype());
  }
  Tensors vectors;
  for (const Tensor &array : arrays)
    vectors.push_back(expand_dims(fit(array, {dtype, shape}), -1));
  return vectors.size() == 1 ? vectors.front() : concat(vectors, -1);
}

GatherPlan::GatherPlan(const Tensor &x, std::vector<std::int64_t> dims,
                       const Tensors &arrays)
    : x(x), dims(std::move(dims)) {
  Tensors counted;
  for (std::size_t i = 0; i < arrays.size(); ++i)
    counted.push_back(
        fromFront(asIndex(arrays[i]), specOf(x).shape[this->dims[i]]));
  indices = indexVectors(counted);
}

std::vector<int> GatherPlan::order() const {
  const int outer = indices.rank() - 1, rank = x.rank();
  const int count = static_cast<int>(dims.size());
  const bool adjacent = dims.back() - dims.front() == count - 1;
  const int before = adjacent ? static_cast<int>(dims.front()) : 0;
  std::vector<int> order;
  for (int i = 0; i < before; ++i)
    order.push_back(outer + i);
  for (int i = 0; i < outer; ++i)
    order.push_back(i);
  for (int i = before; i < rank - count; ++i)
    order.push_back(outer + i);
  return order;
}

static Tensor reorder(const Tensor &x, const std::vector<int> &order) {
  return std::is_sorted(order.begin(), order.end()) ? x : transpose(x, order);
}

Tensor GatherPlan::gather() const {
  return reorder(emit("gather", {x, indices}, Attrs().set("dims", dims)),
                 order());
}

Tensor GatherPlan::scatter(const Arg &v, mlir::mg::ScatterMode mode) const {
  Shape own(indices.shape().begin(), indices.shape().end() - 1);
  for (int i = 0; i < x.rank(); ++i)
    if (!std::binary_search(dims.begin(), dims.end(), i))
      own.push_back(x.shape()[i]);
  const std::vector<int> forward = order();
  Shape result;
  std::vector<int> inverse(forward.size());
  for (std::size_t i = 0; i < forward.size(); ++i) {
    result.push_back(own[forward[i]]);
    inverse[forward[i]] = static_cast<int>(i);
  }
  broadcastShapes(splat(0, {x.dtype(), result}, "x", v.where), v); // or fails
  const Tensor updates = reorder(fit(v, {x.dtype(), result}), inverse);
  return emit("scatter", {x, indices, updates},
              Attrs()
                  .choose<mlir::mg::ScatterModeAttr>("mode", mode)
                  .set("dims", dims));
}

Tensor take(Arg x, Arg indices, int axis) {
  Scope scope("take", x.where);
  const int dim =
      axisOf(axis, static_cast<int>(specOf(x.tensor).shape.size()), x.tensor);
  return GatherPlan(x.tensor, {dim}, {indices.tensor}).gather();
}
Tensor take_along_axis(Arg x, Arg indices, int axis) {
  Scope scope("take_along_axis", x.where);
  const int rank = static_cast<int>(specOf(x.tensor).shape.size());
  const int dim = axisOf(axis, rank, x.tensor);
  const Spec at = specOf(indices.tensor);
  if (static_cast<int>(at.shape.size()) != rank)
    fail(fmt::format("the indices are {}, x is {}", toString(at),
                     type_string(x.tensor)),
         indices.tensor, "the index");
  Tensors arrays;
  std::vector<std::int64_t> dims;
  for (int i = 0; i < rank; ++i) {
    dims.push_back(i);
    arrays.push_back(i == dim ? indices.tensor : iota(at.shape, i));
  }
  return GatherPlan(x.tensor, dims, arrays).gather();
}

Tensor dynamic_slice(Arg x, Arg start, Shape size) {
  Scope scope("dynamic_slice", x.where);
  return emit("dynamic_slice", {x.tensor, asIndex(start.tensor)},
              Attrs().set("size", size));
}
Tensor dynamic_update_slice(Arg x, Arg update, Arg start) {
  Scope scope("dynamic_update_slice", x.where);
  return emit("dynamic_update_slice",
              {x.tensor, cast(update.tensor, specOf(x.tensor).dtype),
               asIndex(start.tensor)});
}

} // namespace mg
