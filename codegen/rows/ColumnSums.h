//===- ColumnSums.h - a member of a row kernel that sums across the rows --===//
//
// The gradient of a bias wants  db[c] = sum over r of dy[r, c]  while the rows
// go by. One accumulator per column and a row at a time would be read and
// written for every row, and be off by as many roundings as there are rows. So
// rows come in blocks of eight: a block's sum of each column is made in
// registers, and blocks are combined in pairs as a binary counter counts
// (Reduction.cpp), only that each level of the stack here is a whole row of
// columns:
//
//   block n of the chunk has t trailing ones: level t is free
//     stack[t]  = sum of the block's rows
//     stack[t] += stack[0], stack[1], .. stack[t-1]
//
// At the end of a chunk the levels of the bits set in the number of blocks are
// added, lowest first. Chunks' results are combined as a tree of halves. Blocks
// and chunks depend on shapes only; of n rows the result is off by less than
// (ceil(log2 n) + 8) * 2^-24 * sum|x|.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_ROWS_COLUMNSUMS_H
#define MG_CODEGEN_ROWS_COLUMNSUMS_H

#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"

#include <memory>

namespace mg::codegen {

class ColumnSums {
public:
  /// Rows of a block.
  static constexpr int64_t blockRows = blockSteps;

  /// Whether all results of the nest can be computed this way; its first `rows`
  /// loops are the rows.
  static bool isPossible(const LoopNest &nest, unsigned rows);

  /// `blocks`: the most that a chunk has.
  ColumnSums(const LoopNest &nest, int64_t lanes, int64_t chunks,
             int64_t blocks);

  /// Before the chunks.
  void createPartials(mlir::OpBuilder &b);
  /// In each chunk, before the first block.
  void createStacks(mlir::OpBuilder &b);
  /// `block`: the nest over the rows of block `number` of the chunk.
  void addBlock(mlir::OpBuilder &b, LoopNest block, mlir::Value number);
  /// At the end of a chunk of `count` blocks.
  void finishChunk(mlir::OpBuilder &b, mlir::Value chunk, mlir::Value count);
  /// After the chunks.
  void finish(mlir::OpBuilder &b);

private:
  /// Adds `count` pairs of rows of columns: to[..] = combiner(from[..],
  /// to[..]).
  struct Rows {
    mlir::Value buffer, start;
    int64_t offset = 0, stride = 0;
  };
  void combine(mlir::OpBuilder &b, unsigned output, Rows from, Rows to,
               int64_t count = 1);
  void emit(mlir::OpBuilder &b, LoopNest nest);

  const LoopNest &nest;
  int64_t lanes, chunks, levels;
  /// Elements of a result, and the strides of the parallel loops in it.
  int64_t columns = 1;
  llvm::SmallVector<int64_t> strides;
  /// Per output.
  llvm::SmallVector<mlir::Operation *> combiners;
  llvm::SmallVector<mlir::Value> partials, stacks;
  llvm::SmallVector<std::unique_ptr<mlir::Block>> bodies;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_ROWS_COLUMNSUMS_H
