//===- KernelPart.h - a kernel for a part of its loops --------------------===//
//
// A contraction and what follows it in its kernel may run in pieces, all
// members for one range of a loop before the next, where no piece sees or
// spoils what is another piece's. Each piece is the same ops on subviews.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_KERNELPART_H
#define MG_CODEGEN_NESTS_KERNELPART_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mg::codegen {

/// The fill that the sums of `op` start from; null where there is none.
mlir::linalg::FillOp findStart(mlir::linalg::GenericOp op);

/// The elementwise ops of the kernel of `head`, a contraction whose parallel
/// loops (of several iterations) are its rows, that may run in pieces with it,
/// in order.
llvm::SmallVector<mlir::linalg::GenericOp>
findFollowers(mlir::linalg::GenericOp head);

/// The follower's own number of a parallel loop of the head; none where that is
/// no row, as it has one iteration.
std::optional<unsigned> loopInFollower(mlir::linalg::GenericOp head,
                                       unsigned loop,
                                       mlir::linalg::GenericOp follower);

/// Whether ranges of the loop write ranges of the outputs: every operand, but
/// those that are `replaced`, moves with it along one dimension at most, which
/// moves with nothing else.
bool canSlice(mlir::linalg::GenericOp op, unsigned loop,
              mlir::Value replaced = {});

/// Iterations [offset, offset + size) of a loop.
struct LoopPart {
  unsigned loop;
  mlir::OpFoldResult offset;
  int64_t size;
};

/// Writes the ops of one piece. The same part of a buffer is one value, so that
/// what one member writes is seen to be what the next one reads.
class KernelPart {
public:
  explicit KernelPart(mlir::OpBuilder &b) : b(b) {}

  /// `part` is the piece of `whole`.
  void replace(mlir::Value whole, mlir::Value part) { parts[whole] = part; }
  void clone(mlir::linalg::GenericOp op, llvm::ArrayRef<LoopPart> loops);
  /// The fill that `op` starts from.
  void cloneStart(mlir::linalg::FillOp start, mlir::linalg::GenericOp op,
                  llvm::ArrayRef<LoopPart> loops);

private:
  mlir::Value partOf(mlir::Value buffer, mlir::AffineMap map,
                     llvm::ArrayRef<LoopPart> loops);

  mlir::OpBuilder &b;
  llvm::DenseMap<mlir::Value, mlir::Value> parts;
  llvm::SmallVector<std::tuple<
      mlir::Value, llvm::SmallVector<mlir::OpFoldResult>, mlir::Value>>
      made;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_KERNELPART_H
