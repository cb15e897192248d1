//===- Create.cpp - tensors from numbers and from memory ------------------===//
#include "frontend/tensor/Element.h"
#include "frontend/tensor/Value.h"
#include "mg/ops.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace mg {
using namespace detail;

/// `number` as the integer type T; nothing where T does not have it.
template <class T> static std::optional<T> toInteger(Number number) {
  if (number.kind == Number::real) {
    const T t = convertElement<T>(number.value);
    return static_cast<double>(t) == number.value ? std::optional(t)
                                                  : std::nullopt;
  }
  const bool fits = number.is_huge() ? std::is_same_v<T, std::uint64_t>
                                     : std::in_range<T>(number.whole);
  return fits ? std::optional(static_cast<T>(number.whole)) : std::nullopt;
}

/// Writes `number` as the one element at `out`; an Error where an integer type
/// does not have it.
static void write(Number number, DType dtype, void *out, const char *op,
                  Where where) {
  withType(dtype, [&](auto *type) {
    using T = std::remove_reference_t<decltype(*type)>;
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const std::optional<T> integer = toInteger<T>(number);
      if (!integer)
        throw Error(where, op,
                    fmt::format("{} is no value of {}", number.value,
                                to_string(dtype)));
      *static_cast<T *>(out) = *integer;
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
  DType dtype = elements.size() ? elements.begin()->dtype() : DType::f32;
  for (const Number &number : elements)
    dtype = promote(dtype, number.dtype());
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
