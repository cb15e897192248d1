//===- Attention.cpp - scaled_dot_product_attention, rope -----------------===//
//
// Query heads that share a head of keys are rows of one product: q (b.., h, l,
// d) is (b.., g, h / g * l, d) beside k (b.., g, s, d), so k is never repeated.
//
//===----------------------------------------------------------------------===//
#include "frontend/dsl/CompositeRules.h"

#include "frontend/dsl/Composites.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace mg {
using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Shape withTail(const Shape &shape, std::size_t dropped, Shape tail) {
  Shape out(shape.begin(), shape.end() - static_cast<std::ptrdiff_t>(dropped));
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

/// What is wrong with the three shapes, or nothing.
std::string complaint(const Shape &q, const Shape &k, const Shape &v) {
  if (q.size() < 3 || k.size() != q.size() || v.size() != q.size())
    return "operands (.., heads, length, width) of one rank are wanted";
  const std::size_t n = q.size();
  if (!std::equal(q.begin(), q.end() - 3, k.begin()) ||
      !std::equal(q.begin(), q.end() - 3, v.begin()))
    return "the batches differ";
  if (q[n - 1] != k[n - 1])
    return fmt::format("q and k are {} and {} wide", q[n - 1], k[n - 1]);
  if (k[n - 2] != v[n - 2] || k[n - 3] != v[n - 3])
    return "k and v differ in heads or length";
  if (k[n - 3] == 0 || q[n - 3] % k[n - 3] != 0)
    return fmt::format("{} query heads share {} heads of k", q[n - 3],
                       k[n - 3]);
  return "";
}

void checkMask(const Tensor &mask, const Shape &scores) {
  const Spec &spec = specOf(mask);
  if (spec.dtype != DType::b1 && !isFloat(spec.dtype))
    fail(fmt::format("the mask is {}: b1 or a float is wanted", toString(spec)),
         mask, "the mask");
  bool fits = spec.shape.size() <= scores.size();
  for (std::size_t i = 1; fits && i <= spec.shape.size(); ++i) {
    const std::int64_t n = spec.shape[spec.shape.size() - i];
    fits = n == 1 || n == scores[scores.size() - i];
  }
  if (!fits)
    fail(fmt::format("the mask is {} for scores {}", toString(spec),
                     toString(Spec{DType::f32, scores})),
         mask, "the mask");
}

} // namespace

namespace detail {

Tensor Attending::rows(const Tensor &x) const {
  const Shape &shape = x.shape();
  return reshape(x, withTail(shape, 3, {sharedHeads, -1, shape.back()}));
}
Tensor Attending::heads(const Tensor &x, std::int64_t width) const {
  return reshape(x, withTail(scores, 1, {width}));
}

Tensor Attending::scoresOf(const Tensor &q, const Tensor &k,
                           const Tensor &mask) const {
  const Tensor raw = batchedDot(rows(q), k, 1, 1, accumulator);
  Tensor s = reshape(raw, scores) * scale;
  if (!mask.empty())
    s = mask.dtype() == DType::b1 ? where(mask, s, -infinity)
                                  : s + cast(mask, accumulator);
  if (!causal)
    return s;
  const Shape square(scores.end() - 2, scores.end());
  return where(iota(square, 0) >= iota(square, 1), s, -infinity);
}

Tensor batchedDot(const Tensor &a, const Tensor &b, int lhs, int rhs,
                  DType dtype) {
  const int batch = a.rank() - 2;
  std::vector<std::int64_t> leading(static_cast<std::size_t>(batch));
  for (int i = 0; i < batch; ++i)
    leading[static_cast<std::size_t>(i)] = i;
  Attrs attributes;
  attributes.set("lhs_contract", std::vector<std::int64_t>{batch + lhs})
      .set("rhs_contract", std::vector<std::int64_t>{batch + rhs})
      .set("lhs_batch", leading)
      .set("rhs_batch", leading);
  Shape shape = a.shape();
  shape[static_cast<std::size_t>(batch)] =
      a.shape()[static_cast<std::size_t>(batch + 1 - lhs)];
  shape[static_cast<std::size_t>(batch + 1)] =
      b.shape()[static_cast<std::size_t>(batch + 1 - rhs)];
  return emit("dot", {a, b}, attributes, {dtype, shape});
}

} // namespace detail

Tensor scaled_dot_product_attention(Arg q, Arg k, Arg v,
                                    const AttentionOptions &options) {
  Scope scope("scaled_dot_product_attention", q.where);
  const DType dtype = autocastTo("scaled_dot_product_attention",
                                 floating(promoteAll({&q, &k, &v})));
  Tensors operands{cast(q.tensor, dtype), cast(k.tensor, dtype),
                   cast(v.tensor, dtype)};
  const Shape &shape = operands[0].shape(), &keys = operands[1].shape();
  const std::string wrong = complaint(shape, keys, operands[2].shape());
  if (!wrong.empty())
    fail(fmt::format("{} (q {}, k {}, v {})", wrong, type_string(operands[0]),
                     type_string(operands[1]), type_string(operands[2])),
         v.tensor, "v");
  Attending how;
  how.scores = withTail(shape, 1, {keys[keys.size() - 2]});
  how.sharedHeads = keys[keys.size() - 3];
  how.accumulator = widened(dtype);
  how.causal = options.causal;
  how.scale = options.scale ? *options.scale
                            : 1 / std::sqrt(static_cast<double>(shape.back()));
  if (options.mask) {
    checkMask(*options.mask, how.scores);
    operands.push_back(*options.mask);
  }
  return composite(
      "sdpa", operands,
      realAttribute("scale", how.scale).flag("causal", options.causal),
      [&](const Tensors &in) { return Tensors{attend(how, in)[0]}; },
      attentionRule(how));
}

Tensor rope(Arg x, Arg positions, float base, Rope pairs) {
  Scope scope("rope", x.where);
  const Tensor y = real("rope", x);
  const Shape &shape = y.shape();
  if (y.rank() < 2 || shape.back() % 2 != 0)
    fail("an operand (.., length, even width) is wanted, not " + type_string(y),
         y);
  const std::int64_t half = shape.back() / 2;
  const DType wide = widened(y.dtype());
  const Shape places = withTail(shape, 1, {});
  const Tensor at = fit(positions, {wide, places});
  auto body = [&](const Tensors &in) {
    const Tensor rate = exp(iota({half}, 0, wide) *
                            (-2 * std::log(base) / double(shape.back())));
    const Tensor angle = expand_dims(in[1], -1) * rate;
    const Tensor c = cos(angle), s = sin(angle);
    // (.., l, 2, half) or (.., l, half, 2): the pair is one dimension.
    const bool apart = pairs == Rope::halves;
    const int axis = apart ? -2 : -1;
    const Tensor split =
        reshape(cast(in[0], wide),
                withTail(shape, 1, apart ? Shape{2, half} : Shape{half, 2}));
    const Tensor a = take(split, 0, axis), b = take(split, 1, axis);
    const Tensor turned = stack({a * c - b * s, b * c + a * s}, axis);
    return Tensors{cast(reshape(turned, shape), y.dtype())};
  };
  return composite("rope", {y, at},
                   realAttribute("base", base)
                       .flag("interleaved", pairs == Rope::interleaved),
                   body);
}

} // namespace mg
