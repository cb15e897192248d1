// Transposes a matrix in square blocks of registers.
#include "runtime/kernels/lookup.h"

#include <string.h>
#include <utility>

namespace mg::runtime {
namespace {

#if defined(__AVX512F__)
constexpr size_t kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr size_t kVectorBytes = 32;
#else
constexpr size_t kVectorBytes = 16;
#endif

// Rows and columns of a block: a vector's lanes, as far as registers go.
template <class T>
constexpr int kBlockRows =
    kVectorBytes / sizeof(T) < 16 ? int(kVectorBytes / sizeof(T)) : 16;

template <class T, int n> struct Block {
  typedef T Row __attribute__((vector_size(n * sizeof(T))));
  Row rows[n];

  // Exchanges the lower left and the upper right quarter of every square of
  // 2 * half rows: for half = n / 2, .., 2, 1 this transposes the block.
  template <int half, int... lane>
  void exchange(std::integer_sequence<int, lane...>) {
#pragma clang loop unroll(full)
    for (int i = 0; i < n; ++i) {
      if (i & half)
        continue;
      const Row a = rows[i], b = rows[i + half];
      rows[i] = __builtin_shufflevector(
          a, b, (lane & half ? n + lane - half : lane)...);
      rows[i + half] = __builtin_shufflevector(
          a, b, (lane & half ? n + lane : lane + half)...);
    }
  }
  template <int half> void transpose() {
    if constexpr (half > 0) {
      exchange<half>(std::make_integer_sequence<int, n>());
      transpose<half / 2>();
    }
  }
};

template <class T>
void transpose_block(const T *x, ptrdiff_t x_row, T *out, ptrdiff_t out_row) {
  constexpr int n = kBlockRows<T>;
  Block<T, n> block;
#pragma clang loop unroll(full)
  for (int i = 0; i < n; ++i)
    memcpy(&block.rows[i], x + i * x_row, sizeof block.rows[i]);
  block.template transpose<n / 2>();
#pragma clang loop unroll(full)
  for (int i = 0; i < n; ++i)
    memcpy(out + i * out_row, &block.rows[i], sizeof block.rows[i]);
}

// Whole blocks, then what is left of the last rows and columns.
template <class T>
void transpose(size_t rows_, size_t cols_, const void *x_, ptrdiff_t x_row,
               void *out_, ptrdiff_t out_row) {
  const T *x = static_cast<const T *>(x_);
  T *out = static_cast<T *>(out_);
  constexpr ptrdiff_t n = kBlockRows<T>;
  const ptrdiff_t rows = static_cast<ptrdiff_t>(rows_);
  const ptrdiff_t cols = static_cast<ptrdiff_t>(cols_);
  const ptrdiff_t whole_rows = rows - rows % n, whole_cols = cols - cols % n;
  for (ptrdiff_t r = 0; r < whole_rows; r += n)
    for (ptrdiff_t c = 0; c < whole_cols; c += n)
      transpose_block(x + r * x_row + c, x_row, out + c * out_row + r, out_row);
  for (ptrdiff_t r = 0; r < rows; ++r)
    for (ptrdiff_t c = r < whole_rows ? whole_cols : 0; c < cols; ++c)
      out[c * out_row + r] = x[r * x_row + c];
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
