//===- RowKernel.h - a kernel as one loop over its rows -------------------===//
//
// Emits a KernelGroup as one loop over rows, so that a row is read while it is
// in the first cache and what members hand to each other never leaves it:
//
//   scf.forall chunk:                      shares of the rows, for threads
//     for tile of rows:                    mostly of one row
//       member 1 on the tile               loops and vectors of TileEmitter,
//       member 2 on the tile               with the row loops held fixed
//       ..
//
// Memory. A `memref.alloc` that only members see keeps the tile in hand, one
// per chunk; of a scalar per row nothing is left but a register.
//
// The tile is what decides about speed, and members differ in what they like:
//
//  - row reductions and elementwise members: one row; or a few short ones, each
//    member for all of them in turn, so that one row's last additions run
//    beside the next row's first;
//  - rows that are neighbours in memory (a softmax over the first dimension):
//    a whole vector of them, so that the lanes run across the rows;
//  - contractions: a register tile of rows, as many as the second cache holds,
//    while the others run row by row inside that tile;
//  - column reductions: blocks of eight rows (ColumnSums.h).
//
// Tile and chunks follow from shapes alone, so the bits are the same for every
// CPU level and number of threads.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_ROWS_ROWKERNEL_H
#define MG_CODEGEN_ROWS_ROWKERNEL_H

#include "codegen/nests/KernelGroup.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

/// What is decided before any IR changes.
struct RowPlan {
  /// Rows of a tile, along the last row loop, and how few are worth it.
  int64_t tile = 1, minTile = 1;
  /// Members run row by row inside a tile, where they can.
  bool byRow = false;
  /// The tile is a few rows at once, each member for all of them; the next ones
  /// are asked for early.
  bool inFlight = false;
  /// Tiles of all rows, and how they are shared out.
  int64_t units = 1, chunks = 1, unitsPerChunk = 1, maxChunks = INT64_MAX;
  /// The first of the units that are wanted; null: 0.
  mlir::Value firstUnit = {};

  /// What all rows are worth, in the pool's terms.
  double work = 0;
  int64_t grain = 0;

  /// For `count` of the units, shared out by themselves.
  RowPlan part(mlir::Value first, int64_t count) const;
};

/// None where the members are better, or only, run one after the other. May
/// reorder and merge the row loops of `group`.
std::optional<RowPlan> planRows(KernelGroup &group, int64_t grain);

/// The members' ops are left where they are, for the caller to erase, as are
/// those of which `isErased` says so.
void emitRows(mlir::OpBuilder &b, KernelGroup &group, const RowPlan &plan,
              VectorUnit unit,
              llvm::function_ref<bool(mlir::Operation *)> isErased);

} // namespace mg::codegen

#endif // MG_CODEGEN_ROWS_ROWKERNEL_H
