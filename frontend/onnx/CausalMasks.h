//===- CausalMasks.h - masks of constants that say "not the future" -------===//
//
// Exporters write causal attention's mask as a constant, which is added to the
// scores or chooses between them and the lowest number. Its elements would be
// read from memory, and nobody would see that half of the products are for
// nothing. So a softmax asks here whether its operand is scores under such a
// mask, and takes them under a mask that is computed of the indices, with -inf.
//
// It gives the same numbers, but for the last bit: every query may look at its
// first key, and beside that the exponential of the lowest number is 0. (Where
// scores are of that magnitude themselves it is not; such a softmax says
// nothing either way.)
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_ONNX_CAUSALMASKS_H
#define MG_FRONTEND_ONNX_CAUSALMASKS_H

#include "mg/tensor.h"

#include <cstdint>
#include <optional>
#include <unordered_map>

namespace mg::onnx {

class CausalMasks {
public:
  /// `sum` is `a` + `b`.
  void noteSum(const Tensor &sum, const Tensor &a, const Tensor &b);
  /// `chosen` is `a` where `condition` is true, else `b`.
  void noteChoice(const Tensor &chosen, const Tensor &condition,
                  const Tensor &a, const Tensor &b);

  /// The softmax of `x` over its last dimension, where x is scores under a
  /// causal mask.
  std::optional<Tensor> softmax(const Tensor &x) const;

private:
  struct Scores {
    /// Kept, so that no other tensor gets its address.
    Tensor masked, scores;
    std::int64_t offset;
  };
  void note(const Tensor &masked, const Tensor &scores,
            std::optional<std::int64_t> offset);
  std::unordered_map<const detail::Value *, Scores> known;
};

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_CAUSALMASKS_H
