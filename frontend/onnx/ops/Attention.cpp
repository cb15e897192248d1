//===- Attention.cpp - Attention, RotaryEmbedding -------------------------===//
#include "frontend/onnx/ops/Attending.h"

#include <fmt/format.h>

#include <cmath>

namespace mg::onnx {

namespace {

/// The heads that an attribute names, which rows of rank 3 need; of rank 4 the
/// tensor tells.
Tensor byHead(const Call &call, std::size_t i, const char *heads) {
  const Tensor &x = call[i];
  return x.rank() == 4 ? x : splitHeads(call, x, call.integer(heads, 0));
}

/// `mask` for as many keys as there are: those it does not know are out.
Tensor padKeys(const Call &call, const Tensor &mask, std::int64_t keys) {
  const std::int64_t missing = keys - mask.shape().back();
  if (missing < 0)
    call.fail(
        fmt::format("the mask is {} for {} keys", type_string(mask), keys));
  if (missing == 0)
    return mask;
  Shape low(mask.shape().size(), 0), high = low;
  high.back() = missing;
  if (mask.dtype() == DType::b1)
    return pad(mask, low, high, false);
  return pad(mask, low, high, -INFINITY);
}

struct Cache {
  Tensor keys, values;
  /// How many keys come before those of the queries, where that is not 0.
  Tensor offset;
};

Cache cacheOf(const Call &call) {
  Cache cache{
      byHead(call, 1, "kv_num_heads"), byHead(call, 2, "kv_num_heads"), {}};
  if (call.has(4) != call.has(5))
    call.fail("past keys and values are wanted together");
  if (call.has(4) && call.has(6))
    call.fail("nonpad_kv_seqlen does not go with past keys");
  if (call.has(4)) {
    cache.offset = Tensor(static_cast<std::int32_t>(call[4].shape()[2]));
    cache.keys = concat({call[4], cache.keys}, 2);
    cache.values = concat({call[5], cache.values}, 2);
  }
  return cache;
}

Mask maskOf(const Call &call, const Cache &cache, std::int64_t queries) {
  const std::int64_t keys = cache.keys.shape()[2];
  Mask mask;
  if (call.has(3)) {
    const Tensor given = padKeys(call, call[3], keys);
    (given.dtype() == DType::b1 ? mask.allowed : mask.bias) = given;
  }
  Tensor offset = cache.offset.empty() ? Tensor(0) : cache.offset;
  if (call.has(6)) {
    const Tensor lengths = reshape(astype(call[6], DType::i32), {-1, 1, 1, 1});
    mask.restrict(iota({1, 1, 1, keys}, 3) < lengths);
    offset = lengths - static_cast<std::int32_t>(queries);
  }
  const std::int64_t before = call.integer("left_window_size", -1);
  const std::int64_t after = call.integer("right_window_size", -1);
  if (before < -1 || after < -1)
    call.fail(fmt::format("a window of {} and {}", before, after));
  // Plain causal attention needs no mask.
  const bool isCausal =
      call.flag("is_causal") && (!cache.offset.empty() || call.has(6));
  if (isCausal || before >= 0 || after >= 0)
    mask.restrict(
        nearMask(queries, keys, offset, before, isCausal ? 0 : after));
  return mask;
}

Tensors attentionOf(const Call &call) {
  const Tensor q = byHead(call, 0, "q_num_heads");
  const Cache cache = cacheOf(call);
  if (q.rank() != 4 || cache.keys.rank() != 4 || cache.values.rank() != 4)
    call.fail("operands of rank 3 or 4 are wanted");
  AttentionForm form;
  form.scale =
      call.number("scale", 1 / std::sqrt(static_cast<double>(q.shape()[3])));
  form.softcap = call.number("softcap", 0);
  form.causal = call.flag("is_causal") && cache.offset.empty() && !call.has(6);
  if (call.wants(3))
    form.wanted = static_cast<int>(call.integer("qk_matmul_output_mode", 0));
  const Attended result = attend(call, q, cache.keys, cache.values,
                                 maskOf(call, cache, q.shape()[2]), form);
  return {call[0].rank() == 3 ? joinHeads(result.y) : result.y, cache.keys,
          cache.values, result.scores};
}

Tensors rotaryEmbedding(const Call &call) {
  const Tensor x = byHead(call, 0, "num_heads");
  const Rotation rotation{call[1], call[2], call.optional(3),
                          call.flag("interleaved")};
  const std::int64_t width = call.integer("rotary_embedding_dim", 0);
  if (rotation.cos.shape().empty() || x.rank() != 4 ||
      2 * rotation.cos.shape().back() != (width ? width : x.shape()[3]))
    call.fail(fmt::format("angles {} for {}", type_string(rotation.cos),
                          type_string(x)));
  const Tensor y = rotated(call, x, rotation);
  return {call[0].rank() == 3 ? joinHeads(y) : y};
}

} // namespace

Family families::attention() {
  static constexpr Definition table[] = {
      {"", "Attention", 23, attentionOf},
      {"", "RotaryEmbedding", 23, rotaryEmbedding}};
  return table;
}

} // namespace mg::onnx
