// The same functions ahead of time:
//
//   aot::compile("mlp", {aot::entry("infer", f, aot::weights(model), x), ...})
//
// writes mlp.o and mlp.h.
#pragma once
#include "mg/jit.h"

namespace mg::aot {

/// An argument of `entry` with a name of its own.
template <class T> struct Named {
  const T &tree;
  std::string name;
  bool is_weights;
};
/// `input("x", spec({64, 784}))`: an input named x; below a struct `x.field`.
template <class T> Named<T> input(std::string name, const T &tree) {
  return {tree, std::move(name), false};
}
/// A tree whose tensors are weights of the object, not arguments: named by
/// their paths (below `name` where there is one), the same for all entries.
template <class T> Named<T> weights(const T &tree) { return {tree, "", true}; }
template <class T> Named<T> weights(std::string name, const T &tree) {
  return {tree, std::move(name), true};
}

/// The name of an entry, and the user's line.
struct Name {
  std::string text;
  Where where;
  Name(const char *name, Where w = Where::current()) : text(name), where(w) {}
  Name(std::string name, Where w = Where::current())
      : text(std::move(name)), where(w) {}
};

/// One exported function: what it does is traced by `compile`, so that all
/// entries share their weights.
struct Entry {
  Name name;
  Leaves leaves = {}; // of all arguments: values or specs
  std::vector<std::string> paths = {};
  std::vector<bool> is_weight = {};
  detail::Body body = {};
  std::shared_ptr<std::vector<std::string>> output_paths = {}; // after `body`
};

struct Options {
  /// CPU levels in the object, one or more; "native" is this machine's.
  std::vector<std::string> targets = {"x86-64-v2", "x86-64-v3", "x86-64-v4"};
  std::string directory = ".";
  /// Weights of at most this many bytes together are embedded in the object;
  /// else they are written beside it, to NAME.safetensors.
  std::size_t embed_limit = std::size_t(1) << 20;
  int opt_level = 2;
};

/// Writes NAME.o and NAME.h (and NAME.safetensors) into `options.directory`,
/// each whole or not at all.
void compile(const std::string &name, const std::vector<Entry> &entries,
             const Options &options = {});
/// The program before compilation, as `mgc` reads it.
std::string to_mlir(const std::string &name, const std::vector<Entry> &entries);

namespace parts {

template <class F> const F &unwrapped(const F &f) { return f; }
template <class F> const F &unwrapped(const Jitted<F> &f) {
  return f.function();
}
template <class A> const A &value(const A &a) { return a; }
template <class T> const T &value(const Named<T> &a) { return a.tree; }

/// The arguments converted to f's own parameter types, where it has a
/// signature.
template <class Sig> struct Parameters;
template <class R, class... P> struct Parameters<R(P...)> {
  template <class... A> static std::tuple<P...> pack(const A &...a) {
    static_assert(sizeof...(A) == sizeof...(P),
                  "mg: aot::entry: give one spec (or value) per parameter of "
                  "the function");
    return {value(a)...};
  }
};
template <> struct Parameters<void> {
  template <class... A> static auto pack(const A &...a) {
    return std::tuple<std::remove_cvref_t<decltype(value(a))>...>(value(a)...);
  }
};

/// Appends the paths of one argument, the `number`-th.
template <class A> void name_leaves(const A &a, int number, Entry &entry) {
  std::string prefix = "arg" + std::to_string(number);
  bool weight = false;
  if constexpr (requires { a.is_weights; })
    prefix = a.name, weight = a.is_weights;
  for (const std::string &path : paths(value(a))) {
    const bool both = !prefix.empty() && !path.empty();
    entry.paths.push_back(prefix + (both ? "." : "") + path);
    entry.is_weight.push_back(weight);
  }
}

} // namespace parts

/// Arguments are trees of values or of `spec(...)`s, one per parameter; those
/// without `input` or `weights` are inputs named `arg0`, `arg1.fc1.w`, ...
template <class F, class... A>
Entry entry(Name name, const F &f, const A &...arguments) {
  auto &plain = parts::unwrapped(f);
  using Plain = std::decay_t<decltype(plain)>;
  using Pack = parts::Parameters<detail::signature<Plain>>;
  auto packed = Pack::pack(arguments...);
  Entry entry{std::move(name)};
  entry.leaves = flatten(packed);
  int number = 0;
  (parts::name_leaves(arguments, number++, entry), ...);
  auto outputs = entry.output_paths =
      std::make_shared<std::vector<std::string>>();
  entry.body = [plain = Plain(plain), packed, outputs](const Leaves &leaves) {
    auto placeholders = unflatten(packed, leaves);
    auto r = std::apply([&](auto &...a) { return std::invoke(plain, a...); },
                        placeholders);
    *outputs = paths(r);
    return flatten(r);
  };
  return entry;
}

} // namespace mg::aot
