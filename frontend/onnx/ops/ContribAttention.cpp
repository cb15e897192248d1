//===- ContribAttention.cpp - com.microsoft: attention --------------------===//
//
// A cache that operands and results share is a result of its own here: the
// numbers are those, the memory is not.
//
//===----------------------------------------------------------------------===//
#include "frontend/onnx/ops/Attending.h"
#include "mg/composite.h"

#include <fmt/format.h>

#include <cmath>

namespace mg::onnx {

namespace {

/// The scale of scores of heads of this width, where none is given.
double scaleOf(const Call &call, const Tensor &q) {
  const double given = call.number("scale", 0);
  return given ? given : 1 / std::sqrt(static_cast<double>(q.shape()[3]));
}

void refuse(const Call &call, bool isThere, const char *what) {
  if (isThere)
    call.unsupported(what);
}

/// The elements first .. first + count of the last axis.
Tensor columns(const Tensor &x, std::int64_t first, std::int64_t count) {
  return x(ellipsis, slice(first, first + count));
}

//===----------------------------------------------------------------------===//
// Masks of MultiHeadAttention and Attention
//===----------------------------------------------------------------------===//

/// Where a mask of integers has 0, `mask_filter_value` is added: a mask (batch,
/// keys), (batch, queries, keys), or the number of keys of each example.
Tensor biasOfMask(const Call &call, const Tensor &mask, std::int64_t batch,
                  std::int64_t keys) {
  Tensor isKept;
  if (mask.rank() == 1 && mask.size() == batch)
    isKept = iota({1, 1, 1, keys}, 3) <
             reshape(astype(mask, DType::i32), {batch, 1, 1, 1});
  else if (mask.rank() == 2)
    isKept = reshape(mask, {mask.shape()[0], 1, 1, mask.shape()[1]}) > 0;
  else if (mask.rank() == 3)
    isKept = expand_dims(mask, 1) > 0;
  else
    call.unsupported("a mask " + type_string(mask));
  return where(isKept, 0.0f,
               static_cast<float>(call.number("mask_filter_value", -10000)));
}

Mask maskOf(const Call &call, std::size_t padding, std::size_t bias,
            const Tensor &q, const Tensor &k) {
  Mask mask;
  const std::int64_t keys = k.shape()[2], queries = q.shape()[2];
  if (call.has(padding))
    mask.bias = biasOfMask(call, call[padding], q.shape()[0], keys);
  if (call.has(bias))
    mask.bias = mask.bias.empty() ? call[bias] : mask.bias + call[bias];
  if (call.flag("unidirectional") && keys != queries)
    mask.restrict(nearMask(queries, keys,
                           Tensor(static_cast<std::int32_t>(keys - queries)),
                           -1, 0));
  return mask;
}

AttentionForm formOf(const Call &call, const Tensor &q, const Tensor &k) {
  AttentionForm form;
  form.scale = scaleOf(call, q);
  form.causal = call.flag("unidirectional") && q.shape()[2] == k.shape()[2];
  return form;
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

struct Projected {
  Tensor q, k, v; // (batch, heads, length, width)
};

/// Parts of (batch, length, heads, parts, width).
Tensor packedPart(const Tensor &packed, std::int64_t i) {
  return swapaxes(take(packed, Tensor(static_cast<std::int32_t>(i)), 3), 1, 2);
}

Projected projectedOf(const Call &call, std::int64_t heads) {
  if (call[0].rank() == 5)
    return {packedPart(call[0], 0), packedPart(call[0], 1),
            packedPart(call[0], 2)};
  const Tensor bias = call.optional(3);
  const std::int64_t width = call[0].shape().back();
  auto biased = [&](const Tensor &x, std::int64_t first) {
    return splitHeads(
        call, bias.empty() ? x : x + columns(bias, first, x.shape().back()),
        heads);
  };
  const Tensor q = biased(call[0], 0);
  if (call[1].rank() == 5)
    return {q, packedPart(call[1], 0), packedPart(call[1], 1)};
  if (call[1].rank() == 4)
    return {q, call[1], call[2]};
  return {q, biased(call[1], width), biased(call[2], 2 * width)};
}

Tensors multiHeadAttention(const Call &call) {
  refuse(call, call.has(8) || call.has(9),
         "a cache that is larger than what is in it");
  auto [q, k, v] = projectedOf(call, call.integer("num_heads", 0));
  if (call.has(6)) {
    k = concat({call[6], k}, 2);
    v = concat({call[7], v}, 2);
  }
  AttentionForm form = formOf(call, q, k);
  if (call.wants(3))
    form.wanted = 3;
  const Attended result = attend(call, q, k, v, maskOf(call, 4, 5, q, k), form);
  return {joinHeads(result.y), k, v, result.scores};
}

//===----------------------------------------------------------------------===//
// Attention: projects x first
//===----------------------------------------------------------------------===//

Tensors projectingAttention(const Call &call) {
  refuse(call, call.flag("do_rotary"), "rotary positions");
  refuse(call, call.flag("past_present_share_buffer") || call.has(6),
         "a cache that is larger than what is in it");
  const std::int64_t heads = call.integer("num_heads", 0);
  const std::int64_t all = call[1].shape().back();
  const Shape sizes = call.integers("qkv_hidden_sizes")
                          .value_or(Shape{all / 3, all / 3, all / 3});
  if (sizes.size() != 3 || sizes[0] + sizes[1] + sizes[2] != all)
    call.fail(fmt::format("weights {} for queries, keys and values of {}",
                          type_string(call[1]), fmt::join(sizes, ", ")));
  Tensor x = matmul(call[0], call[1]);
  if (call.has(2))
    x = x + call[2];
  const Tensor q = splitHeads(call, columns(x, 0, sizes[0]), heads);
  Tensor k = splitHeads(call, columns(x, sizes[0], sizes[1]), heads);
  Tensor v = splitHeads(call, columns(x, sizes[0] + sizes[1], sizes[2]), heads);
  if (call.has(4)) {
    k = concat({call[4][0], k}, 2);
    v = concat({call[4][1], v}, 2);
  }
  const Attended result =
      attend(call, q, k, v, maskOf(call, 3, 5, q, k), formOf(call, q, k));
  return {joinHeads(result.y), call.wants(1) ? stack({k, v}) : Tensor()};
}

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

/// `fresh` (batch, heads, length, width) in the cache of `size` rows, each
/// example from its own row on.
Tensor inCache(const Tensor &past, const Tensor &fresh, const Tensor &starts,
               std::int64_t size) {
  const Shape &s = fresh.shape();
  const std::int64_t known = past.empty() ? 0 : past.shape()[2];
  if (known == 0 && size == s[2])
    return fresh;
  const Tensor room = known == 0
                          ? zeros({s[0], s[1], size, s[3]}, fresh.dtype())
                          : pad(past, {0, 0, 0, 0}, {0, 0, size - known, 0});
  Tensors examples;
  for (std::int64_t b = 0; b < s[0]; ++b) {
    const Tensor zero = zeros({}, DType::i32);
    examples.push_back(dynamic_update_slice(room[b], fresh[b],
                                            stack({zero, starts[b], zero})));
  }
  return stack(examples);
}

void refuseFormsOfCache(const Call &call) {
  refuse(call, call.has(12) || call.has(13), "a quantized cache");
  refuse(call, call.flag("sliding_window_cache"), "a cache of one window");
  refuse(call, call.wants(3), "its scores");
}

/// Normalised along the last axis, where there are weights.
Tensor normalizedHeads(const Call &call, const Tensor &x, std::size_t weight) {
  if (!call.has(weight))
    return x;
  return rms_norm(x, call[weight],
                  static_cast<float>(call.number("qk_norm_epsilon", 1e-6)));
}

Tensors groupQueryAttention(const Call &call) {
  refuseFormsOfCache(call);
  const std::int64_t heads = call.integer("num_heads", 0);
  const std::int64_t shared = call.integer("kv_num_heads", 0);
  Tensor q = call[0], k = call.optional(1), v = call.optional(2);
  if (k.empty()) {
    const std::int64_t width = q.shape().back() / (heads + 2 * shared);
    k = columns(q, heads * width, shared * width);
    v = columns(q, (heads + shared) * width, shared * width);
    q = columns(call[0], 0, heads * width);
  }
  q = normalizedHeads(call, splitHeads(call, q, heads), 14);
  k = normalizedHeads(call, splitHeads(call, k, shared), 15);
  v = splitHeads(call, v, shared);
  const std::int64_t length = q.shape()[2], batch = q.shape()[0];
  const std::int64_t total = call.integer(6, "the total length");
  const std::int64_t past = call.has(3) ? call[3].shape()[2] : 0;
  const std::int64_t size = std::max(total, past);
  // The first row of each example's new ones: 0 where all begins.
  const Tensor starts = length == total
                            ? zeros({batch}, DType::i32)
                            : reshape(astype(call[5], DType::i32), {batch}) +
                                  static_cast<std::int32_t>(1 - length);
  if (call.flag("do_rotary")) {
    const Tensor places =
        call.has(9) ? call[9] : expand_dims(starts, 1) + iota({1, length}, 1);
    const Rotation rotation{call[7], call[8], places,
                            call.flag("rotary_interleaved")};
    q = rotated(call, q, rotation);
    k = rotated(call, k, rotation);
  }
  const Tensor keys = inCache(call.optional(3), k, starts, size);
  const Tensor values = inCache(call.optional(4), v, starts, size);
  Mask mask;
  if (call.has(10)) {
    Shape low(4, 0), high(4, 0);
    high[3] = size - call[10].shape()[3];
    mask.bias = high[3] ? pad(call[10], low, high) : call[10];
  }
  // It counts the query's own key.
  const std::int64_t window = call.integer("local_window_size", -1);
  const std::int64_t before = window > 0 ? window - 1 : -1;
  const Tensor offset = reshape(starts, {batch, 1, 1, 1});
  AttentionForm form;
  form.scale = scaleOf(call, q);
  form.softcap = call.number("softcap", 0);
  form.hasSink = call.has(11) || call.flag("smooth_softmax");
  if (call.has(11))
    form.sink = reshape(call[11], {heads, 1, 1});
  form.causal = length == size && before < 0 && call.flag("causal", true);
  if (!call.flag("causal", true))
    mask.restrict(iota({1, 1, 1, size}, 3) <
                  offset + static_cast<std::int32_t>(length));
  else if (!form.causal)
    mask.restrict(nearMask(length, size, offset, before, 0));
  const Attended result = attend(call, q, keys, values, mask, form);
  return {joinHeads(result.y), keys, values};
}

//===----------------------------------------------------------------------===//
// RotaryEmbedding
//===----------------------------------------------------------------------===//

Tensors rotaryPositions(const Call &call) {
  refuse(call, call.flag("is_packed_batching"), "examples in one row");
  const Tensor &x = call[0];
  const std::int64_t width = call.integer("rotary_embedding_dim", 0);
  std::int64_t heads = call.integer("num_heads", 0);
  // Without a number of heads the angles tell their width.
  if (x.rank() == 3 && !heads)
    heads = x.shape()[2] / std::max<std::int64_t>(
                               1, width ? width : 2 * call[2].shape().back());
  const Tensor rows = x.rank() == 4 ? x : splitHeads(call, x, heads);
  const Shape &s = rows.shape();
  const Tensor places =
      call[1].size() == 1
          ? broadcast_to(reshape(call[1], {1, 1}) +
                             iota({1, s[2]}, 1, call[1].dtype()),
                         {s[0], s[2]})
          : call[1];
  const Tensor y =
      rotated(call, rows, {call[2], call[3], places, call.flag("interleaved")});
  return {x.rank() == 3 ? joinHeads(y) : y};
}

} // namespace

Family families::contribAttention() {
  constexpr std::string_view domain = "com.microsoft";
  static constexpr Definition table[] = {
      {domain, "Attention", 1, projectingAttention},
      {domain, "GroupQueryAttention", 1, groupQueryAttention},
      {domain, "MultiHeadAttention", 1, multiHeadAttention},
      {domain, "RotaryEmbedding", 1, rotaryPositions}};
  return table;
}

} // namespace mg::onnx
