// A view read as a sequence: its elements in row-major order, in blocks.
//
// Kernels know contiguous elements only. A block of a view is either there
// already (its elements follow one another, or are all the same one), or it is
// gathered into a buffer in the first cache. Every operand is a stream of its
// own: the number of an element is all that the operands of an op share.
#ifndef MG_RUNTIME_EAGER_STREAM_H
#define MG_RUNTIME_EAGER_STREAM_H
#include "minigrad/array.h"

namespace mg::runtime {

// Elements per gathered block.
constexpr int64_t kBlock = 1024;
// Bytes of a buffer for one block of any dtype.
constexpr size_t kBlockBytes = kBlock * 8;

// Where a block lies; step 0: one element for all of it.
struct Block {
  const char *data;
  size_t step;
};

// Sizes and strides without dimensions of size 1, neighbours merged where
// strides allow. rank >= 1; count is the product of shape.
struct Stream {
  const char *data = nullptr;
  size_t size = 0; // of an element
  int64_t count = 0;
  int32_t rank = 0;
  int64_t shape[MG_MAX_RANK];
  int64_t strides[MG_MAX_RANK]; // in elements

  Stream() = default;
  explicit Stream(const mg_array &view);
  // Of some dims only: `rank` sizes and strides.
  Stream(const void *data, size_t size, int32_t rank, const int64_t *shape,
         const int64_t *strides);

  int64_t inner_stride() const { return strides[rank - 1]; }
  bool contiguous() const { return rank == 1 && inner_stride() == 1; }
  bool repeats_one() const { return rank == 1 && inner_stride() == 0; }
  // Elements from i on that need no gathering.
  int64_t direct(int64_t i) const;
  // Elements [i, i + n), in place if direct(i) >= n, else in `buffer`.
  Block read(int64_t i, int64_t n, void *buffer) const;
  void gather(int64_t i, int64_t n, void *buffer) const;
  // The other way: elements of a view that is written.
  void write(int64_t i, int64_t n, const void *buffer) const;
  // Where element i is.
  const char *at(int64_t i) const;

private:
  // row(address, n) for each piece of [i, i + n) along the last dimension.
  template <class F> void for_rows(int64_t i, int64_t n, F row) const;
};

// Row-major strides of a shape; the number of elements.
void row_major(int32_t rank, const int64_t *shape, int64_t *strides);
int64_t element_count(const mg_array &array);

} // namespace mg::runtime
#endif
