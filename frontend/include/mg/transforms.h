// grad, value_and_grad, vjp, jvp, jacobian, hessian, vmap, checkpoint,
// custom_vjp: functions from functions to functions.
//
// In a trace each one traces its function and emits one op, which the compiler
// expands: so they nest, to any depth. Outside of one, a trace is made for the
// call, expanded, and its ops run one by one.
//
// A derivative is taken with respect to floats. Other tensors of a struct (a
// count of steps, labels) have none: their places in a gradient are empty
// tensors, and its numbers and enums are those of the argument.
#pragma once
#include <utility>

#include "mg/index.h"
#include "mg/jit.h"
#include "mg/ops.h"

namespace mg {
namespace detail {

/// A function of the open trace.
struct Subprogram;
using SubprogramRef = std::shared_ptr<const Subprogram>;

/// Leaf by leaf. Empty leaves are no arguments; they stay empty.
SubprogramRef subprogram(const char *name, const Leaves &like,
                         const std::vector<std::string> &names, Where where,
                         const Body &body);
/// What `body` does, outside of any trace: traced, expanded, run op by op.
Leaves evaluate(const Leaves &arguments, const std::vector<std::string> &names,
                Where where, const Body &body);

struct Pulled {
  Leaves results;
  Leaves gradients; // one per argument; empty where it is not asked for
};
/// `cotangents`: one per result, empty where there is none.
Pulled vjp(const char *op, const Subprogram &f, const Leaves &arguments,
           const Leaves &cotangents, const std::vector<bool> &wrt, Where where);
struct Pushed {
  Leaves results;
  Leaves tangents; // one per result; empty where it is no float
};
/// `tangents`: one per argument, empty where there is none.
Pushed jvp(const char *op, const Subprogram &f, const Leaves &arguments,
           const Leaves &tangents, Where where);

/// An Error unless the first result is a scalar float; its cotangent, 1, and
/// none for the others.
Leaves cotangent_of_loss(const Leaves &results, const char *op, Where where);
/// An Error unless one of the leaves of argument `number` is a float.
void check_float(const Leaves &argument, std::size_t number, const char *op,
                 Where where);

template <class R> struct Traced {
  SubprogramRef f;
  R out; // the result's tree, its leaves types only
};
template <class F, class... A>
auto trace_call(const char *name, const F &f, const std::tuple<A...> &arguments,
                Where where) {
  using R = result<F, A...>;
  static_assert(
      !std::is_void_v<R>,
      "mg: a transformed function returns a tree of tensors, not void");
  std::optional<R> out;
  SubprogramRef made = subprogram(name, flatten(arguments), paths(arguments),
                                  where, body_of(f, arguments, where, out));
  return Traced<R>{made, *std::move(out)};
}

/// f(arguments...) in the open trace, or in one for this call.
template <class F, class... A>
auto in_trace(const F &f, const std::tuple<A...> &arguments, Where where) {
  using R = result<F, A...>;
  if (tracing()) {
    auto copy = arguments;
    return std::apply([&](auto &...a) -> R { return f(a...); }, copy);
  }
  std::optional<R> out;
  Leaves leaves = evaluate(flatten(arguments), paths(arguments), where,
                           body_of(f, arguments, where, out));
  return unflatten(*std::move(out), leaves);
}

/// Per leaf of the arguments: whether it is one of those numbered I. Each of
/// these must have a float.
template <std::size_t... I, class... A>
std::vector<bool> chosen(const std::tuple<A...> &arguments, const char *op,
                         Where where) {
  static_assert(((I < sizeof...(A)) && ...),
                "mg: wrt<...> names an argument that the function has not");
  std::vector<bool> leaves;
  std::size_t number = 0;
  auto add = [&](const auto &a) {
    const bool is_chosen = ((I == number) || ...);
    const Leaves own = flatten(a);
    if (is_chosen)
      check_float(own, number, op, where);
    leaves.insert(leaves.end(), own.size(), is_chosen);
    ++number;
  };
  std::apply([&](const auto &...a) { (add(a), ...); }, arguments);
  return leaves;
}

/// One of a tuple, or the tuple of several.
template <std::size_t... I, class Tuple> auto pick(Tuple tuple) {
  if constexpr (sizeof...(I) == 1)
    return (std::get<I>(std::move(tuple)), ...);
  else
    return std::tuple{std::get<I>(tuple)...};
}

template <class R> constexpr void check_loss_type() {
  if constexpr (is<R, std::pair> || is<R, std::tuple>)
    static_assert(std::is_same_v<std::tuple_element_t<0, R>, Tensor>,
                  "mg: the first of what a function returns to grad is the "
                  "loss, a Tensor");
  else
    static_assert(std::is_same_v<R, Tensor>,
                  "mg: grad needs a function that returns the loss, or a "
                  "pair or tuple whose first member is the loss");
}

} // namespace detail

/// Which arguments to differentiate; a type, because the result's type depends
/// on it.
template <std::size_t... I> struct Wrt {};
template <std::size_t... I> inline constexpr Wrt<I...> wrt;

template <class F, bool WithValue, std::size_t... I>
class Grad : public Callable<Grad<F, WithValue, I...>, detail::signature<F>> {
public:
  explicit Grad(F f) : f_(std::move(f)) {}
  template <class... A>
  auto call(Where where, const std::vector<bool> &,
            std::tuple<A...> args) const {
    detail::check_loss_type<detail::result<F, A...>>();
    auto derive = [&](auto &...a) {
      return derived(where, std::tuple<A...>(a...));
    };
    return detail::in_trace(derive, args, where);
  }

private:
  static constexpr const char *name = WithValue ? "value_and_grad" : "grad";
  template <class Args> auto derived(Where where, Args args) const {
    const auto wrt = detail::chosen<I...>(args, name, where);
    auto f = detail::trace_call(name, f_, args, where);
    auto run = detail::vjp(
        name, *f.f, flatten(args),
        detail::cotangent_of_loss(flatten(f.out), name, where), wrt, where);
    auto gradient =
        detail::pick<I...>(unflatten(std::move(args), run.gradients));
    if constexpr (WithValue)
      return std::pair{unflatten(std::move(f.out), run.results),
                       std::move(gradient)};
    else
      return gradient;
  }
  F f_;
};

/// g(args...) is {f(args...), gradient}; the gradient of a struct is such a
/// struct. Where f returns {loss, aux...}, so does the first of g.
template <class F, std::size_t... I> auto value_and_grad(F f, Wrt<I...>) {
  return Grad<F, true, I...>(std::move(f));
}
template <class F> auto value_and_grad(F f) {
  return Grad<F, true, 0>(std::move(f));
}
/// g(args...) is the gradient alone; with several arguments a tuple of them.
template <class F, std::size_t... I> auto grad(F f, Wrt<I...>) {
  return Grad<F, false, I...>(std::move(f));
}
template <class F> auto grad(F f) { return Grad<F, false, 0>(std::move(f)); }

namespace detail {

template <class F, class R, class... A>
std::tuple<A...> pull(const F &f, const std::tuple<A...> &arguments,
                      const R &cotangent, Where where) {
  auto derive = [&](std::tuple<A...> &args, R &ct) {
    const Leaves leaves = flatten(args);
    auto traced = trace_call("vjp", f, args, where);
    auto run = detail::vjp("vjp", *traced.f, leaves, flatten(ct),
                           std::vector<bool>(leaves.size(), true), where);
    return unflatten(args, run.gradients);
  };
  return in_trace(derive, std::tuple{arguments, cotangent}, where);
}

} // namespace detail

/// {f(args...), pull}; pull(cotangent of the result) is the tuple of the
/// cotangents of the arguments.
template <class F, class... A> auto vjp(F f, const A &...a) {
  std::tuple<A...> args(a...);
  using R = detail::result<F, A...>;
  auto copy = args;
  R value =
      std::apply([&](auto &...x) -> R { return std::invoke(f, x...); }, copy);
  auto pull = [f = std::move(f), args](const R &cotangent,
                                       Where where = Where::current()) {
    return detail::pull(f, args, cotangent, where);
  };
  return std::pair{std::move(value), std::move(pull)};
}

/// {f(args...), its derivative along the tangents}; an empty tangent is zero.
template <class F, class... A>
auto jvp(const F &f, const std::tuple<A...> &arguments,
         const std::tuple<A...> &tangents, Where where = Where::current()) {
  auto derive = [&](std::tuple<A...> &args, std::tuple<A...> &dots) {
    auto traced = detail::trace_call("jvp", f, args, where);
    auto run =
        detail::jvp("jvp", *traced.f, flatten(args), flatten(dots), where);
    return std::pair{unflatten(traced.out, run.results),
                     unflatten(traced.out, run.tangents)};
  };
  return detail::in_trace(derive, std::tuple{arguments, tangents}, where);
}

/// The mapped axis of an argument or a result; negative ones count from the
/// end, `none`: not mapped.
using Axis = Bound;
/// One per argument (or member of a result that is a pair or tuple), or one for
/// all.
struct MapAxes {
  std::vector<Axis> list;
  MapAxes(Axis axis) : list{axis} {}
  MapAxes(int axis) : list{Axis(axis)} {}
  MapAxes(None) : list{Axis(none)} {}
  MapAxes(std::initializer_list<Axis> axes) : list(axes) {}
};
struct VmapOptions {
  MapAxes in = 0;
  MapAxes out = 0;
};

namespace detail {

/// Per leaf of a tuple's members, the axis of its member.
struct LeafAxes {
  std::vector<Axis> axes;
  LeafAxes(const char *what, const MapAxes &wanted,
           const std::vector<std::size_t> &leaves, Where where);
};
/// Types of one element of each; an Error where sizes differ.
Leaves one_of_each(const Leaves &arguments,
                   const std::vector<std::string> &names,
                   const std::vector<Axis> &axes, Where where);
Leaves vmap(const Subprogram &f, const Leaves &arguments,
            const std::vector<Axis> &in, const Leaves &results,
            const std::vector<Axis> &out, Where where);

template <class T> std::vector<std::size_t> leaves_per_member(const T &tree) {
  std::vector<std::size_t> counts;
  if constexpr (is<T, std::pair> || is<T, std::tuple>)
    std::apply(
        [&](const auto &...m) { (counts.push_back(flatten(m).size()), ...); },
        tree);
  else
    counts.push_back(flatten(tree).size());
  return counts;
}

} // namespace detail

template <class F> class Vmap : public Callable<Vmap<F>, detail::signature<F>> {
public:
  Vmap(F f, VmapOptions options)
      : f_(std::move(f)), options_(std::move(options)) {}
  template <class... A>
  auto call(Where where, const std::vector<bool> &,
            std::tuple<A...> args) const {
    auto mapped = [&](auto &...a) {
      return batched(where, std::tuple<A...>(a...));
    };
    return detail::in_trace(mapped, args, where);
  }

private:
  template <class Args> auto batched(Where where, Args args) const {
    const detail::LeafAxes in("in", options_.in,
                              detail::leaves_per_member(args), where);
    auto one = unflatten(
        args, detail::one_of_each(flatten(args), paths(args), in.axes, where));
    auto f = detail::trace_call("vmap", f_, one, where);
    const detail::LeafAxes out("out", options_.out,
                               detail::leaves_per_member(f.out), where);
    return unflatten(f.out, detail::vmap(*f.f, flatten(args), in.axes,
                                         flatten(f.out), out.axes, where));
  }
  F f_;
  VmapOptions options_;
};
/// f of every element along an axis of the arguments; `none`: shared by all.
/// The results are stacked along theirs.
template <class F> auto vmap(F f, VmapOptions options = {}) {
  return Vmap<F>(std::move(f), std::move(options));
}

/// What of a checkpointed function is kept for its reverse derivative.
class Checkpoint {
public:
  enum class Policy : std::uint8_t { nothing, everything, dots, names, bytes };
  /// The arguments alone: all else is computed again.
  static const Checkpoint nothing;
  /// As without a checkpoint.
  static const Checkpoint everything;
  /// Results of matrix products and convolutions.
  static const Checkpoint dots;
  /// What `checkpoint_name` gave one of these names.
  static Checkpoint names(std::vector<std::string> names) {
    Checkpoint c(Policy::names);
    c.names_ = std::move(names);
    return c;
  }
  /// What costs most to compute per byte, up to that many.
  static Checkpoint bytes(std::int64_t limit) {
    Checkpoint c(Policy::bytes);
    c.bytes_ = limit;
    return c;
  }

