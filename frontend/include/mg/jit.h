// jit: traced once per structure, shapes, dtypes and static parts of the
// arguments, compiled, then called from any thread.
#pragma once
#include <any>
#include <memory>

#include "mg/function.h"

namespace mg {

struct JitStats {
  int traces = 0, calls = 0;
  /// Tensors that calls were given (`std::move`) and nobody else held, and
  /// results that were computed in their memory.
  int donated = 0, in_place = 0;
};

/// Threads of eager ops and of compiled functions from now on; 0: one per CPU
/// that the process may use. The default is the environment's MG_THREADS, or 0.
void set_num_threads(int threads);

namespace detail {

struct Compiled;
using CompiledRef = std::shared_ptr<const Compiled>;
using Body = std::function<Leaves(const Leaves &)>;

bool tracing();
/// Per leaf: whether its memory may be reused.
using Gifts = std::vector<bool>;
/// Runs `body` on placeholders typed like `like`, and compiles what it did.
CompiledRef compile(const Leaves &like, const Gifts &gifts,
                    const std::vector<std::string> &names, Where where,
                    const Body &body);
Leaves run(const Compiled &compiled, const Leaves &arguments, Where where);
/// How many results lie in memory that was given.
int in_place(const Compiled &compiled);
/// `given`, less the leaves that somebody else holds (the caller's tuple of
/// arguments and `leaves` do) or whose memory is not ours to write.
Gifts only_unique(const Leaves &leaves, Gifts given);
/// What tells calls with other gifts apart; empty without any.
std::string key_of_gifts(const Gifts &gifts);

/// One call to trace: f of placeholders in the shape of `arguments`; the tree
/// of the result, types only, goes to `out`.
template <class F, class... A>
Body body_of(const F &f, const std::tuple<A...> &arguments, Where where,
             std::optional<result<F, A...>> &out) {
  return [&, where](const Leaves &leaves) {
    auto placeholders = unflatten(arguments, leaves);
    auto r = std::apply([&](auto &...a) { return call_at(where, f, a...); },
                        placeholders);
    Leaves outputs = flatten(r);
    out = shapes_of(r);
    return outputs;
  };
}

/// What was compiled, by key. The mutex inside guards the map; `trace` runs
/// outside of it, once per key: of two threads with the same new shapes one
/// traces and the other waits.
class JitCache {
public:
  struct Entry {
    CompiledRef compiled;
    std::any out; // the result's tree, its leaves types only
  };
  JitCache();
  const Entry &entry(const std::string &key,
                     const std::function<Entry()> &trace);
  void count_call(const Gifts &gifts, int in_place);
  JitStats stats() const;

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace detail

template <class F>
class Jitted : public Callable<Jitted<F>, detail::signature<F>> {
public:
  explicit Jitted(F f) : f_(std::move(f)) {}
  JitStats stats() const { return cache_.stats(); }
  const F &function() const { return f_; }

  template <class... A>
  auto call(Where where, const std::vector<bool> &donated,
            std::tuple<A...> args) const {
    using R = detail::result<F, A...>;
    if (detail::tracing()) // in another trace a jitted function is itself
      return std::apply(
          [&](auto &...a) -> R { return detail::call_at(where, f_, a...); },
          args);
    detail::Gifts gifts = given(donated, args);
    const Leaves leaves = flatten(args);
    gifts = detail::only_unique(leaves, std::move(gifts));
    const std::string key =
        typeid(args).name() + key_of(args) + detail::key_of_gifts(gifts);
    const auto &entry = cache_.entry(key, [&] {
      std::optional<R> out;
      auto compiled = detail::compile(leaves, gifts, paths(args), where,
                                      detail::body_of(f_, args, where, out));
      return detail::JitCache::Entry{compiled, std::move(*out)};
    });
    cache_.count_call(gifts, detail::in_place(*entry.compiled));
    return unflatten(std::any_cast<const R &>(entry.out),
                     detail::run(*entry.compiled, leaves, where));
  }

private:
  template <class... A>
  static detail::Gifts given(const std::vector<bool> &donated,
                             const std::tuple<A...> &args) {
    detail::Gifts gifts;
    std::size_t i = 0;
    auto add = [&](auto &a) {
      gifts.resize(gifts.size() + flatten(a).size(), donated[i++]);
    };
    std::apply([&](auto &...a) { (add(a), ...); }, args);
    return gifts;
  }

  F f_;
  mutable detail::JitCache cache_;
};
template <class F> auto jit(F f) { return Jitted<F>(std::move(f)); }

} // namespace mg
