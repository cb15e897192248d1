// Panels of a matrix operand, as the tile of a product wants them.
#ifndef MG_RUNTIME_EAGER_PACK_H
#define MG_RUNTIME_EAGER_PACK_H
#include "runtime/eager/elementwise.h"

namespace mg::runtime {

// Terms of a product that are packed and multiplied at a time.
constexpr int64_t kTermBlock = 384;

// An operand of a dot as a batch of matrices: `items` are its free dims,
// `terms` its contracted ones, each flattened in row-major order. Any strides:
// element (b, i, t) lies where the three streams' offsets add up to.
struct Side {
  Stream batch, items, terms;
  size_t size; // of a stored element
  Conversion widen;

  // Matrices whose items and terms have one stride each need no packing.
  bool affine() const { return items.rank == 1 && terms.rank == 1; }
};

// to[t][j] = item `item + j`, term `term + t` of matrix `data`, in the dtype
// computed in (`wide` bytes), for j < count <= width and t < terms; zero for
// the other j < width. `raw` holds kTermBlock * width stored elements where
// the side is widened.
struct Panel {
  const Side *side;
  const char *data;
  int64_t item, count, width;
  int64_t term, terms;
};
void pack(const mg_loops &loops, const Panel &panel, size_t wide, char *raw,
          char *to);

constexpr int64_t kWidestPanel = 256;

} // namespace mg::runtime
#endif
