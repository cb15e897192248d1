//===- Numbers.h - arrays of any dtype as numbers -------------------------===//
#ifndef MG_TEST_GRADIENTS_NUMBERS_H
#define MG_TEST_GRADIENTS_NUMBERS_H

#include "Cases.h"
#include "frontend/eager/Array.h"

#include "mlir/IR/BuiltinTypes.h"

#include <random>

namespace mg::test {

using Arrays = std::vector<eager::Array>;
using Random = std::mt19937_64;

/// The elements in row-major order. Exact for what the cases hold.
std::vector<double> numbers(const eager::Array &array);
/// Row-major, of `type`.
eager::Array arrayOf(mlir::RankedTensorType type,
                     const std::vector<double> &numbers);

/// As the operand says.
eager::Array draw(const Operand &operand, mlir::RankedTensorType type,
                  Random &random);
/// From -1 to 1.
eager::Array drawWeights(mlir::RankedTensorType type, Random &random);

/// `array` with its element `at` changed by `change`.
eager::Array nudged(const eager::Array &array, int64_t at, double change);
/// `array` + scale * `direction`.
eager::Array moved(const eager::Array &array, const eager::Array &direction,
                   double scale);
/// Arrays of one type along a new first dimension, and one of them back.
eager::Array stacked(const Arrays &rows);
eager::Array row(const eager::Array &array, int64_t index);

/// Sum of products over all elements of all arrays. Infinite elements of a, the
/// extremes of nothing, are left out.
double dot(const Arrays &a, const Arrays &b);

/// Empty where all numbers of `got` are within `tolerance` times the largest
/// of `want`; else what differs.
std::string difference(const std::vector<double> &got,
                       const std::vector<double> &want, double tolerance);

} // namespace mg::test

#endif // MG_TEST_GRADIENTS_NUMBERS_H
