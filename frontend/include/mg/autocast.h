// Mixed precision: a function whose contractions take operands of 16 bits, and
// whose sums, norms and losses stay f32. Parameters stay as they are: what is
// narrowed is a copy, and its derivative comes back in their dtype.
#pragma once
#include <vector>

#include "mg/function.h"

namespace mg {

/// What becomes of an op's operands under autocast; ops that are not in the
/// table take theirs as they come (docs/autocast.md prints it).
struct AutocastRule {
  const char *op;
  bool is_narrow; // f32 becomes the narrow dtype; else f16 and bf16 become f32
};
const std::vector<AutocastRule> &autocast_table();

/// While alive, the policy of this thread's ops; f32 is none.
class AutocastScope {
public:
  explicit AutocastScope(DType dtype, Where where = Where::current());
  ~AutocastScope();
  AutocastScope(const AutocastScope &) = delete;
  AutocastScope &operator=(const AutocastScope &) = delete;

private:
  DType before_;
};

template <class F>
class Autocast : public Callable<Autocast<F>, detail::signature<F>> {
public:
  Autocast(F f, DType dtype) : f_(std::move(f)), dtype_(dtype) {}
  template <class... A>
  auto call(Where where, const std::vector<bool> &, std::tuple<A...> args) const
      -> detail::result<F, A...> {
    AutocastScope scope(dtype_, where);
    return std::apply([&](auto &...a) { return std::invoke(f_, a...); }, args);
  }

private:
  F f_;
  DType dtype_;
};
/// f under the policy; within it `autocast(g, DType::f32)` is g without. A loss
/// of f16 wants an `optim::LossScaler`.
template <class F> auto autocast(F f, DType dtype = DType::bf16) {
  return Autocast<F>(std::move(f), dtype);
}

} // namespace mg
