//===- TurnedBlocks.h - crossed operands block by block -------------------===//
//
// y[i, j] = f(x[j, i], z[i, j]) walks x and y across each other. Squares that
// are turned in registers (VectorPlan.h) use every element of a vector, but a
// walk of squares along a row of y touches another page of x in every vector,
// and one along a row of x another page of y: no line is prefetched, what is
// left of one that straddles two squares is gone when its turn comes, and the
// translations of all these pages do not fit either. So a nest whose crossed
// operands are larger than a cache becomes blocks:
//
//   for each block of i x j:
//     for each crossed operand: buffer[i, j] = x[j, i]    squares, along x
//     y[i, j] = f(buffer[i, j], z[i, j])                  rows, along y and z
//
// Both walks go along runs of a kilobyte; the buffers stay in the second-level
// cache, their rows a line longer than a power of two. 4096 x 4097 floats take
// 14 ms instead of 30 (Xeon, 2 MiB L2).
//
// Where results go past the caches (Streams.h) and nothing but crossed operands
// is read along both loops, no buffer is needed: blocks are long along x, so
// that it is prefetched, and two lines wide along y, so that each line is
// written at once (5.1 ms against 7.8 for 4096 x 4096, copying takes 7.3).
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_TURNEDBLOCKS_H
#define MG_CODEGEN_TILES_TURNEDBLOCKS_H

#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

class TurnedBlocks {
public:
  TurnedBlocks(const LoopNest &nest, const VectorPlan &plan);
  bool isWorthwhile() const { return !crossed.empty(); }
  void emit(mlir::OpBuilder &b);

private:
  using Value = mlir::Value;
  using Body = llvm::function_ref<void(LoopNest part)>;

  void chooseSizes(int64_t bytes);
  void createBuffers(mlir::OpBuilder &b);
  void emitUnits(mlir::OpBuilder &b, Value begin, Value end);
  /// Cuts the nest's loop to the block with this index, the last may be
  /// shorter, and goes on with `body`.
  void cut(mlir::OpBuilder &b, LoopNest part, unsigned loop, Value index,
           Body body);
  void emitBlock(mlir::OpBuilder &b, LoopNest block);
  void turn(mlir::OpBuilder &b, const LoopNest &block, Access &access,
            Value buffer);

  int64_t sizeOf(unsigned loop) const {
    return int(loop) == plan.vector ? columns
           : int(loop) == plan.row  ? rows
                                    : 1;
  }
  int64_t blocksOf(unsigned loop) const;

  const LoopNest &nest;
  const VectorPlan &plan;
  /// The inputs.
  llvm::SmallVector<unsigned> crossed;
  bool direct = false;
  /// Of a block.
  int64_t rows = 1, columns = 1;
  /// Elements from one row of a buffer to the next.
  int64_t pitch = 0;
  /// By crossed operand, unless `direct`.
  llvm::SmallVector<Value> buffers;
  /// Outermost first: units are blocks in this order.
  llvm::SmallVector<unsigned> order;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_TURNEDBLOCKS_H
