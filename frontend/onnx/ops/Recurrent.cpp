//===- Recurrent.cpp - LSTM, GRU, RNN, LinearAttention --------------------===//
//
// Each is a scan over time of one step; what a step does not carry (the product
// of the input and its weights) is one product for all steps.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"
#include "mg/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

namespace mg::onnx {

namespace {

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

struct Form {
  std::string_view name;
  Tensor (*apply)(const Tensor &x, double a, double b);
  /// How many of alpha and beta it has, and what they are where not given.
  int constants = 0;
  double alpha = 0, beta = 0;
};

Tensor affine(const Tensor &x, double a, double b) { return x * a + b; }
Tensor scaledTanh(const Tensor &x, double a, double b) {
  return tanh(x * b) * a;
}
Tensor hardSigmoid(const Tensor &x, double a, double b) {
  return clip(x * a + b, 0, 1);
}
Tensor leaky(const Tensor &x, double a, double) {
  return where(x >= 0, x, x * a);
}
Tensor thresholded(const Tensor &x, double a, double) {
  return where(x > a, x, 0);
}
Tensor exponential(const Tensor &x, double a, double) {
  return where(x >= 0, x, expm1(x) * a);
}
Tensor rectified(const Tensor &x, double, double) { return relu(x); }
Tensor tangent(const Tensor &x, double, double) { return tanh(x); }
Tensor logistic(const Tensor &x, double, double) { return sigmoid(x); }
Tensor softSign(const Tensor &x, double, double) { return x / (abs(x) + 1); }
Tensor softPlus(const Tensor &x, double, double) { return softplus(x); }

constexpr Form forms[] = {{"affine", affine, 2, 1, 0},
                          {"elu", exponential, 1, 1},
                          {"hardsigmoid", hardSigmoid, 2, 0.2, 0.5},
                          {"leakyrelu", leaky, 1, 0.01},
                          {"relu", rectified},
                          {"scaledtanh", scaledTanh, 2, 1, 1},
                          {"sigmoid", logistic},
                          {"softplus", softPlus},
                          {"softsign", softSign},
                          {"tanh", tangent},
                          {"thresholdedrelu", thresholded, 1, 1}};

struct Activation {
  const Form *form;
  double alpha, beta, clip;
  /// Of a gate's sum, which is clipped first.
  Tensor operator()(const Tensor &x) const {
    return unclipped(clip > 0 ? mg::clip(x, -clip, clip) : x);
  }
  /// Of a state: as onnxruntime has it, that is no input to clip.
  Tensor unclipped(const Tensor &x) const {
    return form->apply(x, alpha, beta);
  }
};

const Form &formOf(const Call &call, std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  const auto *found =
      std::find_if(std::begin(forms), std::end(forms),
                   [&](const Form &form) { return form.name == lower; });
  if (found == std::end(forms))
    call.fail(fmt::format("no activation is named '{}'", name));
  return *found;
}

/// The activations of all directions, one after the other. Constants are given
/// to those that have some, in that order.
std::vector<Activation> activationsOf(const Call &call,
                                      const Strings &otherwise,
                                      std::size_t directions) {
  Strings names;
  if (const Attribute *given = call.attribute("activations"))
    names = given->texts;
  else
    for (std::size_t d = 0; d < directions; ++d)
      names.insert(names.end(), otherwise.begin(), otherwise.end());
  if (names.size() != otherwise.size() * directions)
    call.fail(fmt::format("{} activations are wanted, not {}",
                          otherwise.size() * directions, names.size()));
  const auto alphas =
      call.numbers("activation_alpha").value_or(std::vector<double>());
  const auto betas =
      call.numbers("activation_beta").value_or(std::vector<double>());
  std::size_t alpha = 0, beta = 0;
  std::vector<Activation> all;
  for (std::string_view name : names) {
    const Form &form = formOf(call, name);
    Activation one{&form, form.alpha, form.beta, call.number("clip", 0)};
    if (form.constants > 0 && alpha < alphas.size())
      one.alpha = alphas[alpha++];
    if (form.constants > 1 && beta < betas.size())
      one.beta = betas[beta++];
    all.push_back(one);
  }
  return all;
}

//===----------------------------------------------------------------------===//
// One direction
//===----------------------------------------------------------------------===//

/// The operands of one direction, without its axis; those left out are empty.
struct Layer {
  Tensor w, r, peepholes;
  /// Of the product with w, and of that with r.
  Tensor wb, rb;
  std::vector<Activation> f;
  Tensor part(const Tensor &x, std::int64_t i) const {
    const std::int64_t n = r.shape().back();
    return x(ellipsis, slice(i * n, (i + 1) * n));
  }
  /// The states' products with r.
  Tensor own(const Tensor &h) const { return matmul(h, transpose(r)); }
};

/// From a step's projected input and the states (h first) to the next states.
using Step = Tensors (*)(const Call &call, const Layer &layer,
                         const Tensor &projected, const Tensors &states);

struct Kind {
  std::int64_t gates;
  std::size_t states;
  Strings activations;
  Step step;
  /// Operands of the peepholes and of the first states.
  std::size_t peepholes;
};

Tensor pick(const Call &call, std::size_t i, std::int64_t direction) {
  return call.has(i) ? call[i][direction] : Tensor();
}

/// {all h (time, batch, hidden), the last states..}.
Tensors run(const Call &call, const Kind &kind, const Layer &layer,
            const Tensor &x, const Tensors &initial, bool reverse) {
  Tensor projected = matmul(x, transpose(layer.w));
  if (!layer.wb.empty())
    projected = projected + layer.wb;
  // Where all sequences are as long as the tensor, nothing is to be masked.
  const Tensor lengths = call.optional(4);
  const std::int64_t length = x.shape()[0];
  bool isMasked = !lengths.empty();
  if (Call::isKnown(lengths)) {
    const auto known = lengths.to_vector<std::int64_t>();
    isMasked = std::any_of(known.begin(), known.end(),
                           [&](std::int64_t n) { return n != length; });
  }
  auto once = [&](const Tensors &before, const Tensors &in) {
    Tensors after = kind.step(call, layer, in[0], before);
    Tensor y = after[0];
    if (isMasked) {
      const Tensor isIn = expand_dims(in[1] < lengths, 1);
      for (std::size_t i = 0; i < after.size(); ++i)
        after[i] = where(isIn, after[i], before[i]);
      y = where(isIn, y, 0);
    }
    return std::pair(after, y);
  };
  Tensors sequences{projected};
  if (isMasked)
    sequences.push_back(iota({length}, 0, lengths.dtype()));
  auto [last, y] = scan(once, initial, sequences, {.reverse = reverse});
  last.insert(last.begin(), y);
  return last;
}

void checkShapes(const Call &call, const Kind &kind, const Tensor &x,
                 std::int64_t directions) {
  const Shape &w = call[1].shape(), &r = call[2].shape();
  const bool fits = x.rank() == 3 && w.size() == 3 && r.size() == 3 &&
                    w[0] == directions && r[0] == directions &&
                    w[1] == kind.gates * r[2] && r[1] == w[1] &&
                    w[2] == x.shape()[2];
  if (!fits)
    call.fail(fmt::format("X {}, W {} and R {} do not fit {} direction(s)",
                          type_string(x), type_string(call[1]),
                          type_string(call[2]), directions));
}

Tensors recurrent(const Call &call, const Kind &kind) {
  const std::string direction = call.text("direction", "forward");
  if (direction != "forward" && direction != "reverse" &&
      direction != "bidirectional")
    call.fail("the direction '" + direction + "' does not exist");
  const std::int64_t directions = direction == "bidirectional" ? 2 : 1;
  const bool batchFirst = call.flag("layout");
  const Tensor x = batchFirst ? swapaxes(call[0], 0, 1) : call[0];
  checkShapes(call, kind, x, directions);
  const std::int64_t n = call[2].shape()[2];
  if (const auto said = call.integer("hidden_size", n); said != n)
    call.fail(fmt::format("hidden_size is {}, but R {} is for {}", said,
                          type_string(call[2]), n));
  const auto activations = activationsOf(call, kind.activations,
                                         static_cast<std::size_t>(directions));
  std::vector<Tensors> parts(1 + kind.states);
  for (std::int64_t d = 0; d < directions; ++d) {
    Layer layer{call[1][d], call[2][d], pick(call, kind.peepholes, d),
                {},         {},         {}};
    if (const Tensor bias = pick(call, 3, d); !bias.empty()) {
      layer.wb = bias(slice(0, kind.gates * n));
      layer.rb = bias(slice(kind.gates * n, none));
    }
    const auto first = activations.begin() +
                       d * static_cast<std::ptrdiff_t>(kind.activations.size());
    layer.f.assign(
        first, first + static_cast<std::ptrdiff_t>(kind.activations.size()));
    Tensors initial;
    for (std::size_t i = 0; i < kind.states; ++i)
      initial.push_back(!call.has(5 + i) ? zeros({x.shape()[1], n}, x.dtype())
                        : batchFirst     ? call[5 + i](all, d)
                                         : call[5 + i][d]);
    const Tensors results =
        run(call, kind, layer, x, initial, direction == "reverse" || d == 1);
    for (std::size_t i = 0; i < results.size(); ++i)
      parts[i].push_back(results[i]);
  }
  // (time, directions, batch, hidden), then (directions, batch, hidden).
  Tensors results{stack(parts[0], 1)};
  for (std::size_t i = 1; i < parts.size(); ++i)
    results.push_back(stack(parts[i], 0));
  if (batchFirst) {
    results[0] = transpose(results[0], {2, 0, 1, 3});
    for (std::size_t i = 1; i < results.size(); ++i)
      results[i] = swapaxes(results[i], 0, 1);
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

Tensor withBias(const Tensor &x, const Tensor &bias) {
  return bias.empty() ? x : x + bias;
}

Tensors lstmStep(const Call &call, const Layer &layer, const Tensor &projected,
                 const Tensors &states) {
  enum Gate : std::uint8_t { input, output, forget, cell };
  const auto &f = layer.f;
  const Tensor sums = withBias(projected + layer.own(states[0]), layer.rb);
  // Peepholes are those of input, output, forget.
  auto gate = [&](Gate which, const Tensor &c) {
    const Tensor x = layer.part(sums, which);
    return f[0](layer.peepholes.empty()
                    ? x
                    : x + layer.part(layer.peepholes, which) * c);
  };
  const Tensor in = gate(input, states[1]);
  const Tensor kept =
      call.flag("input_forget") ? 1 - in : gate(forget, states[1]);
  const Tensor c = kept * states[1] + in * f[1](layer.part(sums, cell));
  return {gate(output, c) * f[2].unclipped(c), c};
}

Tensors gruStep(const Call &call, const Layer &layer, const Tensor &projected,
                const Tensors &states) {
  enum Gate : std::uint8_t { update, reset, hidden };
  const Tensor &h = states[0];
  const std::int64_t n = h.shape().back();
  const auto &f = layer.f;
  const bool isLinearFirst = call.flag("linear_before_reset");
  // Without it the hidden gate's product waits for the reset.
  const Tensor r = isLinearFirst ? layer.r : layer.r(slice(0, 2 * n));
  const Tensor rb =
      layer.rb.empty() || isLinearFirst ? layer.rb : layer.rb(slice(0, 2 * n));
  const Tensor own = withBias(matmul(h, transpose(r)), rb);
  auto gate = [&](Gate which) {
    return f[0](layer.part(projected, which) + layer.part(own, which));
  };
  const Tensor keep = gate(update), open = gate(reset);
  const Tensor recurring =
      isLinearFirst
          ? open * layer.part(own, hidden)
          : withBias(matmul(open * h, transpose(layer.r(slice(2 * n, none)))),
                     layer.rb.empty() ? layer.rb
                                      : layer.rb(slice(2 * n, none)));
  const Tensor fresh = f[1](layer.part(projected, hidden) + recurring);
  return {fresh + keep * (h - fresh)};
}

Tensors rnnStep(const Call &, const Layer &layer, const Tensor &projected,
                const Tensors &states) {
  return {layer.f[0](withBias(projected + layer.own(states[0]), layer.rb))};
}

Tensors lstm(const Call &call) {
  return recurrent(call, {4, 2, {"Sigmoid", "Tanh", "Tanh"}, lstmStep, 7});
}
/// No operand: only LSTM has peepholes.
constexpr std::size_t noPeepholes = 99;
Tensors gru(const Call &call) {
  return recurrent(call, {3, 1, {"Sigmoid", "Tanh"}, gruStep, noPeepholes});
}
Tensors rnn(const Call &call) {
  return recurrent(call, {1, 1, {"Tanh"}, rnnStep, noPeepholes});
}

//===----------------------------------------------------------------------===//
// LinearAttention
//===----------------------------------------------------------------------===//

/// (batch, time, heads * width) as (time, batch, heads, width) of f32.
Tensor byTime(const Tensor &x, std::int64_t heads) {
  const Shape &s = x.shape();
  return swapaxes(reshape(astype(x, DType::f32), {s[0], s[1], heads, -1}), 0,
                  1);
}

Tensors linearAttention(const Call &call) {
  const std::int64_t heads = call.integer("q_num_heads", 0);
  const std::int64_t shared = call.integer("kv_num_heads", 0);
  const std::string rule = call.text("update_rule", "gated_delta");
  const bool decays = rule == "gated" || rule == "gated_delta";
  const bool corrects = rule == "delta" || rule == "gated_delta";
  if (!decays && !corrects && rule != "linear")
    call.fail("no update rule is named '" + rule + "'");
  if (heads < 1 || shared < 1 || heads % shared)
    call.fail(fmt::format("{} heads share {}", heads, shared));
  if (decays != call.has(4) || corrects != call.has(5))
    call.fail("the rule '" + rule + "' and the operands do not fit");
  for (std::size_t i = 0; i < 3; ++i)
    if (call[i].rank() != 3 || call[i].shape()[2] % (i ? shared : heads))
      call.fail(fmt::format("operand {} is {}", i, type_string(call[i])));
  const Tensor q = byTime(call[0], heads), k = byTime(call[1], shared),
               v = byTime(call[2], shared);
  const std::int64_t batch = q.shape()[1], width = q.shape()[3];
  const DType kept = call.has(3) ? call[3].dtype() : call[0].dtype();
  const double given = call.number("scale", 0);
  const double scale =
      given ? given : 1 / std::sqrt(static_cast<double>(width));
  Tensors sequences{q, k, v};
  if (decays)
    sequences.push_back(byTime(call[4], shared));
  if (corrects)
    sequences.push_back(byTime(call[5], call[5].shape()[2]));
  auto step = [&](const Tensor &before, const Tensors &in) {
    // State and sums are (batch, shared heads, width of k, width of v).
    Tensor state = before, update = in[2];
    if (decays)
      state = state * expand_dims(exp(in[3]), -1);
    if (corrects)
      update = in.back() *
               (update - squeeze(matmul(expand_dims(in[1], -2), state), -2));
    state = state + expand_dims(in[1], -1) * expand_dims(update, -2);
    const Tensor grouped =
        reshape(in[0], {batch, shared, heads / shared, width});
    return std::pair(state, matmul(grouped, state) * scale);
  };
  const Tensor start =
      call.has(3) ? astype(call[3], DType::f32)
                  : zeros({batch, shared, width, v.shape()[3]}, DType::f32);
  const auto [state, y] = scan(step, start, sequences);
  const Tensor rows = reshape(y, {q.shape()[0], batch, heads * v.shape()[3]});
  return {astype(swapaxes(rows, 0, 1), call[0].dtype()), astype(state, kept)};
}

} // namespace

Family families::recurrent() {
  static constexpr Definition table[] = {
      {"", "GRU", 7, gru},
      {"", "LSTM", 7, lstm},
      {"", "LinearAttention", 27, linearAttention},
      {"", "RNN", 7, rnn}};
  return table;
}

} // namespace mg::onnx
