//===- RowBuffers.h - temporaries of a kernel, one tile of rows each ------===//
//
// What only the members of a kernel see needs memory for the rows in flight:
//
//   %e = memref.alloc() : memref<1024x1000xf32>    rows: the first dimension
//     -> one tile of rows, 1 x 1000, per chunk
//
// And where an elementwise member computes a result of the same layout from it,
// it needs none at all: what the member overwrites last may hold the temporary
// before,
//
//   e = exp(x - m) ; y = e / s     ->     y = exp(x - m) ; y = y / s
//
// so that the first pass over the row waits for y's cache lines, not the last.
// What the temporary is computed from may lie there as well, if that is where
// it is read for the last time: a norm after a contraction works on its result
// in place,
//
//   x = contraction ; m = mean(x) ; d = x - m ; y = d * scale
//     ->   y = contraction ; m = mean(y) ; y = y - m ; y = y * scale
//
// The scores of an attention are sums along keys that lie in memory as queries
// do: their lanes run along the rows, and each tile of sums would be turned in
// registers to be stored row by row. Where all that follows may have its lanes
// along the rows as well, the temporary is turned instead: rows are neighbours,
//
//   rows x keys  ->  keys x rows of the tile
//
// and a maximum or a sum over the keys needs no tree at its end.
//
// An address of the old buffer is a number whose digits are the row loops and
// what is inside them (KernelGroup.h). Dropping the digits of the rows, or
// keeping that of the tile only, gives the address in the new one; strides are
// addresses, so they are mapped the same way.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_ROWS_ROWBUFFERS_H
#define MG_CODEGEN_ROWS_ROWBUFFERS_H

#include "codegen/nests/KernelGroup.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace mg::codegen {

class RowBuffers {
public:
  /// `tile`: rows in flight, along the last row loop. Finds the buffers.
  /// `isErased`: ops besides the members that will be gone.
  RowBuffers(KernelGroup &group, int64_t tile,
             llvm::function_ref<bool(mlir::Operation *)> isErased);

  /// Makes the members use new buffers: large ones here, small ones on the
  /// stack at the beginning of `frame`.
  void create(mlir::OpBuilder &b, mlir::Block *frame);

  /// Whether the access is at the tile in hand wherever the rows are.
  bool isLocal(const Access &access) const {
    return locals.contains(access.buffer);
  }

  /// Whether member `m` walks temporaries of which the tile's rows are
  /// neighbours; it wants all rows of the tile at once.
  bool isTurned(unsigned m) const { return turnedMembers.contains(m); }

private:
  struct Use {
    Access *access;
    /// The member.
    unsigned member;
    /// From the root to the access's first element.
    int64_t offset;
  };
  struct Buffer {
    mlir::Value alloc;
    llvm::SmallVector<int64_t> rowStrides;
    llvm::SmallVector<Use> uses;
    /// The rows of the tile are neighbours.
    bool turned = false;

    mlir::MemRefType getType() const {
      return llvm::cast<mlir::MemRefType>(alloc.getType());
    }
  };
  const LoopNest &nestOf(const Use &use) const {
    return group.members[use.member].nest;
  }
  void findBuffers(llvm::function_ref<bool(mlir::Operation *)> isErased);
  Access *findRoom(const Buffer &buffer) const;
  bool isFree(const Access &room, const Buffer &buffer) const;
  bool isPrivate(mlir::Value alloc,
                 llvm::function_ref<bool(mlir::Operation *)> isErased) const;
  bool canShrink(const Buffer &buffer) const;
  bool staysInRow(const Use &use, int64_t stride, int64_t extent) const;
  int64_t shrunk(const Buffer &buffer, int64_t address) const;
  int64_t rowsIn(const Buffer &buffer, unsigned row) const {
    return row + 1 == group.rows && !buffer.turned ? tile : 1;
  }
  void turnBuffers();
  bool mayTurn(unsigned m, llvm::function_ref<bool(const Access &)> isTurned);

  KernelGroup &group;
  int64_t tile;
  /// By their last use.
  llvm::SmallVector<Buffer, 0> buffers;
  llvm::DenseSet<mlir::Value> locals;
  llvm::SmallDenseSet<unsigned> turnedMembers;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_ROWS_ROWBUFFERS_H
