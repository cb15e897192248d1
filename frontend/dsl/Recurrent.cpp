//===- Recurrent.cpp - lstm_cell, gru_cell, dropout -----------------------===//
#include "frontend/dsl/Composites.h"
#include "mg/functional.h"

#include <fmt/format.h>

namespace mg {
using namespace detail;

namespace {

/// h (.., n), u (n, gates * n) and `projected` (.., gates * n) fit together.
void checkCell(const Tensor &projected, const Tensor &h, const Tensor &u,
               std::int64_t gates) {
  const Shape &shape = specOf(h).shape;
  Shape wanted = shape;
  bool fits = !shape.empty();
  if (fits) {
    wanted.back() *= gates;
    fits = specOf(projected).shape == wanted &&
           specOf(u).shape == Shape{shape.back(), wanted.back()};
  }
  if (!fits)
    fail(fmt::format("projected (.., {} n), a state (.., n) and weights (n, {} "
                     "n) are wanted, not {}, {} and {}",
                     gates, gates, type_string(projected), type_string(h),
                     type_string(u)),
         projected);
}
/// The i-th of `count` equal parts of the last axis.
Tensor part(const Tensor &x, std::int64_t i, std::int64_t count) {
  const std::int64_t n = x.shape().back() / count;
  return x(ellipsis, slice(i * n, (i + 1) * n));
}

} // namespace

LSTMState lstm_cell(Arg projected, const LSTMState &state, Arg u) {
  Scope scope("lstm_cell", projected.where);
  checkCell(projected.tensor, state.h, u.tensor, 4);
  const DType dtype = floating(promoteAll({&projected, &u}));
  const Tensor c = cast(state.c, widened(dtype));
  if (specOf(c).shape != specOf(state.h).shape)
    fail(fmt::format("the state is {} and {}", type_string(state.h),
                     type_string(c)),
         c);
  auto body = [](const Tensors &in) {
    const Tensor all = in[0] + matmul(in[1], in[3]);
    const Tensor kept = in[2] * sigmoid(part(all, 1, 4));
    const Tensor fresh = sigmoid(part(all, 0, 4)) * tanh(part(all, 2, 4));
    const Tensor cell = kept + fresh;
    return Tensors{sigmoid(part(all, 3, 4)) * tanh(cell), cell};
  };
  const Tensors next =
      compositeAll("lstm_cell",
                   {cast(projected.tensor, dtype), cast(state.h, dtype), c,
                    cast(u.tensor, dtype)},
                   {}, body);
  return {cast(next[0], state.h.dtype()), cast(next[1], state.c.dtype())};
}

Tensor gru_cell(Arg projected, Arg h, Arg u, Arg v) {
  Scope scope("gru_cell", projected.where);
  checkCell(projected.tensor, h.tensor, u.tensor, 3);
  if (specOf(v.tensor).shape != Shape{specOf(u.tensor).shape.back()})
    fail(fmt::format("v is {} beside u {}", type_string(v.tensor),
                     type_string(u.tensor)),
         v.tensor, "v");
  const DType dtype = floating(promoteAll({&projected, &u}));
  auto body = [](const Tensors &in) {
    const Tensor own = matmul(in[1], in[2]) + in[3];
    const Tensor reset = sigmoid(part(in[0], 0, 3) + part(own, 0, 3));
    const Tensor keep = sigmoid(part(in[0], 1, 3) + part(own, 1, 3));
    const Tensor fresh = tanh(part(in[0], 2, 3) + reset * part(own, 2, 3));
    return Tensors{fresh + keep * (in[1] - fresh)};
  };
  const Tensor next =
      composite("gru_cell",
                {cast(projected.tensor, dtype), cast(h.tensor, dtype),
                 cast(u.tensor, dtype), cast(v.tensor, dtype)},
                {}, body);
  return cast(next, h.tensor.dtype());
}

Tensor dropout(Arg x, const Key &key, float rate) {
  Scope scope("dropout", x.where);
  if (!(rate >= 0 && rate <= 1))
    fail(fmt::format("the rate is {}: a probability is wanted", rate));
  if (rate == 1)
    return zeros_like(x);
  const Tensor &y = x.tensor;
  const Tensor keep = uniform(key, specOf(y).shape) >= rate;
  return where(keep, y * (1 / (1 - double(rate))), 0);
}

} // namespace mg
