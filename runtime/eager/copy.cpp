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

// Contiguous elements in the dtype computed in.
const char *widened(const Conversion &widen, const Stream &from, int64_t i,
                    int64_t n, char *raw, char *wide,
                    char (*scratch)[kBlockBytes]) {
  from.gather(i, n, raw);
  return widen.run({raw, 1}, static_cast<size_t>(n), wide, scratch).data;
}

} // namespace

void copy(const Stream &from, const Stream &to, mg_pool *pool) {
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
