//===- Training.cpp - Adagrad, Adam, Momentum -----------------------------===//
//
// ai.onnx.preview.training: a rate, the number of updates done, then for each
// of n tensors its value, its gradient, and what the rule remembers of it, all
// values first.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/Operators.h"

#include <fmt/format.h>

namespace mg::onnx {

namespace {

/// The operands of an update of n tensors by a rule that remembers `memories`
/// tensors for each.
class Update {
public:
  Update(const Call &call, std::size_t memories)
      : rate(reshape(call[0], {})), step(reshape(call[1], {})), call(call),
        kinds(2 + memories), count((call.inputs.size() - 2) / kinds) {
    if (call.inputs.size() < 2 + kinds || (call.inputs.size() - 2) % kinds)
      call.fail(fmt::format("{} operands: a rate, a count, and {} for each "
                            "tensor",
                            call.inputs.size(), kinds));
  }

  /// `rule(value, regularized gradient, i)` returns the new value and memories
  /// of tensor i; results come kind by kind.
  template <class Rule> Tensors apply(const Rule &rule) const {
    const double decay = call.number("norm_coefficient", 0);
    Tensors results((kinds - 1) * count);
    for (std::size_t i = 0; i < count; ++i) {
      const Tensor value = operand(0, i);
      const Tensors updated = rule(value, value * decay + operand(1, i), i);
      for (std::size_t kind = 0; kind < updated.size(); ++kind)
        results[kind * count + i] = updated[kind];
    }
    return results;
  }

  /// Of kind 0 (values), 1 (gradients), 2.. (memories).
  const Tensor &operand(std::size_t kind, std::size_t i) const {
    return call[2 + kind * count + i];
  }
  Tensor isLater() const { return step > 0; }

  const Tensor rate, step;

private:
  const Call &call;
  const std::size_t kinds, count;
};

Tensors adagrad(const Call &call) {
  const Update update(call, 1);
  const Tensor slowed =
      astype(update.step, update.rate.dtype()) * call.number("decay_factor", 0);
  const Tensor rate = update.rate / (slowed + 1);
  return update.apply([&](const Tensor &x, const Tensor &g, std::size_t i) {
    const Tensor sum = update.operand(2, i) + g * g;
    return Tensors{x - rate * g / (sqrt(sum) + call.number("epsilon", 1e-6)),
                   sum};
  });
}

Tensors adam(const Call &call) {
  const Update update(call, 2);
  const double alpha = call.number("alpha", 0.9f),
               beta = call.number("beta", 0.999f);
  const Tensor steps = astype(update.step, update.rate.dtype());
  const Tensor unbiased =
      update.rate * sqrt(1 - pow(beta, steps)) / (1 - pow(alpha, steps));
  const Tensor rate = where(update.isLater(), unbiased, update.rate);
  return update.apply([&](const Tensor &x, const Tensor &g, std::size_t i) {
    const Tensor mean = update.operand(2, i) * alpha + g * (1 - alpha);
    const Tensor square = update.operand(3, i) * beta + g * g * (1 - beta);
    const Tensor moved =
        x - rate * mean / (sqrt(square) + call.number("epsilon", 1e-6));
    return Tensors{moved * (1 - call.number("norm_coefficient_post", 0)), mean,
                   square};
  });
}

Tensors momentum(const Call &call) {
  const Update update(call, 1);
  const double alpha = call.number("alpha", 0);
  const std::string mode = call.text("mode", "standard");
  if (mode != "standard" && mode != "nesterov")
    call.fail("mode is '" + mode + "'");
  const Tensor beta =
      where(update.isLater(), full({}, call.number("beta", 1), DType::f32),
            full({}, 1, DType::f32));
  return update.apply([&](const Tensor &x, const Tensor &g, std::size_t i) {
    const Tensor v = update.operand(2, i) * alpha + g * astype(beta, g.dtype());
    const Tensor direction = mode == "standard" ? v : g + v * alpha;
    return Tensors{x - update.rate * direction, v};
  });
}

} // namespace

Family families::training() {
  static constexpr std::string_view domain = "ai.onnx.preview.training";
  static constexpr Definition table[] = {{domain, "Adagrad", 1, adagrad},
                                         {domain, "Adam", 1, adam},
                                         {domain, "Momentum", 1, momentum}};
  return table;
}

} // namespace mg::onnx
