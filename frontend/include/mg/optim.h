// Optimizers: values with pure functions over trees. Where a function of
// PyTorch has the same name, so have its options, defaults and arithmetic.
//
//   auto [m, s, l] = optim::Adam{.lr = 1e-3}.update(gradient, s, m, l);
//
// A learning rate that is a number is part of the program; one that is a tensor
// may change from call to call. Leaves that are no floats stay as they are.
#pragma once
#include <utility>

#include "mg/function.h"
#include "mg/ops.h"

namespace mg::optim {

/// A learning rate: a number, or a tensor of rank 0.
class Rate {
public:
  template <Scalar S> Rate(S number) : number_(static_cast<double>(number)) {}
  Rate(Tensor tensor) : tensor_(std::move(tensor)) {}
  /// As f64, of rank 0.
  Tensor value() const;
  MG_FIELDS(number_, tensor_)

private:
  double number_ = 0;
  std::optional<Tensor> tensor_;
};

struct SGD {
  Rate lr = 1e-3;
  double momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;

  template <class P> struct State {
    std::optional<P> momentum; // where there is one
    Tensor step;               // updates done, i32
  };
  template <class P> State<P> init(const P &params) const;
  /// {parameters, state, what else was given}.
  template <class P, class... More>
  std::tuple<P, State<P>, More...>
  update(std::type_identity_t<In<P>> gradient, const State<P> &state,
         const std::type_identity_t<P> &params, const More &...more) const;
};

struct Adam {
  Rate lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  /// Added to the gradient (AdamW: taken from the parameter).
  double weight_decay = 0;
  bool amsgrad = false;

  template <class P> struct State {
    P m, v;                 // running means of gradients and their squares
    std::optional<P> v_max; // of amsgrad
    Tensor step;            // updates done, i32
  };
  template <class P> State<P> init(const P &params) const;
  /// {parameters, state, what else was given}.
  template <class P, class... More>
  std::tuple<P, State<P>, More...>
  update(std::type_identity_t<In<P>> gradient, const State<P> &state,
         const std::type_identity_t<P> &params, const More &...more) const;
};

struct AdamW {
  Rate lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0.01;
  bool amsgrad = false;

  template <class P> using State = Adam::State<P>;
  template <class P> State<P> init(const P &params) const {
    return plain().init(params);
  }
  /// {parameters, state, what else was given}.
  template <class P, class... More>
  std::tuple<P, State<P>, More...>
  update(std::type_identity_t<In<P>> gradient, const State<P> &state,
         const std::type_identity_t<P> &params, const More &...more) const;

private:
  Adam plain() const { return {lr, beta1, beta2, eps, weight_decay, amsgrad}; }
};

/// The root of the sum of the squares of all float leaves, f32 (f64 where a
/// leaf is).
Tensor global_norm(const Leaves &leaves, Where where = Where::current());
template <class P> Tensor global_norm(const P &tree) {
  return global_norm(flatten(tree));
}
namespace detail {
Tensor clip_norm(Leaves &leaves, const Arg &limit);
void clip_value(Leaves &leaves, const Arg &limit);
void accumulate(Leaves &sum, const Leaves &added, Where where);
void average(Leaves &sum, const Arg &count);
void blend(Leaves &old, const Leaves &now, const Arg &decay);
} // namespace detail

/// {tree, norm}: the tree times min(1, limit / (norm + 1e-6)).
template <class P>
std::pair<P, Tensor> clip_by_global_norm(const P &tree, Arg limit) {
  Leaves leaves = flatten(tree);
  Tensor norm = detail::clip_norm(leaves, limit);
  return {unflatten(tree, leaves), norm};
}
/// Every element between -limit and limit.
template <class P> P clip_by_value(const P &tree, Arg limit) {
  Leaves leaves = flatten(tree);
  detail::clip_value(leaves, limit);
  return unflatten(tree, leaves);
}

/// Gradients of several small batches, to be used as one: `add` each, then
/// take the `mean` and begin again with `init`.
template <class P> struct Accumulated {
  P sum;
  Tensor count; // i32
  static Accumulated init(const P &like) {
    return {map([](const Tensor &t) { return zeros_like(t); }, like), 0};
  }
  Accumulated add(const std::type_identity_t<In<P>> &gradient) const {
    Leaves leaves = flatten(sum);
    detail::accumulate(leaves, flatten(gradient.value), gradient.where);
    return {unflatten(sum, leaves), count + 1};
  }
  P mean() const {
    Leaves leaves = flatten(sum);
    detail::average(leaves, count);
    return unflatten(sum, leaves);
  }
};

/// decay * average + (1 - decay) * params, leaf by leaf: a running mean of the
/// parameters, which often does better than the last ones.
template <class P> P ema(const P &average, const P &params, Arg decay) {
  Leaves leaves = flatten(average);
  detail::blend(leaves, flatten(params), decay);
  return unflatten(average, leaves);
}

/// Learning rates as functions of the number of updates done (`state.step`),
/// f32 of rank 0, computed in f64. Where steps run out the last value stays.
namespace schedule {
Tensor constant(Arg step, double lr);
/// From one value to another in equal steps.
Tensor linear(Arg step, double from, double to, double steps);
/// lr * factor^(step / every), the quotient rounded down.
Tensor step_decay(Arg step, double lr, int every, double factor = 0.1);
/// lr * factor^step.
Tensor exponential(Arg step, double lr, double factor);
/// Half a cosine from lr down to `least`.
Tensor cosine(Arg step, double lr, double steps, double least = 0);
/// lr * (step + 1) / warmup for `warmup` steps, then the cosine over the rest.
Tensor warmup_cosine(Arg step, double lr, double warmup, double steps,
                     double least = 0);
struct OneCycle {
  double rise = 0.3;         // the share of the steps that goes up
  double start_factor = 25;  // lr / start_factor is the first value
  double final_factor = 1e4; // the last is that by final_factor
};
/// Up to lr and down again by half cosines.
Tensor one_cycle(Arg step, double lr, double steps,
                 const OneCycle &options = {});
} // namespace schedule

/// Keeps f16 gradients from vanishing: the loss is multiplied by `scale`, the
/// gradients divided by it, and a step whose gradients are not all finite is
/// skipped and makes the scale smaller.
///
///   g = gradient of scaler.scale(loss, state)
///   auto [h, finite] = scaler.unscale(g, state);
///   auto [m2, s2] = adam.update(h, s, m);
///   m = select(finite, m2, m), s = select(finite, s2, s);
///   state = scaler.update(state, finite);
struct LossScaler {
  double init_scale = 65536, growth = 2, backoff = 0.5;
  int interval = 2000; // finite steps in a row until the scale grows

