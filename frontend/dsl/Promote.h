//===- Promote.h - operands at one dtype and one shape --------------------===//
//
// The laws (docs/promotion.md prints the table they give):
//   - a tensor beside itself keeps its dtype; promotion is commutative;
//   - bool < integers < floats: a lower kind takes the higher kind's dtype;
//   - two integers meet at the smallest one that holds both, i64 and u64 at
//     f32; f16 and bf16 meet at f32;
//   - a number never changes a tensor's dtype but by being of a higher kind:
//     then it brings i32 or f32.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DSL_PROMOTE_H
#define MG_FRONTEND_DSL_PROMOTE_H

#include "frontend/dsl/Emit.h"

namespace mg::detail {

Number::Kind kindOf(DType dtype);
inline bool isFloat(DType dtype) { return kindOf(dtype) == Number::real; }
inline bool isUnsigned(DType dtype) {
  return dtype >= DType::u8 && dtype <= DType::u64;
}
/// f32 for all that is no float.
inline DType floating(DType dtype) {
  return isFloat(dtype) ? dtype : DType::f32;
}
/// What a statistic is computed in: f32 for f16 and bf16, and for integers.
inline DType widened(DType dtype) {
  return dtype == DType::f64 ? dtype : DType::f32;
}
/// i32 for b1: arithmetic on truth values counts.
inline DType counting(DType dtype) {
  return dtype == DType::b1 ? DType::i32 : dtype;
}
DType promoteAll(llvm::ArrayRef<const Arg *> args);

/// Right-aligned, sizes equal or 1.
Shape broadcastShapes(const Arg &a, const Arg &b);
Tensor cast(const Tensor &x, DType dtype);
/// Broadcasts to `shape`, aligned at the right.
Tensor spread(const Tensor &x, const Shape &shape);
/// Both; a number becomes a constant.
Tensor fit(const Arg &x, const Spec &spec);

/// `axis` counted from the front; fails where it is none of `rank`.
int axisOf(int axis, int rank, const Tensor &about);
/// The dimensions that `axes` names, ascending, none twice.
std::vector<std::int64_t> dimsOf(const Axes &axes, const Tensor &x);
/// `shape` with `size` in place of dimension d.
Shape withSize(Shape shape, std::size_t d, std::int64_t size);

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_PROMOTE_H
