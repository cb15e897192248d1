//===- Value.h - what a Tensor's handle points to -------------------------===//
//
// One struct for the three kinds of tensors: eager ones have an array, traced
// ones a value of the IR, specs neither.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_TENSOR_VALUE_H
#define MG_FRONTEND_TENSOR_VALUE_H

#include "frontend/eager/Array.h"
#include "mg/tensor.h"

#include <atomic>

namespace mg::detail {

/// A dtype and a shape: all that shape rules look at.
struct Spec {
  DType dtype = DType::f32;
  Shape shape = {};
};

/// Immutable once a Tensor points to it.
struct Value {
  Spec spec = {};
  Where where = {};
  /// "result of exp", "argument 'fc1.w'": completes "rhs is the ...".
  std::string label = {};
  /// Has an owner for an eager tensor only.
  eager::Array array = {};
  /// Which frame of which trace made it (0: none), and its value there, an
  /// opaque mlir::Value.
  std::uint64_t frame = 0;
  void *traced = nullptr;
  mutable std::atomic<int> references{1};

  bool isEager() const { return array.owner != nullptr; }
};

inline mg_dtype cDType(DType dtype) { return static_cast<mg_dtype>(dtype); }
inline DType dtypeOf(const eager::Array &array) {
  return static_cast<DType>(array.view.dtype);
}

/// The value behind a tensor; an Error of `op` where it is empty.
const Value &get(const Tensor &t, const char *op, Where where);
/// As `get`, and an Error where the value is not known (a spec, a trace).
const Value &known(const Tensor &t, const char *op, Where where);
/// An Error of `op` where `t` has no value and is no value of an open trace.
void checkUsable(const Tensor &t, const char *op, Where where);
Tensor makeEager(eager::Array array, Where where, std::string label);
/// "ROLE is the result of exp", with the line of that exp.
Note origin(const Tensor &t, const std::string &role);
std::string toString(const Spec &spec);
/// `f32[2,3]` of the shape alone: `[2,3]`.
std::string toString(const Shape &shape);

/// The product, or an Error where a size is negative, the rank over MG_MAX_RANK
/// or the bytes overflow.
std::int64_t checkedSize(const Shape &shape, DType dtype, const char *op,
                         Where where);
Shape rowMajorStrides(const Shape &shape);
/// One element with strides 0: `number` everywhere.
Tensor splat(Number number, const Spec &spec, const char *op, Where where);
/// True where all elements share one address.
bool isSplat(const eager::Array &array);

} // namespace mg::detail

#endif // MG_FRONTEND_TENSOR_VALUE_H
