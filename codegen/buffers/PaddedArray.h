//===- PaddedArray.h - an image with a frame, and who reads it --*- C++ -*-===//
//
//   p = alloc ; fill p 0 ; copy image -> middle of p ; reader(p)
//
// The reader, mostly a convolution with padding, may go through p piece by
// piece, image by image or channel by channel: along loops that walk a
// dimension of p which has no padding. Then each piece can be framed when its
// turn comes, in memory that the first caches hold, and p is nowhere. Winograd
// goes through it in blocks of rows, which overlap (FramedRows.h).
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_BUFFERS_PADDEDARRAY_H
#define MG_CODEGEN_BUFFERS_PADDEDARRAY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mg::codegen {

struct PaddedArray {
  /// None where the memory is no such array, or where whole pieces are not
  /// worth it: the reader has none, or all of it is as small as one.
  static std::optional<PaddedArray> match(mlir::memref::AllocOp alloc);
  /// The same of what Winograd reads, which has no walks.
  static std::optional<PaddedArray> matchBlocks(mlir::memref::AllocOp alloc);

  mlir::memref::AllocOp alloc;
  mlir::linalg::FillOp fill = {};
  mlir::memref::SubViewOp middle = {};
  mlir::linalg::GenericOp reader = {};
  /// The parallel loops of the reader that go from piece to piece, outermost
  /// first, and the dimension that each walks.
  struct Walk {
    unsigned loop, dim;
  };
  llvm::SmallVector<Walk> walks = {};
  /// What follows in the reader's kernel, on the same pieces.
  llvm::SmallVector<mlir::linalg::GenericOp> followers = {};

  mlir::MemRefType type() { return alloc.getType(); }
  /// The copy into the middle, if nothing else writes there.
  mlir::memref::CopyOp copy();
  /// Whether the frame is made in its reader's kernel (LateFrames.cpp).
  bool isLate();
  int64_t pieces();
  int64_t pieceElements();
  /// The last op that runs in pieces.
  mlir::Operation *last();
  /// Erases what makes it, when nothing reads it any more.
  void erase();

private:
  explicit PaddedArray(mlir::memref::AllocOp alloc) : alloc(alloc) {}
  bool findMembers();
  bool chooseWalks();
  bool leavesTiles(unsigned loop);
  bool canWalk(unsigned loop);
};

} // namespace mg::codegen

#endif // MG_CODEGEN_BUFFERS_PADDEDARRAY_H
