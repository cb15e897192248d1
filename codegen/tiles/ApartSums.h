//===- ApartSums.h - sums whose neighbours are stored far apart -*- C++ -*-===//
//
// The gradient of a convolution with respect to its weights has results of 3 x
// 3 innermost, too few for a vector. Lanes along the channels or the results
// are stored one by one, each to a line of its own, and for each tap again:
//
//   dw[k, c, i, j] += dy[k, p] * x[c, p + (i, j)]
//
// Where sums are short, that takes longer than the sums. So they go to an array
// whose innermost dimension is long, by whole vectors, and from there, a piece
// that the first cache holds at a time, to their places:
//
//   sums[i, j, k, c]   then   dw[k, c, i, j] = sums[i, j, k, c]
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_APARTSUMS_H
#define MG_CODEGEN_TILES_APARTSUMS_H

#include "codegen/nests/VectorPlan.h"

#include <memory>

namespace mg::codegen {

class ApartSums {
public:
  ApartSums(const LoopNest &nest, const VectorPlan &plan);

  bool isWorthwhile() const { return inner >= 0; }
  /// The nest with an array of its own for the results.
  LoopNest sums(mlir::OpBuilder &b);
  /// The copy to where they belong, which is to follow.
  LoopNest copy(mlir::OpBuilder &b, const LoopNest &sums);

private:
  const LoopNest &nest;
  /// The loop that is innermost in the array; -1: none is wanted.
  int inner = -1;
  std::unique_ptr<mlir::Block> body;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_APARTSUMS_H
