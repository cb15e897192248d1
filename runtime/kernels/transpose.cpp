// Transposes a tile. The tile's rows are read and its columns written in
// blocks that fit the lines of the first cache.
#include "runtime/kernels/lookup.h"

namespace mg::runtime {
namespace {

template <class T>
void transpose(size_t rows, size_t cols, const void *x_, ptrdiff_t x_row,
               void *out_, ptrdiff_t out_row) {
  const T *x = static_cast<const T *>(x_);
  T *out = static_cast<T *>(out_);
  constexpr size_t block = 64 / sizeof(T) < 16 ? 64 / sizeof(T) : 16;
  for (size_t r0 = 0; r0 < rows; r0 += block) {
    const size_t r1 = r0 + block < rows ? r0 + block : rows;
    for (size_t c = 0; c < cols; ++c) {
      const T *from = x + static_cast<ptrdiff_t>(r0) * x_row + c;
      T *to = out + static_cast<ptrdiff_t>(c) * out_row;
      for (size_t r = r0; r < r1; ++r, from += x_row)
        to[r] = *from;
    }
  }
}

} // namespace

Transpose transpose_loop(size_t size) {
  switch (size) {
  case 1:
    return transpose<uint8_t>;
  case 2:
    return transpose<uint16_t>;
  case 4:
    return transpose<uint32_t>;
  case 8:
    return transpose<uint64_t>;
  default:
    return nullptr;
  }
}

} // namespace mg::runtime
