//===- ReductionSplit.h - a reduction as partial results ------------------===//
//
// A sum of millions into one number has no parallel loop for threads. It is
// split into chunks of a fixed length, by shape, whose partial results go to a
// buffer and are combined by a second, small reduction: the same bits for
// every number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_REDUCTIONSPLIT_H
#define MG_CODEGEN_TILES_REDUCTIONSPLIT_H

#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"

#include <memory>

namespace mg::codegen {

class ReductionSplit {
public:
  /// `wanted`: the chunks that the work is worth.
  ReductionSplit(const LoopNest &nest, const VectorPlan &plan, int64_t wanted);

  /// Whether the nest can be split, and its parallel loops are too few.
  bool isWorthwhile() const { return chunks > 1; }

  /// Allocates the partial results; the nests, in order, compute and combine
  /// them. Their bodies live as long as this object.
  llvm::SmallVector<LoopNest, 0> apply(mlir::OpBuilder &b);

private:
  LoopNest part(int64_t first, int64_t count, int64_t length) const;
  void redirect(LoopNest &part, unsigned output, mlir::Value partial,
                int64_t first) const;
  LoopNest combination(mlir::OpBuilder &b, unsigned output, mlir::Value partial,
                       int64_t parts);

  const LoopNest &nest;
  const VectorPlan &plan;
  /// The reduction loop that is split.
  int loop = -1;
  /// Full chunks, and the iterations of each.
  int64_t chunks = 0, length = 0;
  /// Elements of a reduced output.
  int64_t results = 1;
  llvm::SmallVector<std::unique_ptr<mlir::Block>> bodies;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_REDUCTIONSPLIT_H
