//===- Quantization.h - integers that stand for numbers -------------------===//
#ifndef MG_FRONTEND_ONNX_OPS_QUANTIZATION_H
#define MG_FRONTEND_ONNX_OPS_QUANTIZATION_H

#include "frontend/onnx/Operators.h"

namespace mg::onnx {

/// q stands for (q - zero) * scale. A zero that was left out is an empty
/// tensor; scale and zero broadcast to q.
struct Quantity {
  Tensor q, scale, zero;
};

/// Operands i, i + 1 and i + 2 of a node; without the last the zero is 0.
Quantity quantityOf(const Call &call, std::size_t i);

/// (q - zero) * scale in f32.
Tensor valueOf(const Quantity &x);

/// x / scale rounded to even, plus zero, at most what `dtype` holds.
Tensor quantized(const Tensor &x, const Tensor &scale, const Tensor &zero,
                 DType dtype);

/// x in u8, by the range of its elements together with 0.
Quantity dynamicallyQuantized(const Tensor &x);

/// `t` with its elements along `axis` of `rank` dimensions; of one element a
/// scalar; empty where it is.
Tensor alongAxis(const Call &call, const Tensor &t, std::int64_t rank,
                 int axis);

/// Sums of (a - a's zero) * (b - b's zero) in i32, as matmul; scales are not
/// looked at. Zeros are scalars, or one for each row of a and column of b.
Tensor integerProduct(const Call &call, Quantity a, Quantity b);

/// `sums` times `scale`, as quantized() by the scale and zero of the result,
/// which are operands i and i + 1; of `dtype` where there is no zero.
Tensor requantized(const Call &call, const Tensor &sums, const Tensor &scale,
                   std::size_t i, DType dtype);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPS_QUANTIZATION_H
