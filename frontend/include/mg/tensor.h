// The value every program handles: a small handle, eager (a strided, shared,
// immutable host buffer) or traced (a value of an open trace).
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "mg/error.h"

// clang puts the reason into the error; g++ 12 shows the declaration, and so
// the reason, in its note.
#if defined(__cpp_deleted_function)
#define MG_DELETED(reason) = delete (reason)
#else
#define MG_DELETED(reason) = delete
#endif
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wc++26-extensions"
#endif

namespace mg {

/// The numbers are those of `mg_dtype` in the C ABI. A b1 is one byte.
enum class DType : std::uint8_t {
  b1,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  f16,
  bf16,
  f32,
  f64
};
/// "f32", ...; "bool" for b1, as in files and headers.
const char *to_string(DType dtype);
/// Bytes of one element.
std::size_t size_of(DType dtype);

using Shape = std::vector<std::int64_t>;

template <class S>
concept Scalar = std::is_arithmetic_v<S>;

/// The dtype of a C++ number in an array.
template <Scalar S> constexpr DType dtype_of() {
  if constexpr (std::is_same_v<S, bool>)
    return DType::b1;
  else if constexpr (std::is_floating_point_v<S>)
    return sizeof(S) == 4 ? DType::f32 : DType::f64;
  else {
    constexpr int log2 = sizeof(S) == 1   ? 0
                         : sizeof(S) == 2 ? 1
                         : sizeof(S) == 4 ? 2
                                          : 3;
    return DType(int(std::is_signed_v<S> ? DType::i8 : DType::u8) + log2);
  }
}

class Tensor;
struct Index;
class Place;

/// A C++ number in an expression. It is weak: beside a tensor it takes the
/// tensor's dtype, unless it is of a higher kind (bool < integer < real); alone
/// it is b1, i32 (i64 or u64 where it does not fit) or f32.
struct Number {
  enum Kind : std::uint8_t { boolean, integer, real } kind;
  std::int64_t whole = 0; // of a boolean or integer; wraps from 2^63 on
  double value = 0;       // of a real, and of the others too
  template <Scalar S>
  constexpr Number(S s)
      : kind(std::is_same_v<S, bool>       ? boolean
             : std::is_floating_point_v<S> ? real
                                           : integer),
        value(static_cast<double>(s)) {
    if constexpr (!std::is_floating_point_v<S>)
      whole = static_cast<std::int64_t>(s);
  }
  /// Whether it is an integer that only a u64 holds.
  constexpr bool is_huge() const {
    return kind == integer && value > 0 && whole < 0;
  }
  constexpr DType dtype() const {
    return kind == boolean                             ? DType::b1
           : kind == real                              ? DType::f32
           : is_huge()                                 ? DType::u64
           : whole == static_cast<std::int32_t>(whole) ? DType::i32
                                                       : DType::i64;
  }
};

namespace detail {
struct Value;
void retain(const Value *value) noexcept;
void release(const Value *value) noexcept;
template <class> inline constexpr bool never = false;
} // namespace detail

class Tensor {
public:
  Tensor() = default;
  /// Rank 0 with the number's own dtype (b1, i32 or f32).
  template <Scalar S>
  Tensor(S value, Where where = Where::current())
      : Tensor(Number(value), where) {}
  Tensor(Number value, Where where = Where::current());
  /// Takes over one count of `value`.
  explicit Tensor(const detail::Value *value) : value_(value) {}

  // Assigning to a temporary (`x[0] = v`) would be lost: only lvalues can be
  // assigned to.
  Tensor(const Tensor &t) : value_(t.value_) {
    if (value_)
      detail::retain(value_);
  }
  Tensor(Tensor &&t) noexcept : value_(std::exchange(t.value_, nullptr)) {}
  ~Tensor() {
    if (value_)
      detail::release(value_);
  }
  Tensor &operator=(const Tensor &t) & {
    Tensor copy(t);
    std::swap(value_, copy.value_);
    return *this;
  }
  Tensor &operator=(Tensor &&t) & noexcept {
    Tensor given(std::move(t));
    std::swap(value_, given.value_);
    return *this;
  }
  // (One line each: g++ shows the line of the declaration, and so the reason.)
  // clang-format off
  template <class T> void operator=(T &&) && MG_DELETED("`x[i] = v` changes nothing: write `x = x.at(i).set(v)`");
  // clang-format on

  const Shape &shape() const;
  DType dtype() const;
  int rank() const { return static_cast<int>(shape().size()); }
  std::int64_t size() const;
  /// The size of one dimension; a negative axis counts from the end.
  std::int64_t size(int axis, Where where = Where::current()) const;
  /// True for a tensor that was never set, or was given away by std::move.
  bool empty() const { return !value_; }

