// The same functions ahead of time:
//
//   aot::compile("mlp", {aot::entry("infer", f, aot::weights(model), x), ...})
//
// writes mlp.o and mlp.h.
//
// Training keeps its parameters in the caller's memory:
//
//   aot::compile("mlp", {
//     aot::entry("init", init, aot::input("seed", spec({}, DType::i32)))
//         .returns({"m", "s"}),
//     aot::entry("train", step, aot::state("m", m), aot::state("s", s), x, y)
//         .returns({"m", "s", "loss"}),
//     aot::entry("infer", infer, aot::state("m", m), x)});
//
// Results with the name of state are written to it, in place. C passes one
// `struct mlp_state` of pointers to all three.
#pragma once
#include "mg/jit.h"

namespace mg::aot {

/// What an argument of an entry is in C: a pointer of its own, a constant of
/// the object, or memory of the caller that entries share and may write.
enum class Role { input, weight, state };

/// An argument of `entry` with a name of its own; it may be kept and used for
/// several.
template <class T> struct Named {
  T tree;
  std::string name;
  Role role;
};
/// `input("x", spec({64, 784}))`: an input named x; below a struct `x.field`.
template <class T> Named<T> input(std::string name, const T &tree) {
  return {tree, std::move(name), Role::input};
}
/// A tree whose tensors are weights of the object, not arguments: named by
/// their paths (below `name` where there is one), the same for all entries.
template <class T> Named<T> weights(const T &tree) {
  return {tree, "", Role::weight};
}
template <class T> Named<T> weights(std::string name, const T &tree) {
  return {tree, std::move(name), Role::weight};
}
/// A tree whose tensors lie in the caller's memory, the fields of one `struct
/// NAME_state`: `m.fc1.w` is `state->m_fc1_w` to all entries. Only the types of
/// `tree` count.
template <class T> Named<T> state(std::string name, const T &tree) {
  return {tree, std::move(name), Role::state};
}

/// The name of an entry, and the user's line.
struct Name {
  std::string text;
  Where where;
  Name(const char *name, Where w = Where::current()) : text(name), where(w) {}
  Name(std::string name, Where w = Where::current())
      : text(std::move(name)), where(w) {}
};

/// Paths of the results' tensors, known after the trace.
struct Outputs {
  std::vector<std::string> paths;
  bool is_tuple = false;
};

/// One exported function: what it does is traced by `compile`, so that all
/// entries share their weights.
struct Entry {
  Name name;
  Leaves leaves = {}; // of all arguments: values or specs
  std::vector<std::string> paths = {};
  std::vector<Role> roles = {};
  detail::Body body = {};
  std::shared_ptr<Outputs> outputs = {}; // after `body`
  std::vector<std::string> result_names = {};

  /// Names of the elements of a tuple, or of the whole result; without them
  /// they are `out0`, .. and `out`, and those of a struct its fields.
  Entry returns(std::vector<std::string> names) && {
    result_names = std::move(names);
    return std::move(*this);
  }
  Entry returns(std::vector<std::string> names) const & {
    return Entry(*this).returns(std::move(names));
  }
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
  Role role = Role::input;
  if constexpr (requires { a.role; })
    prefix = a.name, role = a.role;
  for (const std::string &path : paths(value(a))) {
    const bool both = !prefix.empty() && !path.empty();
    entry.paths.push_back(prefix + (both ? "." : "") + path);
    entry.roles.push_back(role);
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
  auto outputs = entry.outputs = std::make_shared<Outputs>();
  entry.body = [plain = Plain(plain), packed, outputs](const Leaves &leaves) {
    auto placeholders = unflatten(packed, leaves);
    auto r = std::apply([&](auto &...a) { return std::invoke(plain, a...); },
                        placeholders);
    using R = decltype(r);
    *outputs = {paths(r),
                detail::is<R, std::tuple> || detail::is<R, std::pair>};
    return flatten(r);
  };
  return entry;
}

} // namespace mg::aot
