// What a kernel is: a loop over contiguous elements. Everything that strides,
// shapes, dtypes' detours and threads need is done around it, in
// runtime/eager/, once for all CPU levels.
#ifndef MG_RUNTIME_KERNELS_LOOP_H
#define MG_RUNTIME_KERNELS_LOOP_H
#include "minigrad/array.h"
#include "runtime/kernels/ops.h"

#include <stddef.h>
#include <stdint.h>

namespace mg::runtime {

// out[i] = f(in[0][i * step[0]], ..) for i in [0, n); a step is 0 (the operand
// is one element) or 1. `out` may be one of the operands with step 1.
using Loop = void (*)(const void *const *in, const size_t *step, void *out,
                      size_t n);

// One step of a conversion.
enum class Cast {
  Wrap,     // integers modulo 2^n; float to float rounds to nearest even
  Saturate, // integers clamp; floats truncate, clamp, NaN is 0
  Odd       // to a float, rounded to odd: rounding once more is then exact
};

// out[w] = x[0][w] + x[1][w] + .. + x[rows - 1][w], added from the left, for w
// in [0, width); row r begins at x + r * stride elements. rows > 0; any kind
// of reduction in the place of +.
using FoldLoop = void (*)(const void *x, ptrdiff_t stride, size_t rows,
                          void *out, size_t width);

// out[i] = *sum = *sum + x[i], one after the other; any kind of reduction in
// the place of +.
using ScanLoop = void (*)(const void *x, void *sum, void *out, size_t n);

// The tile of a matrix product: c (mr, cols) = or += a (mr, k) * b (k, cols).
// a[i][j] lies at a + i * a_row + j * a_col; b's and c's rows are contiguous,
// b_row and c_row elements apart. mr is 1..rows.
using GemmTile = void (*)(size_t mr, size_t k, const void *a, ptrdiff_t a_row,
                          ptrdiff_t a_col, const void *b, ptrdiff_t b_row,
                          void *c, ptrdiff_t c_row, bool add);
struct Gemm {
  size_t rows, cols;
  GemmTile tile;
};

// out (cols, rows) = x (rows, cols) transposed, in elements of one size; both
// have contiguous rows, x_row and out_row elements apart.
using Transpose = void (*)(size_t rows, size_t cols, const void *x,
                           ptrdiff_t x_row, void *out, ptrdiff_t out_row);

} // namespace mg::runtime

// The lookups of one CPU level: null where there is no such loop. (A C name,
// because the table that points to it is C.)
struct mg_loops {
  mg::runtime::Loop (*unary)(mg::runtime::UnaryOp op, mg_dtype dtype);
  mg::runtime::Loop (*binary)(mg::runtime::BinaryOp op, mg_dtype dtype);
  mg::runtime::Loop (*select)(size_t size); // in: condition, a, b
  mg::runtime::Loop (*convert)(mg_dtype from, mg_dtype to,
                               mg::runtime::Cast cast);
  mg::runtime::FoldLoop (*fold)(mg::runtime::BinaryOp op, mg_dtype dtype);
  mg::runtime::ScanLoop (*scan)(mg::runtime::BinaryOp op, mg_dtype dtype);
  mg::runtime::Transpose (*transpose)(size_t size);
  const mg::runtime::Gemm *(*gemm)(mg_dtype accumulator);
};

#endif
