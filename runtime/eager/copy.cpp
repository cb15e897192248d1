// Copies between views.
#include "runtime/eager/copy.h"
#include "runtime/eager/level.h"

#include <string.h>

namespace mg::runtime {
namespace {

constexpr int64_t kChunk = 32 * kBlock;

int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }

struct Pair {
  const Stream &from, &to;
  const Combination *op; // null: copy
};

// Rows of the target that are long enough are written in place.
int64_t copy_some(const Stream &from, const Stream &to, int64_t i, int64_t n) {
  const int64_t row = to.inner_stride() == 1 ? to.direct(i) : 0;
  if (row >= n || row >= 64) {
    n = minimum(n, row);
    from.gather(i, n, const_cast<char *>(to.at(i)));
    return n;
  }
  alignas(64) char buffer[kBlockBytes];
  n = minimum(n, kBlock);
  from.gather(i, n, buffer);
  to.write(i, n, buffer);
  return n;
}

void run_chunk(void *context, int64_t chunk) {
  const Pair &pair = *static_cast<const Pair *>(context);
  const int64_t end = minimum((chunk + 1) * kChunk, pair.from.count);
  for (int64_t i = chunk * kChunk; i < end;) {
    if (!pair.op) {
      i += copy_some(pair.from, pair.to, i, end - i);
      continue;
    }
    const int64_t n = minimum(kBlock, end - i);
    combine_block(*pair.op, pair.from, i, pair.to, i, n);
    i += n;
  }
}

void run(Pair pair, mg_pool *pool) {
  if (pair.from.count > 0)
    mg_parallel_for(pool, run_chunk, &pair,
                    (pair.from.count + kChunk - 1) / kChunk);
}

// A copy to contiguous memory whose neighbours in `from` are not those in the
// result: dim `near` has stride 1 there, the last dim here. Planes of these two
// are cut into tiles.
struct Transposed {
  const Stream &from;
  char *to;
  Transpose transpose;
  Stream planes;                   // the other dims
  int64_t to_strides[MG_MAX_RANK]; // of the planes' dims
  int64_t rows, row, cols, col;    // from (rows, cols): the strides are `row`
                                   // there and `col` here, the others are 1
  int64_t row_tiles, col_tiles;
};

constexpr int64_t kTile = 128;
// Smaller copies gain nothing.
constexpr int64_t kFewElements = 1024;

int32_t near_dim(const Stream &from) {
  for (int32_t k = 0; k + 1 < from.rank; ++k)
    if (from.strides[k] == 1)
      return k;
  return -1;
}

void transpose_tile(void *context, int64_t task) {
  const Transposed &t = *static_cast<const Transposed *>(context);
  const int64_t r = task % t.row_tiles * kTile;
  const int64_t c = task / t.row_tiles % t.col_tiles * kTile;
  const int64_t plane = task / t.row_tiles / t.col_tiles;
  int64_t offset = c * t.col + r, rest = plane;
  for (int32_t k = t.planes.rank - 1; k >= 0; --k) {
    offset += rest % t.planes.shape[k] * t.to_strides[k];
    rest /= t.planes.shape[k];
  }
  const int64_t size = static_cast<int64_t>(t.from.size);
  t.transpose(static_cast<size_t>(minimum(kTile, t.rows - r)),
              static_cast<size_t>(minimum(kTile, t.cols - c)),
              t.planes.at(plane) + (r * t.row + c) * size, t.row,
              t.to + offset * size, t.col);
}

void copy_transposed(const Stream &from, char *to, mg_pool *pool) {
  const int32_t near = near_dim(from), last = from.rank - 1;
  int64_t strides[MG_MAX_RANK];
  row_major(from.rank, from.shape, strides);
  Transposed t = {from,
                  to,
                  loops()->transpose(from.size),
                  from,
                  {},
                  from.shape[last],
                  from.strides[last],
                  from.shape[near],
                  strides[near],
                  (from.shape[last] + kTile - 1) / kTile,
                  (from.shape[near] + kTile - 1) / kTile};
  t.planes.rank = 0;
  for (int32_t k = 0; k < last; ++k)
    if (k != near) {
      t.planes.shape[t.planes.rank] = from.shape[k];
      t.planes.strides[t.planes.rank] = from.strides[k];
      t.to_strides[t.planes.rank++] = strides[k];
    }
  if (t.planes.rank == 0) {
    t.planes.rank = 1;
    t.planes.shape[0] = 1;
    t.planes.strides[0] = 0;
  }
  const int64_t planes = from.count / (t.rows * t.cols);
  mg_parallel_for(from.count > kChunk ? pool : nullptr, transpose_tile, &t,
                  planes * t.row_tiles * t.col_tiles);
}

// Contiguous elements in the dtype computed in.
const char *widened(const Conversion &widen, const Stream &from, int64_t i,
                    int64_t n, char *raw, char *wide,
                    char (*scratch)[kBlockBytes]) {
  from.gather(i, n, raw);
  return widen.run({raw, 1}, static_cast<size_t>(n), wide, scratch).data;
}

} // namespace

bool is_transposed(const Stream &from) {
  const int32_t near = near_dim(from), last = from.rank - 1;
  return near >= 0 && from.strides[last] != 0 && from.count >= kFewElements &&
         from.shape[near] >= 4 && from.shape[last] >= 4;
}

void copy(const Stream &from, const Stream &to, mg_pool *pool) {
  if (to.contiguous() && is_transposed(from) && loops())
    copy_transposed(from, const_cast<char *>(to.data), pool);
  else
    run({from, to, nullptr}, pool);
}

void combine(const Combination &op, const Stream &from, const Stream &to,
             mg_pool *pool) {
  run({from, to, &op}, pool);
}

void combine_block(const Combination &op, const Stream &from, int64_t i,
                   const Stream &to, int64_t j, int64_t n) {
  alignas(64) char raw[2][kBlockBytes], wide[2][kBlockBytes],
      scratch[2][kBlockBytes];
  const void *in[] = {
      widened(op.widen_to, to, j, n, raw[0], wide[0], scratch),
      widened(op.widen_from, from, i, n, raw[1], wide[1], scratch)};
  const size_t step[] = {1, 1};
  op.loop(in, step, wide[0], static_cast<size_t>(n));
  const Block result =
      op.narrow.run({wide[0], 1}, static_cast<size_t>(n), raw[0], scratch);
  to.write(j, n, result.data);
}

void fill(const mg_array &out, const void *value, mg_pool *pool) {
  const Stream to(out);
  Stream from = to;
  from.data = static_cast<const char *>(value);
  for (int32_t k = 0; k < from.rank; ++k)
    from.strides[k] = 0;
  copy(from, to, pool);
}

} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_copy(const mg_array *x, const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(x) && valid_result(out) && x->dtype == out->dtype &&
               same_shape(*x, *out),
           MG_ERROR_SHAPE);
  copy(Stream(*x), Stream(*out), pool);
  return MG_OK;
}
