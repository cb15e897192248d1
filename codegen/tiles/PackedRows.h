//===- PackedRows.h - a left operand in the order of its use --------------===//
//
// In c[m,n] += a[k,m] * b[k,n], the gradient of a weight, a tile of eight rows
// reads eight neighbours of `a` in each step of k, and in the next step eight
// of the next row of `a`: every step takes a line of its own, of which it uses
// a half, and where the distance is a power of two all of them fall on a few
// sets of the first cache. The tiles of the next columns read them again.
//
// So `a` is copied once into tiles, [m / 8][k][8], in the order in which the
// sums walk it, and the loop over m becomes two, of which the inner one is a
// tile's rows. All accesses stay linear. The copy reads `a` row by row; each
// tile begins a line further than the one before, in the next set.
//
// The same pays for rows of pixels two apart, the gradient of the weights of a
// convolution with strides: its steps use every second element of a line, in
// every second row of an image, which all columns' tiles would fetch again.
//
// What pays: the copy takes as long as a few of a tile's steps wait for their
// lines, so columns must be several tiles; and few steps leave their lines in
// the cache.
// The order of the sums is what it was.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_PACKEDROWS_H
#define MG_CODEGEN_TILES_PACKEDROWS_H

#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

class PackedRows {
public:
  PackedRows(const LoopNest &nest, const VectorPlan &plan);

  bool isWorthwhile() const { return input >= 0; }

  /// Allocates the tiles, fills them and computes the nest.
  void emit(mlir::OpBuilder &b, int64_t chunkGrain);

private:
  double waitOf(const Access &access) const;
  double usesOf(const Access &access) const;
  int64_t sizeOf(const Access &access) const;
  LoopNest tiled() const;
  Access layOut(mlir::OpBuilder &b, const LoopNest &tiled) const;
  LoopNest rest() const;

  const LoopNest &nest;
  const VectorPlan &plan;
  /// The input that is packed; -1: none.
  int input = -1;
  /// Rows of a tile; how many tiles there are.
  int64_t rows = 1, tiles = 0;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_PACKEDROWS_H
