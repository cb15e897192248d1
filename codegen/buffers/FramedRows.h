//===- FramedRows.h - rows of an image with a frame, in blocks --*- C++ -*-===//
//
// Windows that slide over a padded image read it some rows at a time. Each
// block of rows is copied, with what windows see beyond it, into memory that
// the caches hold, and the frame with it:
//
//        0 0 0 0 0 0    block 0:      0 0 0 0 0 0    block 1:    0 c c c c 0
//        0 a a a a 0    low = 1       0 a a a a 0                0 d d d d 0
//        0 b b b b 0    step = 2      0 b b b b 0                0 e e e e 0
//        0 c c c c 0    4 rows each   0 c c c c 0                0 0 0 0 0 0
//        0 d d d d 0
//        0 e e e e 0                  (blocks overlap by two rows)
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_BUFFERS_FRAMEDROWS_H
#define MG_CODEGEN_BUFFERS_FRAMEDROWS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mg::codegen {

struct FramedRows {
  mlir::Value image;
  /// What the frame holds.
  mlir::Value fill;
  /// Per dimension of the image: elements of the frame before it, and of a
  /// block.
  llvm::SmallVector<int64_t> low, shape;
  /// The dimension of the rows. Block k begins at row `step` * k of the image
  /// with its frame.
  unsigned dim;
  int64_t step, blocks;

  /// Whether but a few blocks have the same part of the image.
  bool isRegular() const;
  int64_t elements() const;
  /// Memory of a block, with the frame. Its rows may come later.
  mlir::Value create(mlir::OpBuilder &b, mlir::Location loc) const;
  /// Copies block `number` there. In the dimensions but that of the rows it
  /// begins at `offsets`.
  void copy(mlir::OpBuilder &b, mlir::Location loc, mlir::Value block,
            mlir::Value number,
            llvm::ArrayRef<mlir::OpFoldResult> offsets) const;

private:
  /// Rows of the frame before those of the image, and how many these are.
  struct Part {
    int64_t skipped, taken;
  };
  Part partOf(int64_t number) const;
  bool isWhole(Part part) const;
  llvm::SmallVector<int64_t> findEdges() const;
  void copyPart(mlir::OpBuilder &b, mlir::Location loc, mlir::Value block,
                Part part, mlir::OpFoldResult row,
                llvm::ArrayRef<mlir::OpFoldResult> offsets) const;
  void fillRows(mlir::OpBuilder &b, mlir::Location loc, mlir::Value block,
                int64_t begin, int64_t end) const;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_BUFFERS_FRAMEDROWS_H
