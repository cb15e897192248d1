//===- Reference.h - what a program of contractions answers, and how nearly
//===//
//
// A second definition of the ops that surround contractions, which shares no
// line with the project's: loops over all indices in long double. With each
// number goes how far the numerics table lets an implementation be off from
// it, carried from op to op:
//
//   elementwise    half a ULP of the result's type, functions 2 ULP
//   dot, conv      (k + 8) u sum |a||b|, u of the accumulator, then 1 ULP
//   sum            (ceil(log2 n) + 8) u sum |x|
//   views          nothing
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_RELIABILITY_REFERENCE_H
#define MG_TEST_RELIABILITY_REFERENCE_H

#include "frontend/eager/Array.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <string>
#include <vector>

namespace mg::test {

/// Row-major numbers. An infinite error: too near the end of the type's range
/// to say anything.
struct Estimate {
  llvm::SmallVector<int64_t> shape;
  std::vector<long double> values, errors;

  int64_t size() const { return static_cast<int64_t>(values.size()); }
};

/// The elements of a row-major array, exactly.
Estimate exactly(const eager::Array &array);

/// What `function` returns, or `unknown`, an op that has no reference.
struct Reference {
  std::vector<Estimate> results;
  std::string unknown;
};
Reference evaluate(mlir::func::FuncOp function,
                   llvm::ArrayRef<eager::Array> inputs);

/// The first element of `got` that is farther off than it may be; -1: none.
int64_t firstOutside(const Estimate &want, const eager::Array &got);

} // namespace mg::test

#endif // MG_TEST_RELIABILITY_REFERENCE_H