  struct State {
    Tensor scale;  // f32
    Tensor streak; // finite steps since the last change, i32
  };
  State init() const;
  Tensor scale(Arg loss, const State &state) const;
  /// {gradients by the scale, whether all are finite}.
  template <class P>
  std::pair<P, Tensor> unscale(const P &gradients, const State &state,
                               Where where = Where::current()) const {
    Leaves leaves = flatten(gradients);
    Tensor finite = unscale_leaves(leaves, state, where);
    return {unflatten(gradients, leaves), finite};
  }
  State update(const State &state, Arg finite) const;

private:
  static Tensor unscale_leaves(Leaves &leaves, const State &state, Where where);
};

/// `condition` (of rank 0) ? a : b, leaf by leaf.
template <class P>
P select(const Tensor &condition, const P &a,
         const std::type_identity_t<P> &b) {
  return map(
      [&](const Tensor &x, const Tensor &y) { return where(condition, x, y); },
      a, b);
}

namespace detail {

/// What an update reads and writes, leaf by leaf; each list is as long as the
/// parameters' or empty.
struct Moving {
  Leaves params = {}, gradient = {}, first = {}, second = {}, largest = {};
  Tensor step = {};
};
Tensor first_step();
Leaves zeros_of(const Leaves &params);
void update(const SGD &rule, Moving &at, Where where);
void update(const Adam &rule, bool decoupled, Moving &at, Where where);

template <class P> std::optional<P> zeros_if(bool wanted, const P &params) {
  if (!wanted)
    return std::nullopt;
  return unflatten(params, zeros_of(flatten(params)));
}
template <class P> Leaves leaves_if(const std::optional<P> &tree) {
  return tree ? flatten(*tree) : Leaves();
}
template <class P>
std::optional<P> tree_if(const Leaves &leaves, const P &like) {
  if (leaves.empty())
    return std::nullopt;
  return unflatten(like, leaves);
}

template <class P, class... More>
std::tuple<P, Adam::State<P>, More...>
adam(const Adam &rule, bool decoupled, const In<P> &gradient,
     const Adam::State<P> &state, const P &params, const More &...more) {
  Moving at{flatten(params),  flatten(gradient.value), flatten(state.m),
            flatten(state.v), leaves_if(state.v_max),  state.step};
  update(rule, decoupled, at, gradient.where);
  return {unflatten(params, at.params),
          {unflatten(state.m, at.first), unflatten(state.v, at.second),
           tree_if(at.largest, params), at.step},
          more...};
}

} // namespace detail

template <class P> SGD::State<P> SGD::init(const P &params) const {
  return {detail::zeros_if(momentum != 0, params), detail::first_step()};
}
template <class P, class... More>
std::tuple<P, SGD::State<P>, More...>
SGD::update(std::type_identity_t<In<P>> gradient, const State<P> &state,
            const std::type_identity_t<P> &params, const More &...more) const {
  detail::Moving at{.params = flatten(params),
                    .gradient = flatten(gradient.value),
                    .first = detail::leaves_if(state.momentum),
                    .step = state.step};
  detail::update(*this, at, gradient.where);
  return {unflatten(params, at.params),
          {detail::tree_if(at.first, params), at.step},
          more...};
}

template <class P> Adam::State<P> Adam::init(const P &params) const {
  const P zero = *detail::zeros_if(true, params);
  return {zero, zero, detail::zeros_if(amsgrad, params), detail::first_step()};
}
template <class P, class... More>
std::tuple<P, Adam::State<P>, More...>
Adam::update(std::type_identity_t<In<P>> gradient, const State<P> &state,
             const std::type_identity_t<P> &params, const More &...more) const {
  return detail::adam<P>(*this, false, gradient, state, params, more...);
}
template <class P, class... More>
std::tuple<P, Adam::State<P>, More...>
AdamW::update(std::type_identity_t<In<P>> gradient, const State<P> &state,
              const std::type_identity_t<P> &params,
              const More &...more) const {
  return detail::adam<P>(plain(), true, gradient, state, params, more...);
}

} // namespace mg::optim