  Policy policy() const { return policy_; }
  const std::vector<std::string> &kept_names() const { return names_; }
  std::int64_t limit() const { return bytes_; }

private:
  constexpr explicit Checkpoint(Policy policy) : policy_(policy) {}
  Policy policy_;
  std::vector<std::string> names_ = {};
  std::int64_t bytes_ = 0;
};
inline const Checkpoint Checkpoint::nothing{Policy::nothing};
inline const Checkpoint Checkpoint::everything{Policy::everything};
inline const Checkpoint Checkpoint::dots{Policy::dots};

/// x, with a name for `Checkpoint::names`.
Tensor checkpoint_name(Arg x, const std::string &name);
/// x, and no derivative goes through.
Tensor stop_gradient(Arg x);
/// The same for every leaf of a tree.
template <class T>
  requires(!std::convertible_to<const T &, Arg>)
T stop_gradient(const T &tree) {
  return map(
      [](const Tensor &t) { return t.empty() ? t : stop_gradient(Arg(t)); },
      tree);
}

namespace detail {

Leaves checkpointed(const Subprogram &f, const Leaves &arguments,
                    const Checkpoint &keep, Where where);
/// f with the rule of the other two; see CustomVjp. `given`: the leaves of
/// backward's arguments.
Leaves custom(const Subprogram &f, const Subprogram &forward,
              const Subprogram &backward, const Leaves &arguments, Where where);
/// The leaves that are floats; the others are empty.
Leaves floats_of(const Leaves &leaves);

} // namespace detail

template <class F>
class Checkpointed : public Callable<Checkpointed<F>, detail::signature<F>> {
public:
  Checkpointed(F f, Checkpoint keep)
      : f_(std::move(f)), keep_(std::move(keep)) {}
  template <class... A>
  auto call(Where where, const std::vector<bool> &,
            std::tuple<A...> args) const {
    using R = detail::result<F, A...>;
    if (!detail::tracing())
      return std::apply(
          [&](auto &...a) -> R { return detail::call_at(where, f_, a...); },
          args);
    auto f = detail::trace_call("checkpoint", f_, args, where);
    return unflatten(f.out,
                     detail::checkpointed(*f.f, flatten(args), keep_, where));
  }

private:
  F f_;
  Checkpoint keep_;
};
/// f, of whose intermediate values a reverse derivative keeps what `keep` says
/// and computes the others again.
template <class F> auto checkpoint(F f, Checkpoint keep = Checkpoint::nothing) {
  return Checkpointed<F>(std::move(f), std::move(keep));
}

template <class F, class Forward, class Backward>
class CustomVjp
    : public Callable<CustomVjp<F, Forward, Backward>, detail::signature<F>> {
public:
  CustomVjp(F f, Forward forward, Backward backward)
      : f_(std::move(f)), forward_(std::move(forward)),
        backward_(std::move(backward)) {}
  template <class... A>
  auto call(Where where, const std::vector<bool> &,
            std::tuple<A...> args) const {
    using R = detail::result<F, A...>;
    if (!detail::tracing())
      return std::apply(
          [&](auto &...a) -> R { return detail::call_at(where, f_, a...); },
          args);
    auto f = detail::trace_call("custom_vjp", f_, args, where);
    auto forward =
        detail::trace_call("custom_vjp.forward", forward_, args, where);
    using Both = decltype(forward.out);
    static_assert(detail::is<Both, std::pair> || detail::is<Both, std::tuple>,
                  "mg: custom_vjp: forward returns {f's result, residuals}");
    static_assert(std::is_same_v<std::tuple_element_t<0, Both>, R>,
                  "mg: custom_vjp: forward returns {f's result, residuals}");
    auto cotangent = unflatten(f.out, detail::floats_of(flatten(f.out)));
    auto backward = detail::trace_call(
        "custom_vjp.backward", backward_,
        std::tuple{std::get<1>(forward.out), std::move(cotangent)}, where);
    using B = decltype(backward.out);
    static_assert(std::is_same_v<B, std::tuple<A...>> ||
                      std::is_same_v<std::tuple<B>, std::tuple<A...>>,
                  "mg: custom_vjp: backward returns one cotangent per "
                  "argument, of the argument's type");
    return unflatten(f.out, detail::custom(*f.f, *forward.f, *backward.f,
                                           flatten(args), where));
  }

private:
  F f_;
  Forward forward_;
  Backward backward_;
};
/// f with a reverse derivative of its own: forward(args...) is {f(args...),
/// residuals}; backward(residuals, cotangent) is the tuple of the arguments'
/// cotangents, or the only one. Forward mode differentiates f itself.
template <class F, class Forward, class Backward>
auto custom_vjp(F f, Forward forward, Backward backward) {
  return CustomVjp<F, Forward, Backward>(std::move(f), std::move(forward),
                                         std::move(backward));
}

/// How a jacobian is computed: a pass per element of the result (reverse) or of
/// the argument (forward); `automatic`: where there are fewer.
enum class Mode : std::uint8_t { automatic, reverse, forward };
struct JacobianOptions {
  Mode mode = Mode::automatic;
};

namespace detail {

/// The unit vectors of `like`'s shape, along a new first axis.
Tensor basis(const Tensor &like, Where where);
/// x of shape (n, leaf..) as (outer.., leaf..), or (leaf.., n) as
/// (leaf.., outer..): n is the size of outer.
Tensor unfold_first(const Tensor &x, const Tensor &outer, Where where);
Tensor unfold_last(const Tensor &x, const Tensor &outer, Where where);
bool is_forward(Mode mode, const Leaves &results, const Leaves &arguments);
[[noreturn]] void refuse_mode(Mode mode, Where where);

} // namespace detail

template <class F, std::size_t I>
class Jacobian : public Callable<Jacobian<F, I>, detail::signature<F>> {
public:
  Jacobian(F f, JacobianOptions options)
      : f_(std::move(f)), options_(options) {}
  template <class... A>
  auto call(Where where, const std::vector<bool> &,
            std::tuple<A...> args) const {
    using R = detail::result<F, A...>;
    using X = std::tuple_element_t<I, std::tuple<A...>>;
    static_assert(std::is_same_v<R, Tensor> || std::is_same_v<X, Tensor>,
                  "mg: jacobian: the result or the argument must be a Tensor");
    auto derive = [&](auto &...a) {
      std::tuple<A...> own(a...);
      (void)detail::chosen<I>(own, "jacobian", where);
      auto f = detail::trace_call("jacobian", f_, own, where);
      // With a struct on one side only one mode has a C++ type.
      if constexpr (!std::is_same_v<R, Tensor>)
        return forward<R>(where, f, std::move(own));
      else if constexpr (!std::is_same_v<X, Tensor>)
        return reverse<X>(where, f, std::move(own));
      else if (detail::is_forward(options_.mode, flatten(f.out),
                                  flatten(std::get<I>(own))))
        return forward<R>(where, f, std::move(own));
      else
        return reverse<X>(where, f, std::move(own));
    };
    return detail::in_trace(derive, args, where);
  }

private:
  template <class X, class Traced, class Args>
  X reverse(Where where, const Traced &f, Args args) const {
    if (options_.mode == Mode::forward)
      detail::refuse_mode(options_.mode, where);
    const auto wrt = detail::chosen<I>(args, "jacobian", where);
    auto rows = [&](Tensor cotangent) {
      auto run =
          detail::vjp("jacobian", *f.f, flatten(args), {cotangent}, wrt, where);
      return std::get<I>(unflatten(args, run.gradients));
    };
    return map(
        [&](const Tensor &t) {
          return t.empty() ? t : detail::unfold_first(t, f.out, where);
        },
        Vmap(rows, {}).call(where, {},
                            std::tuple{detail::basis(f.out, where)}));
  }
  template <class R, class Traced, class Args>
  R forward(Where where, const Traced &f, Args args) const {
    if (options_.mode == Mode::reverse && !std::is_same_v<R, Tensor>)
      detail::refuse_mode(options_.mode, where);
    const Tensor x = std::get<I>(args);
    auto columns = [&](Tensor tangent) {
      auto none_else = map([](const Tensor &) { return Tensor(); }, args);
      std::get<I>(none_else) = tangent;
      auto run = detail::jvp("jacobian", *f.f, flatten(args),
                             flatten(none_else), where);
      return unflatten(f.out, run.tangents);
    };
    return map(
        [&](const Tensor &t) {
          return t.empty() ? t : detail::unfold_last(t, x, where);
        },
        Vmap(columns, {.out = -1})
            .call(where, {}, std::tuple{detail::basis(x, where)}));
  }
  F f_;
  JacobianOptions options_;
};
/// j(args...): the derivative of each element of the result by each of argument
/// I: of shape (result.., argument..). The result may be a tree, or the
/// argument; then each leaf is of such a shape.
template <class F, std::size_t I>
auto jacobian(F f, Wrt<I>, JacobianOptions options = {}) {
  return Jacobian<F, I>(std::move(f), options);
}
template <class F> auto jacobian(F f, JacobianOptions options = {}) {
  return Jacobian<F, 0>(std::move(f), options);
}

/// h(args...): the second derivatives of a scalar by the elements of argument
/// I, a Tensor: of shape (argument.., argument..).
template <class F, std::size_t I> auto hessian(F f, Wrt<I>) {
  return jacobian(grad(std::move(f), wrt<I>), wrt<I>, {.mode = Mode::forward});
}
template <class F> auto hessian(F f) { return hessian(std::move(f), wrt<0>); }

} // namespace mg
