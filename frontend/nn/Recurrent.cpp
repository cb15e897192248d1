//===- Recurrent.cpp - LSTM, GRU and their cells --------------------------===//
//
// The inputs of all steps are projected at once, in one product; a step of the
// scan is the product with the state, and the gates.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/nn/Initial.h"
#include "mg/control.h"
#include "mg/nn.h"

namespace mg::nn {
using namespace mg::detail;

/// x w + b, all uniform in +-1 / sqrt(hidden).
static Linear gates(const Key &key, std::int64_t in, std::int64_t hidden,
                    std::int64_t count) {
  checkSizes({in, hidden});
  const double bound = boundOf(hidden);
  return {within(key.fold(0), {in, count * hidden}, bound),
          within(key.fold(1), {count * hidden}, bound)};
}

LSTMCell LSTMCell::init(const Key &key, std::int64_t in, std::int64_t hidden,
                        Where where) {
  Scope scope("LSTMCell", where);
  Linear input = gates(key.fold(0), in, hidden, 4);
  const Linear own = gates(key.fold(1), hidden, hidden, 4);
  input.b = *input.b + *own.b;
  return {input, own.w};
}
LSTMState LSTMCell::start(std::int64_t n) const {
  const Tensor zero = zeros({n, u.shape()[0]}, u.dtype());
  return {zero, zero};
}
LSTMState LSTMCell::operator()(Arg x, const LSTMState &state) const {
  Scope scope("LSTMCell", x.where);
  return lstm_cell(input(x), state, u);
}

GRUCell GRUCell::init(const Key &key, std::int64_t in, std::int64_t hidden,
                      Where where) {
  Scope scope("GRUCell", where);
  return {gates(key.fold(0), in, hidden, 3),
          gates(key.fold(1), hidden, hidden, 3)};
}
Tensor GRUCell::start(std::int64_t n) const {
  return zeros({n, hidden.w.shape()[0]}, hidden.w.dtype());
}
static Tensor hiddenBias(const GRUCell &cell) {
  const Linear &own = cell.hidden;
  return own.b ? *own.b : zeros({own.w.shape()[1]}, own.w.dtype());
}
Tensor GRUCell::operator()(Arg x, Arg h) const {
  Scope scope("GRUCell", x.where);
  return gru_cell(input(x), h, hidden.w, hiddenBias(*this));
}

/// What a layer makes of all steps of x (n, length, in), the steps first.
static Tensor projectedSteps(const Linear &input, const Tensor &x) {
  if (specOf(x).shape.size() != 3)
    fail("x (n, length, width) is wanted, not " + type_string(x), x, "x");
  return swapaxes(input(x), 0, 1);
}

LSTM LSTM::init(const Key &key, std::int64_t in, std::int64_t hidden,
                Where where) {
  return {LSTMCell::init(key, in, hidden, where)};
}
std::pair<Tensor, LSTMState>
LSTM::operator()(Arg x, const std::optional<LSTMState> &start) const {
  Scope scope("LSTM", x.where);
  const Tensor steps = projectedSteps(cell.input, x.tensor);
  auto body = [u = cell.u](const LSTMState &state, const Tensor &projected) {
    const LSTMState next = lstm_cell(projected, state, u);
    return std::pair(next, next.h);
  };
  const auto [last, all] = scan(
      body, start ? *start : cell.start(steps.shape()[1]), steps, {}, x.where);
  return {swapaxes(all, 0, 1), last};
}

GRU GRU::init(const Key &key, std::int64_t in, std::int64_t hidden,
              Where where) {
  return {GRUCell::init(key, in, hidden, where)};
}
std::pair<Tensor, Tensor>
GRU::operator()(Arg x, const std::optional<Tensor> &start) const {
  Scope scope("GRU", x.where);
  const Tensor steps = projectedSteps(cell.input, x.tensor);
  auto body = [u = cell.hidden.w, bias = hiddenBias(cell)](
                  const Tensor &h, const Tensor &projected) {
    const Tensor next = gru_cell(projected, h, u, bias);
    return std::pair(next, next);
  };
  const auto [last, all] = scan(
      body, start ? *start : cell.start(steps.shape()[1]), steps, {}, x.where);
  return {swapaxes(all, 0, 1), last};
}

} // namespace mg::nn