  /// The only element; an error where the value is not known yet (in a trace).
  template <Scalar S> S item(Where where = Where::current()) const {
    S element;
    read("item", &element, dtype_of<S>(), 1, where);
    return element;
  }
  /// All elements in row-major order, converted as by a C++ cast (clamped where
  /// an integer type cannot hold them); an error in a trace.
  template <Scalar S = float>
  std::vector<S> to_vector(Where where = Where::current()) const {
    std::vector<S> elements(static_cast<std::size_t>(size()));
    if constexpr (std::is_same_v<S, bool>) {
      std::vector<std::uint8_t> bytes(elements.size());
      read("to_vector", bytes.data(), DType::b1, size(), where);
      elements.assign(bytes.begin(), bytes.end());
    } else {
      read("to_vector", elements.data(), dtype_of<S>(), size(), where);
    }
    return elements;
  }
  /// Elements between two neighbours of each dimension (eager only).
  Shape strides(Where where = Where::current()) const;
  /// The first element of a row-major tensor; an error where the elements do
  /// not lie one after the other (`contiguous(x)` makes a copy that does).
  const void *data(Where where = Where::current()) const;

  Tensor operator[](Index i) const;
  Tensor operator()(Index, Index, Index, Index, Index, Index, Index,
                    Index) const;
  Place at(Index, Index, Index, Index, Index, Index, Index, Index) const;

  // Deleted, not absent: the compiler shows the user's line, then the reason.
  // Traits see the truth (not convertible).
  // clang-format off
  explicit operator bool() const MG_DELETED("a tensor is not a bool: item<bool>() if known, where(c, a, b)");
  template <class T> void operator+=(const T &) MG_DELETED("tensors are values: write `x = x + y`");
  template <class T> void operator-=(const T &) MG_DELETED("tensors are values: write `x = x - y`");
  template <class T> void operator*=(const T &) MG_DELETED("tensors are values: write `x = x * y`");
  template <class T> void operator/=(const T &) MG_DELETED("tensors are values: write `x = x / y`");
  // clang-format on

  const detail::Value *value() const { return value_; }

private:
  /// `count` elements, which must be all, converted to `dtype`.
  void read(const char *op, void *out, DType dtype, std::int64_t count,
            Where where) const;
  const detail::Value *value_ = nullptr;
};

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// An operand: a tensor or a number, and the user's line, which the implicit
/// conversion picks up. So no op has a parameter for the location.
struct Arg {
  Tensor tensor; // of a number: the number as a tensor of rank 0
  Where where;
  std::optional<Number> number;
  Arg(const Tensor &t, Where w = Where::current()) : tensor(t), where(w) {}
  Arg(Tensor &&t, Where w = Where::current())
      : tensor(std::move(t)), where(w) {}
  template <Scalar S>
  Arg(S s, Where w = Where::current())
      : tensor(Number(s), w), where(w), number(Number(s)) {}
};

/// Numbers as they are written: `from({1, 2})` is i32, `from({1, 2.5})` f32.
Tensor from(std::initializer_list<Number> elements,
            Where where = Where::current());
Tensor from(std::initializer_list<Number> elements, Shape shape,
            Where where = Where::current());

namespace detail {
Tensor copy_of(const void *elements, std::size_t count, Shape shape,
               DType dtype, Where where);
} // namespace detail
/// A copy of `elements`, row-major, with their own dtype.
template <Scalar S>
Tensor from(const std::vector<S> &elements, Shape shape,
            Where where = Where::current()) {
  if constexpr (std::is_same_v<S, bool>) {
    const std::vector<std::uint8_t> bytes(elements.begin(), elements.end());
    return detail::copy_of(bytes.data(), bytes.size(), std::move(shape),
                           DType::b1, where);
  } else {
    return detail::copy_of(elements.data(), elements.size(), std::move(shape),
                           dtype_of<S>(), where);
  }
}
template <Scalar S>
Tensor from(const std::vector<S> &elements, Where where = Where::current()) {
  return from(elements, {static_cast<std::int64_t>(elements.size())}, where);
}
/// Foreign memory, not copied. `strides` are in elements, empty: row-major.
/// Nobody may write to the memory until `deleter` was called, once, from any
/// thread.
Tensor borrow(const void *data, Shape shape, Shape strides, DType dtype,
              std::function<void()> deleter = {},
              Where where = Where::current());
template <Scalar S>
Tensor borrow(const S *data, Shape shape, Shape strides = {},
              std::function<void()> deleter = {},
              Where where = Where::current()) {
  return borrow(static_cast<const void *>(data), std::move(shape),
                std::move(strides), dtype_of<S>(), std::move(deleter), where);
}
/// A tensor with a type and no value: describes an argument to `aot::entry`; no
/// op computes with it.
Tensor spec(Shape shape, DType dtype = DType::f32,
            Where where = Where::current());

/// `f32[2,3]`.
std::string type_string(const Tensor &t);
/// As NumPy prints: `[[1, 2], [3, 4]] f32[2,2]`, long ones with an ellipsis.
std::ostream &operator<<(std::ostream &out, const Tensor &t);

} // namespace mg

#include "mg/index.h"
