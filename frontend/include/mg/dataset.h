// Data sets: `size()` and `operator[](i)`, which gives a tree of tensors and
// may be called by several threads at once. One whose samples are random has
// `get(i, key)` instead: the key depends on the loader's seed, the epoch and i
// only. One that is quicker with many samples at once has `get_batch(indices)`,
// too.
#pragma once
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "mg/sampler.h"
#include "mg/tree.h"

namespace mg::data {

template <class D>
concept Sized = requires(const D &d) {
  { d.size() } -> std::convertible_to<std::int64_t>;
};
template <class D>
concept Plain = Sized<D> && requires(const D &d, std::int64_t i) { d[i]; };
template <class D>
concept Keyed = Sized<D> && requires(const D &d, std::int64_t i,
                                     const Key &key) { d.get(i, key); };
template <class D>
concept Dataset = Plain<D> || Keyed<D>;
template <class D>
concept Batched =
    Sized<D> && requires(const D &d, const Indices &is) { d.get_batch(is); };

namespace detail {
using mg::detail::Walker;

template <Dataset D>
auto item(const D &d, std::int64_t i, [[maybe_unused]] const Key &key) {
  if constexpr (Keyed<D>)
    return d.get(i, key);
  else
    return d[i];
}

/// `t` so that row(t, i) copies nothing: its value known, the elements of one
/// row one after the other.
Tensor with_rows(const Tensor &t, const std::string &path, Where where);
/// The common size of the first dimensions.
std::int64_t common_rows(const Leaves &leaves,
                         const std::vector<std::string> &paths, Where where);
Tensor row(const Tensor &t, std::int64_t i, std::int64_t size);
Tensor rows(const Tensor &t, const Indices &picks, std::int64_t size);
[[noreturn]] void no_sample(std::int64_t i, std::int64_t size);
std::vector<Indices> split(std::int64_t size,
                           const std::vector<Number> &lengths, Seed seed,
                           Where where);
void collate(std::int64_t count,
             const std::function<void(std::int64_t, Walker &)> &items,
             const std::function<void(Walker &)> &batch, Where where);
} // namespace detail

/// The type of a sample.
template <Dataset D>
using ItemOf = std::remove_cvref_t<decltype(detail::item(
    std::declval<const D &>(), 0, std::declval<const Key &>()))>;

/// Samples stacked leaf by leaf: the leaves get a new first dimension. The
/// static parts of all samples must be equal.
struct Collate {
  template <class T>
  T operator()(const std::vector<T> &items,
               Where where = Where::current()) const {
    if (items.empty())
      throw Error(where, "collate", "no samples");
    T batch = items.front();
    detail::collate(
        static_cast<std::int64_t>(items.size()),
        [&](std::int64_t i, detail::Walker &w) {
          mg::detail::walk(const_cast<T &>(items[static_cast<std::size_t>(i)]),
                           w);
        },
        [&](detail::Walker &w) { mg::detail::walk(batch, w); }, where);
    return batch;
  }
};
inline constexpr Collate collate{};

/// The rows of a tree of tensors with one first dimension: `(x, y)` gives
/// pairs, a struct of tensors such structs.
template <class T> class TensorDataset {
public:
  explicit TensorDataset(T tree, Where where = Where::current())
      : columns(std::move(tree)) {
    const auto names = paths(columns);
    count = detail::common_rows(flatten(columns), names, where);
    std::size_t i = 0;
    for_each_tensor(columns, [&](Tensor &t) {
      t = detail::with_rows(t, names[i++], where);
    });
  }
  TensorDataset(Tensor x, Tensor y, Where where = Where::current())
    requires std::same_as<T, std::pair<Tensor, Tensor>>
      : TensorDataset(T{std::move(x), std::move(y)}, where) {}
  TensorDataset(Tensor x, Tensor y, Tensor z, Where where = Where::current())
    requires std::same_as<T, std::tuple<Tensor, Tensor, Tensor>>
      : TensorDataset(T{std::move(x), std::move(y), std::move(z)}, where) {}

  std::int64_t size() const { return count; }
  T operator[](std::int64_t i) const {
    T item = columns;
    for_each_tensor(item, [&](Tensor &t) { t = detail::row(t, i, count); });
    return item;
  }
  T get_batch(const Indices &picks) const {
    T batch = columns;
    for_each_tensor(batch,
                    [&](Tensor &t) { t = detail::rows(t, picks, count); });
    return batch;
  }

private:
  T columns;
  std::int64_t count;
};
template <class T> TensorDataset(T) -> TensorDataset<T>;
TensorDataset(Tensor, Tensor) -> TensorDataset<std::pair<Tensor, Tensor>>;
TensorDataset(Tensor, Tensor, Tensor)
    -> TensorDataset<std::tuple<Tensor, Tensor, Tensor>>;

/// One data set after the other.
template <Dataset First, Dataset... Rest>
  requires(std::same_as<ItemOf<First>, ItemOf<Rest>> && ...)
class ConcatDataset {
public:
  explicit ConcatDataset(First first, Rest... rest)
      : parts(std::move(first), std::move(rest)...) {}
  std::int64_t size() const {
    return std::apply(
        [](const auto &...d) {
          return (static_cast<std::int64_t>(d.size()) + ...);
        },
        parts);
  }
  auto operator[](std::int64_t i) const
    requires(!Keyed<First> && ... && !Keyed<Rest>)
  {
    return at(i, [](const auto &d, std::int64_t k) { return d[k]; });
  }
  auto get(std::int64_t i, const Key &key) const
    requires(Keyed<First> || ... || Keyed<Rest>)
  {
    return at(i, [&](const auto &d, std::int64_t k) {
      return detail::item(d, k, key);
    });
  }

private:
  template <class F> ItemOf<First> at(std::int64_t i, F f) const {
    std::optional<ItemOf<First>> found;
    std::int64_t k = i;
    auto look = [&](const auto &d) {
      if (const auto n = static_cast<std::int64_t>(d.size()); found || k >= n)
        k -= n;
      else
        found = f(d, k);
    };
    if (i >= 0)
      std::apply([&](const auto &...d) { (look(d), ...); }, parts);
    if (!found)
      detail::no_sample(i, size());
    return std::move(*found);
  }
  std::tuple<First, Rest...> parts;
};

/// Some samples of a data set, in the order of `indices`.
template <Dataset D> class Subset {
public:
  Subset(D dataset, Indices indices)
      : dataset(std::move(dataset)), indices(std::move(indices)) {}
  std::int64_t size() const {
    return static_cast<std::int64_t>(indices.size());
  }
  auto operator[](std::int64_t i) const
    requires(!Keyed<D>)
  {
    return dataset[at(i)];
  }
  auto get(std::int64_t i, const Key &key) const
    requires Keyed<D>
  {
    return dataset.get(at(i), key);
  }
  auto get_batch(const Indices &picks) const
    requires Batched<D>
  {
    Indices inner;
    for (std::int64_t i : picks)
      inner.push_back(at(i));
    return dataset.get_batch(inner);
  }

private:
  std::int64_t at(std::int64_t i) const {
    if (i < 0 || i >= size())
      detail::no_sample(i, size());
    return indices[static_cast<std::size_t>(i)];
  }
  D dataset;
  Indices indices;
};

/// f(sample), or f(sample, key) for what is random.
template <Dataset D, class F> class Transformed {
  static constexpr bool random = std::invocable<const F &, ItemOf<D>, Key>;

public:
  Transformed(D dataset, F f) : dataset(std::move(dataset)), f(std::move(f)) {}
  std::int64_t size() const {
    return static_cast<std::int64_t>(dataset.size());
  }
  auto operator[](std::int64_t i) const
    requires(!random && !Keyed<D>)
  {
    return f(dataset[i]);
  }
  auto get(std::int64_t i, const Key &key) const
    requires(random || Keyed<D>)
  {
    if constexpr (!random)
      return f(dataset.get(i, key));
    else if constexpr (!Keyed<D>)
      return f(dataset[i], key);
    else // two draws, two keys
      return f(dataset.get(i, key.fold(0)), key.fold(1));
  }

private:
  D dataset;
  F f;
};
/// Runs where the sample is made, so on the loader's threads.
template <Dataset D, class F> auto transform(D dataset, F f) {
  return Transformed<D, F>(std::move(dataset), std::move(f));
}

/// Disjoint subsets in random order. `lengths` are whole numbers that add up to
/// the size, or fractions that add up to 1.
template <Dataset D>
std::vector<Subset<D>>
random_split(const D &dataset, const std::vector<Number> &lengths,
             Seed seed = 0, Where where = Where::current()) {
  std::vector<Subset<D>> parts;
  for (Indices &indices : detail::split(
           static_cast<std::int64_t>(dataset.size()), lengths, seed, where))
    parts.emplace_back(dataset, std::move(indices));
  return parts;
}

} // namespace mg::data
