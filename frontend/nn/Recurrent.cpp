//===- Recurrent.cpp - LSTMCell, GRUCell ----------------------------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/nn/Initial.h"
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
Tensor GRUCell::operator()(Arg x, Arg h) const {
  Scope scope("GRUCell", x.where);
  const Tensor none = zeros({hidden.w.shape()[1]}, hidden.w.dtype());
  return gru_cell(input(x), h, hidden.w, hidden.b ? *hidden.b : none);
}

} // namespace mg::nn
