//===- Create.cpp - tensors from numbers and from memory ------------------===//
#include "frontend/tensor/Element.h"
#include "frontend/tensor/Value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace mg {
using namespace detail;

/// Writes `number` as the one element at `out`; an Error where an integer does
/// not fit.
static void write(Number number, DType dtype, void *out, const char *op,
                  Where where) {
  withType(dtype, [&](auto *type) {
    using T = std::remove_reference_t<decltype(*type)>;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const bool fits =
          number.kind == Number::real
              ? static_cast<double>(convertElement<T>(number.value)) ==
                    number.value
              : std::in_range<T>(number.whole);
      if (!fits)
        throw Error(where, op,
                    number.kind == Number::real
                        ? fmt::format("{} is no value of {}", number.value,
                                      to_string(dtype))
                        : fmt::format("{} is no value of {}", number.whole,
                                      to_string(dtype)));
      *static_cast<T *>(out) = number.kind == Number::real
                                   ? convertElement<T>(number.value)
                                   : static_cast<T>(number.whole);
    } else if constexpr (std::is_same_v<T, bool>) {
      *static_cast<bool *>(out) = number.value != 0;
    } else {
      *static_cast<T *>(out) = convertElement<T>(number.value);
    }
  });
}

Tensor detail::splat(Number number, const Spec &spec, const char *op,
                     Where where) {
  checkedSize(spec.shape, spec.dtype, op, where);
  eager::Array array = eager::allocate(cDType(spec.dtype), Shape{});
  write(number, spec.dtype, array.view.data, op, where);
  array.view.rank = static_cast<int>(spec.shape.size());
  std::copy(spec.shape.begin(), spec.shape.end(), array.view.shape);
  std::fill_n(array.view.strides, array.view.rank, 0);
  return makeEager(std::move(array), where, fmt::format("result of {}", op));
}

Tensor::Tensor(Number number, Where where)
    : Tensor(splat(number, {number.dtype(), {}}, "number", where)) {}

Tensor from(std::initializer_list<Number> elements, Where where) {
  return from(elements, {static_cast<std::int64_t>(elements.size())}, where);
}
Tensor from(std::initializer_list<Number> elements, Shape shape, Where where) {
  Number::Kind kind = elements.size() ? Number::boolean : Number::real;
  for (const Number &number : elements)
    kind = std::max(kind, number.kind);
  const DType dtype = kind == Number::boolean   ? DType::b1
                      : kind == Number::integer ? DType::i32
                                                : DType::f32;
  std::vector<char> bytes(elements.size() * size_of(dtype));
  std::size_t i = 0;
  for (const Number &number : elements)
    write(number, dtype, &bytes[size_of(dtype) * i++], "from", where);
  return copy_of(bytes.data(), elements.size(), std::move(shape), dtype, where);
}

Tensor detail::copy_of(const void *elements, std::size_t count, Shape shape,
                       DType dtype, Where where) {
  if (checkedSize(shape, dtype, "from", where) !=
      static_cast<std::int64_t>(count))
    throw Error(where, "from",
                fmt::format("{} elements for {}", count, toString(shape)));
  eager::Array array = eager::allocate(cDType(dtype), shape);
  if (count)
    std::memcpy(array.view.data, elements, count * size_of(dtype));
  return makeEager(std::move(array), where, "tensor made");
}

Tensor borrow(const void *data, Shape shape, Shape strides, DType dtype,
              std::function<void()> deleter, Where where) {
  const std::int64_t size = checkedSize(shape, dtype, "borrow", where);
  if (strides.empty())
    strides = rowMajorStrides(shape);
  if (strides.size() != shape.size())
    throw Error(where, "borrow",
                fmt::format("{} strides for the shape {}", strides.size(),
                            toString(shape)));
  if (!data && size)
    throw Error(where, "borrow", "the pointer is null");
  eager::Array array;
  array.owner = std::shared_ptr<void>(const_cast<void *>(data),
                                      [deleter = std::move(deleter)](void *) {
                                        if (deleter)
                                          deleter();
                                      });
  array.view.data = const_cast<void *>(data);
  array.view.dtype = cDType(dtype);
  array.view.rank = static_cast<int>(shape.size());
  std::copy(shape.begin(), shape.end(), array.view.shape);
  std::copy(strides.begin(), strides.end(), array.view.strides);
  return makeEager(std::move(array), where, "borrowed memory");
}

Tensor spec(Shape shape, DType dtype, Where where) {
  checkedSize(shape, dtype, "spec", where);
  auto *value = new Value;
  value->spec = {dtype, std::move(shape)};
  value->where = where;
  value->label = "spec made";
  return Tensor(value);
}

} // namespace mg
