#include "frontend/onnx/CausalMasks.h"

#include "frontend/onnx/ops/Attending.h"

#include <limits>

namespace mg::onnx {

/// From here on a number is as good as -inf.
static constexpr float lowest = -3e38f;

/// The offset with which `isOut(i, j)` of all queries i and keys j is
/// j > i + offset, which must be at least 0.
template <class F>
static std::optional<std::int64_t> offsetOf(std::int64_t queries,
                                            std::int64_t keys, const F &isOut) {
  std::int64_t offset = -1;
  while (offset + 1 < keys && !isOut(0, offset + 1))
    ++offset;
  // A mask that leaves nothing out is none.
  if (offset < 0 || offset + 1 >= keys)
    return std::nullopt;
  for (std::int64_t i = 0; i < queries; ++i)
    for (std::int64_t j = 0; j < keys; ++j)
      if (isOut(i, j) != (j > i + offset))
        return std::nullopt;
  return offset;
}

/// Whether `mask` is known and has one element for each query and key of
/// `masked`, the same for all heads and examples.
static bool isMaskOf(const Tensor &mask, const Tensor &masked,
                     const Tensor &scores) {
  if (!Call::isKnown(mask) || Call::isKnown(scores) ||
      scores.shape() != masked.shape() || mask.rank() < 2 ||
      scores.rank() < 2 || scores.dtype() != DType::f32)
    return false;
  const std::int64_t queries = scores.size(-2), keys = scores.size(-1);
  return queries > 1 && keys > 1 && mask.size(-2) == queries &&
         mask.size(-1) == keys && mask.size() == queries * keys;
}

void CausalMasks::note(const Tensor &masked, const Tensor &scores,
                       std::optional<std::int64_t> offset) {
  if (offset)
    known[masked.value()] = {masked, scores, *offset};
}

void CausalMasks::noteSum(const Tensor &sum, const Tensor &a, const Tensor &b) {
  const bool isFirst = Call::isKnown(a);
  const Tensor &mask = isFirst ? a : b, &scores = isFirst ? b : a;
  if (!isMaskOf(mask, sum, scores))
    return;
  const auto elements = mask.to_vector<float>();
  for (const float element : elements)
    if (element != 0 && !(element <= lowest))
      return;
  const std::int64_t keys = mask.size(-1);
  note(sum, scores, offsetOf(mask.size(-2), keys, [&](auto i, auto j) {
         return elements[static_cast<std::size_t>(i * keys + j)] != 0;
       }));
}

void CausalMasks::noteChoice(const Tensor &chosen, const Tensor &condition,
                             const Tensor &a, const Tensor &b) {
  const bool isFirst = Call::isKnown(a);
  const Tensor &other = isFirst ? a : b, &scores = isFirst ? b : a;
  if (!isMaskOf(condition, chosen, scores) || !Call::isKnown(other) ||
      other.size() != 1 || !(other.item<float>() <= lowest))
    return;
  const auto elements = condition.to_vector<bool>();
  const std::int64_t keys = condition.size(-1);
  note(chosen, scores, offsetOf(condition.size(-2), keys, [&](auto i, auto j) {
         return elements[static_cast<std::size_t>(i * keys + j)] == isFirst;
       }));
}

std::optional<Tensor> CausalMasks::softmax(const Tensor &x) const {
  const auto found = known.find(x.value());
  if (found == known.end())
    return std::nullopt;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto &[masked, scores, offset] = found->second;
  const Tensor rows =
      where(nearMask(scores.size(-2), scores.size(-1),
                     Tensor(static_cast<std::int32_t>(offset)), -1, 0),
            scores, -infinity);
  // As the DSL's attention: with these two conditions what is left out is 0
  // whatever the rest is, so that code generation may leave it out.
  const Tensor top = max(rows, -1, true);
  const Tensor terms = exp(rows - where(top == -infinity, 0, top));
  const Tensor total = sum(terms, -1, true);
  return terms / where(total == 0, 1, total);
}

} // namespace mg::onnx
