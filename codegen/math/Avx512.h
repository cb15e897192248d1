//===- Avx512.h - AVX-512's instructions that take the place of several ---===//
//
// On vectors of 16 f32:
//
//   vfixupimmps  chooses a result for each class of numbers (NaN, zero, one,
//                infinity, negative, positive)
//   vpdpwssd     (VNNI) adds two products of 16-bit words to each 32-bit word
//   vpermw       moves 16-bit words
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_MATH_AVX512_H
#define MG_CODEGEN_MATH_AVX512_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mg::codegen::avx512 {

/// Whether `type` is what these instructions take.
bool isNative(mlir::Type type);

/// Whether it is the larger of a number and zero.
bool isRelu(mlir::Operation *op);

/// The larger of x and zero, +0 for -0, NaN for NaN: one instruction, where
/// `arith.maximumf` takes three.
mlir::Value relu(mlir::ImplicitLocOpBuilder &b, mlir::Value x);

/// The bits of x rounded to nearest even to a bf16, in the upper halves of
/// words; in the lower ones is what the rounding left. NaN becomes quiet and
/// keeps its sign and its upper payload. `withRelu`: of the larger of that and
/// zero.
mlir::Value roundToBf16(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                        bool withRelu, bool hasVnni);

/// The upper halves of 16 words.
mlir::Value upperHalves(mlir::ImplicitLocOpBuilder &b, mlir::Value words);

} // namespace mg::codegen::avx512

#endif // MG_CODEGEN_MATH_AVX512_H
