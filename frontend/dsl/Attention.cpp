//===- Attention.cpp - scaled_dot_product_attention, rope -----------------===//
//
// What attention and its derivative share is in Attention.h.
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
  if (shape.size() == scores.size())
    return x;
  const auto group = scores.begin() + batch - 1;
  return reshape(
      x, withTail(shape, 3,
                  {group[0], group[1], shape[shape.size() - 2], shape.back()}));
}

Tensor Attending::maskRows(const Tensor &mask) const {
  const bool isShared = scores.size() == static_cast<std::size_t>(batch) + 3;
  if (mask.empty() || !isShared || mask.rank() < 3)
    return mask;
  const Shape &shape = mask.shape();
  const auto group = scores.begin() + batch - 1;
  const bool isOne = shape[shape.size() - 3] == 1;
  return reshape(mask, withTail(shape, 3,
                                {isOne ? 1 : group[0], isOne ? 1 : group[1],
                                 shape[shape.size() - 2], shape.back()}));
}

Tensor Attending::scoresOf(const Tensor &q, const Tensor &k,
                           const Tensor &mask) const {
  Tensor s = times(q, k, 1, accumulator) * scale;
  if (!mask.empty())
    s = mask.dtype() == DType::b1 ? where(mask, s, -infinity)
                                  : s + cast(mask, accumulator);
  if (!causal)
    return s;
  const Shape square(scores.end() - 2, scores.end());
  const Tensor queries = iota(square, 0);
  return where((first ? queries + first : queries) >= iota(square, 1), s,
               -infinity);
}

/// Dimensions [first, last).
static std::vector<std::int64_t> range(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> list;
  for (std::int64_t i = first; i < last; ++i)
    list.push_back(i);
  return list;
}

Tensor Attending::times(const Tensor &rows, const Tensor &matrix, int dim,
                        DType dtype) const {
  Attrs attributes;
  attributes.set("lhs_contract", std::vector<std::int64_t>{rows.rank() - 1})
      .set("rhs_contract", std::vector<std::int64_t>{batch + dim})
      .set("lhs_batch", range(0, batch))
      .set("rhs_batch", range(0, batch));
  const auto left = static_cast<std::size_t>(batch + 1 - dim);
  return emit("dot", {rows, matrix}, attributes,
              {dtype, withTail(rows.shape(), 1, {matrix.shape()[left]})});
}

Tensor Attending::overRows(const Tensor &a, const Tensor &b) const {
  Attrs attributes;
  attributes.set("lhs_contract", range(batch, a.rank() - 1))
      .set("rhs_contract", range(batch, b.rank() - 1))
      .set("lhs_batch", range(0, batch))
      .set("rhs_batch", range(0, batch));
  Shape shape(a.shape().begin(), a.shape().begin() + batch);
  shape.insert(shape.end(), {a.shape().back(), b.shape().back()});
  return emit("dot", {a, b}, attributes, {accumulator, shape});
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
  const Shape scores = withTail(shape, 1, {keys[keys.size() - 2]});
  const std::int64_t heads = shape[shape.size() - 3],
                     shared = keys[keys.size() - 3];
  how.scores = heads == shared
                   ? scores
                   : withTail(scores, 3,
                              {shared, heads / shared,
                               scores[scores.size() - 2], scores.back()});
  how.batch = static_cast<int>(shape.size()) - 2;
  how.accumulator = widened(dtype);
  how.causal = options.causal;
  how.scale = options.scale ? *options.scale
                            : 1 / std::sqrt(static_cast<double>(shape.back()));
  if (options.mask) {
    checkMask(*options.mask, scores);
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
