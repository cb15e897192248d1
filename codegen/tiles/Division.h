//===- Division.h - many numbers divided by one ---------------------------===//
//
// A softmax divides a row by its sum, a mean by its count. Division takes ten
// cycles per vector of 16 where a product takes half a one, but x * (1 / d) is
// not x / d. It is after one step of correction (Markstein):
//
//   y = 1 / d               once, rounded
//   q = x * y               off by less than 1.5 units in the last place
//   r = x - q * d           one fma
//   q + r * y               one fma: x / d, rounded as a division rounds
//
// Why that holds for f32, where nothing overflows or is denormal. Say
// 1 <= d < 2 and D = d * 2^23. The last step's error before it rounds is at
// most 1.5 units times d * 2^-25 by y, and 2^-23 / d by r, which is exact up to
// one unit off. x / d is no midpoint of two floats; of the nearest one it is n
// parts of 2D of a unit away (n a whole number), that is n * 2^-24 / d. So the
// rounding can only go wrong where n <= 1.5 * d^2 / 2 + 2 <= 5, and of these
// there are few enough to look at all: for every d the x with n <= 7, 40
// million pairs. None was wrong (test/codegen/DivisionTest.cpp looks at some of
// them).
//
// Nothing overflows or is denormal where x is between 2^-63 and 2^65 and d
// between 2^-31 and 2^33. A vector where that is not so is divided, if it is
// not for zeros only (what a mask left out): they keep their sign in q, and
// would lose it by the correction.
//
// The same holds lane by lane where each lane has a divisor of its own, for
// many vectors.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_DIVISION_H
#define MG_CODEGEN_TILES_DIVISION_H

#include "mlir/IR/Builders.h"

namespace mg::codegen {

/// Vectors divided by the same number that pay for its inverse.
inline constexpr int64_t minDivided = 4;
/// f32 lanes of the levels that are known to have an fma.
inline constexpr int64_t lanesWithFMA = 8;

/// Whether `op` on `operands` divides a vector of f32 by a number, and LLVM
/// does not know better.
bool dividesByNumber(mlir::Operation &op, mlir::ValueRange operands);

/// x / d, for a vector x and a number or a vector d.
mlir::Value divideByKnown(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                          mlir::Value d);

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_DIVISION_H
