// NumPy's indexing: `x[i]`, `x(slice(1, 4), all, -1)`, `ellipsis`, `newaxis`,
// negative steps, integer arrays, `x.at(...).set(v)`.
#pragma once
#include <optional>
#include <utility>

#include "mg/tensor.h"

namespace mg {

/// An omitted bound of a slice.
struct None {};
inline constexpr None none;

struct Bound : std::optional<std::int64_t> {
  constexpr Bound(None) {}
  constexpr Bound(std::int64_t i) : std::optional<std::int64_t>(i) {}
};

struct Slice {
  Bound start = none, stop = none;
  std::int64_t step = 1;
};
constexpr Slice slice(Bound start, Bound stop, std::int64_t step = 1) {
  return {start, stop, step};
}
constexpr Slice slice(Bound stop) { return {none, stop, 1}; }

/// One axis, several, or (default) all; negative ones count from the end.
struct Axes {
  std::vector<int> list;
  bool all = false;
  Axes() : all(true) {}
  Axes(int axis) : list{axis} {}
  Axes(std::initializer_list<int> axes) : list(axes) {}
  Axes(std::vector<int> axes) : list(std::move(axes)) {}
};

/// As an index the whole dimension; called, the reduction `all(x)`.
struct All {
  Tensor operator()(Arg x, Axes axes = {}, bool keep = false) const;
};
inline constexpr All all;
struct Ellipsis {};
inline constexpr Ellipsis ellipsis;
struct NewAxis {};
inline constexpr NewAxis newaxis;

/// One index, and the user's line.
struct Index {
  enum Kind : std::uint8_t { absent, element, range, gathered, rest, fresh };
  Kind kind = absent;
  std::int64_t at = 0;
  Slice span;
  Tensor indices; // of `gathered`: integers of any shape
  Where where;
  Index() = default;
  template <std::integral I>
  Index(I i, Where w = Where::current()) : kind(element), at(i), where(w) {}
  Index(Slice s, Where w = Where::current()) : kind(range), span(s), where(w) {}
  Index(All, Where w = Where::current()) : kind(range), where(w) {}
  Index(Tensor t, Where w = Where::current())
      : kind(gathered), indices(std::move(t)), where(w) {}
  Index(Ellipsis, Where w = Where::current()) : kind(rest), where(w) {}
  Index(NewAxis, Where w = Where::current()) : kind(fresh), where(w) {}
};

/// The place of `x.at(...)`, waiting for what to put there; each returns a new
/// tensor. Where integer arrays name an element twice, the last `set` wins and
/// every `add` counts.
class Place {
public:
  Place(Tensor x, std::vector<Index> indices)
      : x_(std::move(x)), indices_(std::move(indices)) {}
  /// What is there: `x(...)`, of as many indices as there are.
  Tensor get() const;
  Tensor set(Arg v) const;
  Tensor add(Arg v) const;
  Tensor multiply(Arg v) const;
  Tensor min(Arg v) const;
  Tensor max(Arg v) const;

private:
  Tensor x_;
  std::vector<Index> indices_;
};

namespace detail {
Tensor index(const Tensor &x, const std::vector<Index> &indices);
/// The indices that are there.
std::vector<Index> present(std::initializer_list<Index> indices);
} // namespace detail

// Eight indices, not a pack: so each converts, and takes its line, where the
// user wrote it.
inline Tensor Tensor::operator[](Index i) const {
  return detail::index(*this, {std::move(i)});
}
inline Tensor Tensor::operator()(Index a, Index b = {}, Index c = {},
                                 Index d = {}, Index e = {}, Index f = {},
                                 Index g = {}, Index h = {}) const {
  return detail::index(*this, detail::present({a, b, c, d, e, f, g, h}));
}
inline Tensor Place::get() const { return detail::index(x_, indices_); }
inline Place Tensor::at(Index a, Index b = {}, Index c = {}, Index d = {},
                        Index e = {}, Index f = {}, Index g = {},
                        Index h = {}) const {
  return {*this, detail::present({a, b, c, d, e, f, g, h})};
}

} // namespace mg
