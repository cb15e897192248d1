// Numbers as integers of few bits times a scale (docs/quantization.md).
#pragma once
#include "mg/composite.h"

namespace mg {

/// round_even(x / scale) + zero, at most what `dtype` (i8 or u8) holds; NaN is
/// 0. Scale and zero are broadcast to x.
Tensor quantize(Arg x, Arg scale, Arg zero = 0, DType dtype = DType::i8);
/// (q - zero) * scale, f32.
Tensor dequantize(Arg q, Arg scale, Arg zero = 0);
/// What x is after quantization, with the derivative of x itself where that is
/// in range (straight through), else 0. The scale has none.
Tensor fake_quantize(Arg x, Arg scale, Arg zero = 0, DType dtype = DType::i8);

/// matmul and conv of two tensors of i8, or two of u8; the sums are of i32, and
/// wrap.
Tensor matmul_i32(Arg a, Arg b);
Tensor conv_i32(Arg x, Arg w, const ConvOptions &options = {});

/// Two numbers of four bits, 0..15, in one u8: element i of the result along
/// `axis`, which is even, in the low half, i + n / 2 in the high half.
Tensor pack_int4(Arg x, int axis = -1);
/// The other way: twice as many u8 along `axis`.
Tensor unpack_int4(Arg packed, int axis = -1);

} // namespace mg
