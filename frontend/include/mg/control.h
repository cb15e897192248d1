// Control flow that stays in a trace: cond, while_loop, scan. Outside of one
// the functions are called as in a C++ program.
//
// The functions may capture tensors, and are differentiated with respect to
// what they capture.
#pragma once
#include "mg/transforms.h"

namespace mg {

struct WhileOptions {
  /// The most trips; -1: no bound, and no reverse derivative.
  std::int64_t max_trips = -1;
};
struct ScanOptions {
  /// From the last element to the first; outputs lie at their element's place.
  bool reverse = false;
  /// The number of steps, where there is no sequence.
  std::int64_t length = -1;
};
/// A scan over no sequence: `scan(body, carry, nothing, {.length = 9})` calls
/// body(carry, nothing).
struct Nothing {};
inline constexpr Nothing nothing;

namespace detail {

/// `flag`'s value, a scalar b1; an Error of `op` otherwise.
bool truth(const Tensor &flag, const char *op, Where where);
/// An Error of `op` unless the leaves have the same types.
void check_same(const char *op, const char *what, const Leaves &before,
                const Leaves &after, Where where);
Leaves cond(const Tensor &condition, const Subprogram &yes,
            const Subprogram &no, const Leaves &arguments, Where where);
Leaves while_loop(const Subprogram &test, const Subprogram &step,
                  const Leaves &state, std::int64_t max_trips, Where where);
Leaves scan(const Subprogram &body, const Leaves &carry, const Leaves &xs,
            std::int64_t length, const ScanOptions &options, Where where);
/// The size of the first dimensions; an Error where they differ, or none.
std::int64_t scan_length(const Leaves &xs, const ScanOptions &options,
                         Where where);
/// Types of their elements, and element i.
Leaves element_types(const Leaves &xs, Where where);
Leaves elements(const Leaves &xs, std::int64_t i, Where where);
/// A leaf of every step, along a new first dimension.
Leaves stacked(const std::vector<Leaves> &steps, Where where);

template <class R, class Carry> constexpr void check_scan_type() {
  static_assert(is<R, std::pair> || is<R, std::tuple>,
                "mg: scan: the body returns {carry, output}");
  static_assert(std::is_same_v<std::tuple_element_t<0, R>, Carry>,
                "mg: scan: the body's carry has the type of the first one");
}

/// Step by step, outside of a trace.
template <class F, class Carry, class Xs>
auto stepped(const F &body, Carry carry, const Xs &xs, std::int64_t length,
             bool reverse, Where where) {
  using R = result<F, Carry, Xs>;
  std::vector<Leaves> outputs(static_cast<std::size_t>(length));
  std::optional<R> last;
  for (std::int64_t k = 0; k < length; ++k) {
    const std::int64_t i = reverse ? length - 1 - k : k;
    Xs x = unflatten(xs, elements(flatten(xs), i, where));
    last = std::invoke(body, carry, x);
    check_same("scan", "the carry before and after a step", flatten(carry),
               flatten(std::get<0>(*last)), where);
    carry = std::get<0>(*last);
    outputs[static_cast<std::size_t>(i)] = flatten(std::get<1>(*last));
  }
  std::get<1>(*last) = unflatten(std::get<1>(*last), stacked(outputs, where));
  return *std::move(last);
}

} // namespace detail

/// yes(args...) where the condition is true, else no(args...). In a trace both
/// are traced, and one runs.
template <class Yes, class No, class... A>
auto cond(Arg condition, const Yes &yes, const No &no, const A &...a) {
  using R = detail::result<Yes, A...>;
  static_assert(std::is_same_v<R, detail::result<No, A...>>,
                "mg: cond: both functions return the same type");
  const Where where = condition.where;
  std::tuple<A...> args(a...);
  if (!detail::tracing()) {
    const bool is_true = detail::truth(condition.tensor, "cond", where);
    return std::apply(
        [&](auto &...x) -> R {
          return is_true ? std::invoke(yes, x...) : std::invoke(no, x...);
        },
        args);
  }
  auto y = detail::trace_call("cond.yes", yes, args, where);
  auto n = detail::trace_call("cond.no", no, args, where);
  detail::check_same("cond", "the results of both functions", flatten(y.out),
                     flatten(n.out), where);
  return unflatten(
      y.out, detail::cond(condition.tensor, *y.f, *n.f, flatten(args), where));
}

/// While test(state), the state becomes step(state).
template <class Test, class Step, class State>
State while_loop(const Test &test, const Step &step, State state,
                 WhileOptions options = {}, Where where = Where::current()) {
  static_assert(std::is_same_v<detail::result<Test, State>, Tensor>,
                "mg: while_loop: the test returns a Tensor");
  static_assert(std::is_same_v<detail::result<Step, State>, State>,
                "mg: while_loop: the step returns what it is given");
  const char *what = "the state before and after a step";
  if (!detail::tracing()) {
    for (std::int64_t i = 0;
         i != options.max_trips &&
         detail::truth(std::invoke(test, state), "while_loop", where);
         ++i) {
      State next = std::invoke(step, state);
      detail::check_same("while_loop", what, flatten(state), flatten(next),
                         where);
      state = std::move(next);
    }
    return state;
  }
  const std::tuple<State> args(state);
  auto t = detail::trace_call("while.test", test, args, where);
  auto s = detail::trace_call("while.step", step, args, where);
  detail::check_same("while_loop", what, flatten(state), flatten(s.out), where);
  return unflatten(state, detail::while_loop(*t.f, *s.f, flatten(state),
                                             options.max_trips, where));
}

/// body(carry, x) -> {carry, y} for each x along the first axis of xs; returns
/// {the last carry, the stacked ys}.
template <class F, class Carry, class Xs>
auto scan(const F &body, Carry carry, const Xs &xs, ScanOptions options = {},
          Where where = Where::current()) {
  using R = detail::result<F, Carry, Xs>;
  detail::check_scan_type<R, Carry>();
  const Leaves sequences = flatten(xs);
  const std::int64_t length = detail::scan_length(sequences, options, where);
  if (!detail::tracing() && length > 0)
    return detail::stepped(body, std::move(carry), xs, length, options.reverse,
                           where);
  auto traced = [&](Carry &first, Xs &all) {
    Xs one = unflatten(all, detail::element_types(flatten(all), where));
    auto f = detail::trace_call("scan", body, std::tuple<Carry, Xs>(first, one),
                                where);
    detail::check_same("scan", "the carry before and after a step",
                       flatten(first), flatten(std::get<0>(f.out)), where);
    return unflatten(f.out, detail::scan(*f.f, flatten(first), flatten(all),
                                         length, options, where));
  };
  return detail::in_trace(traced, std::tuple<Carry, Xs>(carry, xs), where);
}

} // namespace mg
