// Trees: a Tensor, or an aggregate / array / vector / tuple / pair / optional /
// map of trees. Everything else in them (numbers, enums, strings) is a static
// part: copied along, and part of the jit key.
//
// `walk` is the only template per type; what is done at the leaves is a Walker,
// compiled once.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "mg/fields.h"
#include "mg/tensor.h"

namespace mg {

using Leaves = std::vector<Tensor>;

namespace detail {

struct Walker {
  virtual void leaf(Tensor &t) = 0;
  /// A static part, or the size of a vector.
  virtual void fixed(std::string_view) {}
  /// Static parts that can be read from text.
  virtual void number(void *value, DType dtype) {
    fixed({static_cast<const char *>(value), size_of(dtype)});
  }
  virtual void text(std::string &value) { fixed(value); }
  virtual void enter(std::string_view) {}
  virtual void leave() {}
  virtual void enter(std::size_t i) { enter(std::to_string(i)); }

protected:
  ~Walker() = default;
};

template <class T, template <class...> class C>
inline constexpr bool is = false;
template <template <class...> class C, class... A>
inline constexpr bool is<C<A...>, C> = true;
template <class T> inline constexpr bool is_array = false;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
concept Static =
    std::is_arithmetic_v<T> || std::is_enum_v<T> ||
    std::is_same_v<T, std::string> ||
    (std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>);

/// Numbers and enums that an element of a tensor could hold.
template <class T>
concept Numeric =
    (std::is_arithmetic_v<T> || std::is_enum_v<T>) && sizeof(T) <= 8;
template <Numeric T> constexpr DType number_dtype() {
  if constexpr (std::is_enum_v<T>)
    return dtype_of<std::underlying_type_t<T>>();
  else
    return dtype_of<T>();
}

template <class T> void walk(T &t, Walker &w);

template <class C> void walk_range(C &c, Walker &w) {
  std::size_t i = 0;
  for (auto &e : c)
    w.enter(i++), walk(e, w), w.leave();
}
template <class Tuple>
void walk_tuple(Tuple &t, const std::string_view *names, Walker &w) {
  std::size_t i = 0;
  auto one = [&](auto &e) {
    names ? w.enter(names[i]) : w.enter(i);
    walk(e, w), w.leave(), ++i;
  };
  std::apply([&](auto &...e) { (one(e), ...); }, t);
}

/// True, or the static_assert of `field_count`: asked where a function is given
/// to a transform, before any deep instantiation.
template <class T> consteval bool is_readable() {
  if constexpr (std::is_class_v<T> && std::is_aggregate_v<T> && !is_array<T> &&
                !FieldAccess::has<T>)
    (void)field_count<T>();
  return true;
}

std::vector<std::string_view> split_names(std::string_view list);

template <class T> void walk(T &t, Walker &w) {
  if constexpr (std::is_same_v<T, Tensor>) {
    w.leaf(t);
  } else if constexpr (FieldAccess::has<T>) {
    static const auto names = split_names(FieldAccess::names<T>());
    auto fields = FieldAccess::tie(t);
    walk_tuple(fields, names.data(), w);
  } else if constexpr (std::is_same_v<T, std::string>) {
    w.text(t);
  } else if constexpr (Numeric<T>) {
    w.number(&t, number_dtype<T>());
  } else if constexpr (Static<T>) {
    w.fixed({reinterpret_cast<const char *>(&t), sizeof t});
  } else if constexpr (is_array<T>) {
    walk_range(t, w);
  } else if constexpr (is<T, std::vector>) {
    w.fixed(std::to_string(t.size())), walk_range(t, w);
  } else if constexpr (is<T, std::optional>) {
    w.fixed(t ? "some" : "none");
    if (t)
      walk(*t, w);
  } else if constexpr (is<T, std::map>) {
    for (auto &[k, v] : t) {
      if constexpr (std::is_arithmetic_v<std::remove_const_t<
                        std::remove_reference_t<decltype(k)>>>)
        w.enter(std::to_string(k));
      else
        w.enter(k);
      walk(v, w), w.leave();
    }
  } else if constexpr (is<T, std::tuple> || is<T, std::pair>) {
    walk_tuple(t, nullptr, w);
  } else if constexpr (std::is_array_v<T>) {
    static_assert(never<T>,
                  "mg: a C array is not a tree: use std::array<T, N>");
  } else if constexpr (std::is_aggregate_v<T>) {
    if constexpr (constexpr std::size_t n = field_count<T>(); n > 0) {
      auto fields = bind<n>(t);
      walk_tuple(fields, FieldNames<T>::list.data(), w);
    }
  } else {
    static_assert(never<T>,
                  "mg: this type is neither a tree (Tensor, plain struct, "
                  "std::array, vector, tuple, pair, optional, "
                  "map) nor a static value (number, enum, string): give its "
                  "class MG_FIELDS(...)");
  }
}

void walk_leaves(const std::function<void(Walker &)> &tree,
                 const std::function<void(const std::string &, Tensor &)> &f);
/// The same without the paths, for every call of a compiled function.
void walk_tensors(const std::function<void(Walker &)> &tree,
                  const std::function<void(Tensor &)> &f);
/// What makes two calls the same compilation: structure, static parts, dtype
/// and shape of each leaf.
std::string key_of(const std::function<void(Walker &)> &tree);
/// The type without the value, with the line and the origin; an empty tensor
/// stays empty.
Tensor type_only(const Tensor &t);

} // namespace detail

/// f(path, leaf&) for each leaf, in order of declaration; paths like `fc1.w`,
/// `layers.0.w`.
template <class T, class F> void for_each_leaf(T &tree, F &&f) {
  detail::walk_leaves([&](detail::Walker &w) { detail::walk(tree, w); }, f);
}

/// f(leaf&) for each leaf, in the same order.
template <class T, class F> void for_each_tensor(T &tree, F &&f) {
  detail::walk_tensors([&](detail::Walker &w) { detail::walk(tree, w); }, f);
}

template <class T> Leaves flatten(const T &tree) {
  Leaves leaves;
  for_each_tensor(const_cast<T &>(tree),
                  [&](Tensor &t) { leaves.push_back(t); });
  return leaves;
}
template <class T> std::vector<std::string> paths(const T &tree) {
  std::vector<std::string> names;
  for_each_leaf(const_cast<T &>(tree), [&](const std::string &path, Tensor &) {
    names.push_back(path);
  });
  return names;
}
/// `like` with its leaves replaced, in order.
template <class T> T unflatten(T like, const Leaves &leaves) {
  std::size_t i = 0;
  for_each_tensor(like, [&](Tensor &t) { t = leaves.at(i++); });
  return like;
}
/// The tree of f(leaf, leaf of more...).
template <class T, class F, class... More>
T map(F &&f, const T &tree, const More &...more) {
  std::size_t i = 0;
  std::array<Leaves, sizeof...(More)> others{flatten(more)...};
  T result = tree;
  for_each_tensor(result, [&](Tensor &t) {
    t = std::apply([&](auto &...o) { return f(std::as_const(t), o.at(i)...); },
                   others);
    ++i;
  });
  return result;
}
/// The same tree with types only: describes arguments to `aot::entry`.
template <class T> T shapes_of(const T &tree) {
  return map([](const Tensor &t) { return detail::type_only(t); }, tree);
}
/// Equal for two trees that a jitted function treats alike.
template <class T> std::string key_of(const T &tree) {
  return detail::key_of(
      [&](detail::Walker &w) { detail::walk(const_cast<T &>(tree), w); });
}

} // namespace mg
