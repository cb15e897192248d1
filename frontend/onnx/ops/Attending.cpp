//===- Attending.cpp - what operators of attention share ------------------===//
#include "frontend/onnx/ops/Attending.h"
#include "mg/functional.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace mg::onnx {

static constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor splitHeads(const Call &call, const Tensor &x, std::int64_t heads) {
  if (x.rank() != 3 || heads < 1 || x.shape()[2] % heads)
    call.fail(fmt::format("{} has no {} heads", type_string(x), heads));
  const Shape &s = x.shape();
  return swapaxes(reshape(x, {s[0], s[1], heads, s[2] / heads}), 1, 2);
}

Tensor joinHeads(const Tensor &x) {
  const Shape &s = x.shape();
  return reshape(swapaxes(x, 1, 2), {s[0], s[2], s[1] * s[3]});
}

Tensor nearMask(std::int64_t queries, std::int64_t keys, const Tensor &offset,
                std::int64_t before, std::int64_t after) {
  // Indices of all pairs, as the DSL's attention has them: code generation sees
  // by them which columns a row leaves out.
  const Shape pairs{queries, keys};
  const bool isFirst = Call::isKnown(offset) && offset.size() == 1 &&
                       offset.to_vector<std::int32_t>().front() == 0;
  const Tensor row = iota(pairs, 0), key = iota(pairs, 1);
  const Tensor place = isFirst ? row : row + astype(offset, DType::i32);
  Tensor allowed;
  if (after >= 0)
    allowed = key <= (after ? place + static_cast<std::int32_t>(after) : place);
  if (before >= 0) {
    const Tensor isNear = key >= place - static_cast<std::int32_t>(before);
    allowed = allowed.empty() ? isNear : allowed & isNear;
  }
  return allowed;
}

void Mask::restrict(const Tensor &more) {
  if (!more.empty())
    allowed = allowed.empty() ? more : allowed & more;
}

/// Each of the shared heads as often as queries share it.
static Tensor forEachHead(const Tensor &x, std::int64_t heads) {
  const std::int64_t shared = x.shape()[1];
  return shared == heads ? x : repeat(x, heads / shared, 1);
}

/// exp(scores) / their sum, 0 where the sum has no term.
static Tensor probabilities(const Tensor &scores, const AttentionForm &form) {
  Tensor top = max(scores, -1, true);
  if (form.hasSink)
    top = maximum(top, form.sink.empty() ? Tensor(0.0f) : form.sink);
  const Tensor terms = exp(scores - where(top == -infinity, 0, top));
  Tensor total = sum(terms, -1, true);
  if (form.hasSink)
    total = total + exp((form.sink.empty() ? Tensor(0.0f) : form.sink) - top);
  return terms / where(total == 0, 1, total);
}

/// Op by op, for what the DSL's attention does not do.
static Attended attendByOps(const Tensor &q, const Tensor &k, const Tensor &v,
                            const Mask &mask, const AttentionForm &form) {
  const DType wide = q.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const std::int64_t heads = q.shape()[1];
  Attended result;
  auto keep = [&](int stage, const Tensor &scores) {
    if (form.wanted == stage)
      result.scores = astype(scores, q.dtype());
  };
  const Tensor keys = forEachHead(k, heads), values = forEachHead(v, heads);
  Tensor scores = matmul(astype(q, wide) * form.scale,
                         swapaxes(astype(keys, wide), -1, -2));
  keep(0, scores);
  if (form.softcap)
    scores = tanh(scores / form.softcap) * form.softcap;
  keep(1, scores);
  if (!mask.bias.empty())
    scores = scores + astype(mask.bias, wide);
  Mask all = mask;
  if (form.causal)
    all.restrict(nearMask(q.shape()[2], k.shape()[2], Tensor(0), -1, 0));
  if (!all.allowed.empty())
    scores = where(all.allowed, scores, -infinity);
  keep(2, scores);
  const Tensor p = probabilities(scores, form);
  keep(3, p);
  result.y = matmul(astype(p, q.dtype()), values);
  return result;
}

Attended attend(const Call &call, const Tensor &q, const Tensor &k,
                const Tensor &v, const Mask &mask, const AttentionForm &form) {
  const Shape &s = q.shape(), &t = k.shape(), &u = v.shape();
  if (s.size() != 4 || t.size() != 4 || u.size() != 4 || s[0] != t[0] ||
      s[0] != u[0] || t[1] != u[1] || t[2] != u[2] || s[3] != t[3] ||
      t[1] < 1 || s[1] % t[1])
    call.fail(fmt::format("q {}, k {} and v {} do not fit", type_string(q),
                          type_string(k), type_string(v)));
  if (form.softcap != 0 || form.wanted >= 0 || form.hasSink)
    return attendByOps(q, k, v, mask, form);
  AttentionOptions options{.causal = form.causal,
                           .scale = static_cast<float>(form.scale)};
  if (!mask.bias.empty())
    options.mask = mask.allowed.empty()
                       ? mask.bias
                       : where(mask.allowed, mask.bias, -infinity);
  else if (!mask.allowed.empty())
    options.mask = mask.allowed;
  return {scaled_dot_product_attention(q, k, v, options), {}};
}

Tensor rotated(const Call &call, const Tensor &x, const Rotation &rotation) {
  const Shape &s = x.shape();
  const std::int64_t half = rotation.cos.shape().back();
  if (x.rank() != 4 || 2 * half > s[3] ||
      rotation.cos.shape() != rotation.sin.shape())
    call.fail(fmt::format("{} cannot be turned by angles {} and {}",
                          type_string(x), type_string(rotation.cos),
                          type_string(rotation.sin)));
  // (batch, 1, length, half).
  auto angles = [&](const Tensor &cache) {
    const Tensor own =
        rotation.positions.empty() ? cache : take(cache, rotation.positions, 0);
    return expand_dims(own, -3);
  };
  const Tensor c = angles(rotation.cos), sn = angles(rotation.sin);
  // The pair is one dimension: (.., 2, half) or (.., half, 2).
  const int axis = rotation.interleaved ? -1 : -2;
  Shape pairs{s[0], s[1], s[2], 2, half};
  if (rotation.interleaved)
    std::swap(pairs[3], pairs[4]);
  const Tensor turning = 2 * half == s[3] ? x : x(ellipsis, slice(0, 2 * half));
  const Tensor both = reshape(turning, pairs);
  const Tensor a = take(both, 0, axis), b = take(both, 1, axis);
  const Tensor turned = reshape(stack({a * c - b * sn, a * sn + b * c}, axis),
                                {s[0], s[1], s[2], 2 * half});
  return 2 * half == s[3]
             ? turned
             : concat({turned, x(ellipsis, slice(2 * half, none))}, -1);
}

} // namespace mg::onnx
