//===- Tensor.cpp - the handle, its type, its elements --------------------===//
#include "frontend/tensor/Element.h"
#include "frontend/tensor/Value.h"

#include "minigrad/kernels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mg {

static_assert(sizeof(Tensor) == sizeof(void *));
static_assert(int(DType::b1) == MG_BOOL && int(DType::i64) == MG_I64 &&
              int(DType::u64) == MG_U64 && int(DType::f64) == MG_F64);

const char *to_string(DType dtype) {
  return mg_dtype_name(detail::cDType(dtype));
}
std::size_t size_of(DType dtype) {
  return mg_dtype_size(detail::cDType(dtype));
}

namespace detail {

void retain(const Value *value) noexcept {
  value->references.fetch_add(1, std::memory_order_relaxed);
}
void release(const Value *value) noexcept {
  if (value->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete value;
}

const Value &get(const Tensor &t, const char *op, Where where) {
  if (t.empty())
    throw Error(where, op,
                "the tensor is empty: never set, or given away by std::move");
  return *t.value();
}

const Value &known(const Tensor &t, const char *op, Where where) {
  const Value &v = get(t, op, where);
  if (v.isEager())
    return v;
  checkUsable(t, op, where);
  throw Error(where, op,
              fmt::format("the value of {} is not known while tracing",
                          toString(v.spec)),
              origin(t, "it"), "use where(...), or compute it outside");
}

Tensor makeEager(eager::Array array, Where where, std::string label) {
  auto *value = new Value;
  value->spec.dtype = dtypeOf(array);
  value->spec.shape.assign(array.shape().begin(), array.shape().end());
  value->where = where;
  value->label = std::move(label);
  value->array = std::move(array);
  return Tensor(value);
}

Note origin(const Tensor &t, const std::string &role) {
  return {t.value()->where, role + " is the " + t.value()->label};
}

std::string toString(const Shape &shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}
std::string toString(const Spec &spec) {
  return to_string(spec.dtype) + toString(spec.shape);
}

std::int64_t checkedSize(const Shape &shape, DType dtype, const char *op,
                         Where where) {
  if (shape.size() > MG_MAX_RANK)
    throw Error(where, op,
                fmt::format("rank {} is over the limit of {}", shape.size(),
                            MG_MAX_RANK));
  std::int64_t bytes = static_cast<std::int64_t>(size_of(dtype)), size = 1;
  for (std::int64_t n : shape) {
    if (n < 0)
      throw Error(where, op, fmt::format("size {} is negative", n));
    // Strides must not overflow either: an empty dimension counts as 1.
    if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(n, 1), &bytes))
      throw Error(
          where, op,
          fmt::format("{} is larger than the address space", toString(shape)));
    size *= n;
  }
  return size;
}

Shape rowMajorStrides(const Shape &shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

bool isSplat(const eager::Array &array) {
  for (int i = 0; i < array.view.rank; ++i)
    if (array.view.strides[i] != 0 && array.view.shape[i] != 1)
      return false;
  return array.size() > 0;
}

} // namespace detail

const Shape &Tensor::shape() const {
  return detail::get(*this, "shape", Where::current()).spec.shape;
}
DType Tensor::dtype() const {
  return detail::get(*this, "dtype", Where::current()).spec.dtype;
}
std::int64_t Tensor::size() const {
  std::int64_t size = 1;
  for (std::int64_t n : shape())
    size *= n;
  return size;
}
std::int64_t Tensor::size(int axis, Where where) const {
  if (axis < -rank() || axis >= rank())
    throw Error(where, "size",
                fmt::format("axis {} is out of range for {}", axis,
                            type_string(*this)));
  return shape()[axis < 0 ? axis + rank() : axis];
}

Shape Tensor::strides(Where where) const {
  auto strides = detail::known(*this, "strides", where).array.strides();
  return {strides.begin(), strides.end()};
}

const void *Tensor::data(Where where) const {
  const eager::Array &array = detail::known(*this, "data", where).array;
  if (!array.isRowMajor())
    throw Error(where, "data",
                fmt::format("{} with strides {} is not row-major",
                            type_string(*this),
                            detail::toString(strides(where))),
                detail::origin(*this, "it"), "contiguous(x) makes a copy");
  return array.view.data;
}

void Tensor::read(const char *op, void *out, DType dtype, std::int64_t count,
                  Where where) const {
  using namespace detail;
  const Value &v = known(*this, op, where);
  if (size() != count)
    throw Error(where, op,
                fmt::format("{} has not one element", type_string(*this)),
                origin(*this, "it"));
  const eager::Array array = eager::rowMajor(v.array);
  withType(dtypeOf(array), [&](auto *from) {
    withType(dtype, [&](auto *to) {
      using From = std::remove_reference_t<decltype(*from)>;
      using To = std::remove_reference_t<decltype(*to)>;
      for (std::int64_t i = 0; i < count; ++i)
        static_cast<To *>(out)[i] =
            convertElement<To>(static_cast<const From *>(array.view.data)[i]);
    });
  });
}

std::string type_string(const Tensor &t) {
  return t.empty() ? "empty" : detail::toString(t.value()->spec);
}

} // namespace mg
