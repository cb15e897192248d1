// Running reductions along a dimension, one term after the other.
#include "runtime/eager/elementwise.h"
#include "runtime/eager/level.h"
#include "runtime/eager/lines.h"
#include "runtime/eager/reduce.h"

#include <string.h>

namespace mg::runtime {
namespace {

struct Cumulative {
  ScanLoop scan;
  Conversion widen, narrow;
  Lines from, to;
  bool exclusive, reverse;
  alignas(8) char first[8]; // neutral, in the dtype computed in
  alignas(
      8) char empty[8]; // what an exclusive line begins with, in the result's
  int64_t lines_per_task;
};

void run_line(const Cumulative &c, int64_t l) {
  alignas(64) char raw[kBlockBytes], wide[kBlockBytes], sums[kBlockBytes],
      scratch[2][kBlockBytes];
  const int64_t skip = c.exclusive ? 1 : 0;
  const int64_t n = c.from.length - skip;
  if (c.exclusive)
    c.to.line(l, 0, 1, c.reverse).write(0, 1, c.empty);
  if (n == 0)
    return;
  const Stream from = c.from.line(l, 0, n, c.reverse);
  const Stream to = c.to.line(l, skip, n, c.reverse);
  alignas(8) char sum[8];
  memcpy(sum, c.first, sizeof sum);
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t some = n - i < kBlock ? n - i : kBlock;
    const size_t length = static_cast<size_t>(some);
    from.gather(i, some, raw);
    const Block x = c.widen.run({raw, 1}, length, wide, scratch);
    c.scan(x.data, sum, sums, length);
    to.write(i, some, c.narrow.run({sums, 1}, length, raw, scratch).data);
  }
}

void run_task(void *context, int64_t task) {
  const Cumulative &c = *static_cast<const Cumulative *>(context);
  const int64_t end = (task + 1) * c.lines_per_task;
  for (int64_t l = task * c.lines_per_task; l < end && l < c.from.count(); ++l)
    run_line(c, l);
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_cumulative(mg_reduction kind, const mg_array *x, int32_t dim,
                        int exclusive, int reverse, const mg_array *out,
                        mg_pool *pool) {
  MG_CHECK(is_reduction(kind), MG_ERROR_ARGUMENT);
  MG_CHECK(valid(x) && valid_result(out) && x->dtype == out->dtype &&
               same_shape(*x, *out) && dim >= 0 && dim < x->rank,
           MG_ERROR_SHAPE);
  MG_CHECK(kind <= MG_MIN && x->dtype != MG_BOOL, MG_ERROR_UNSUPPORTED);
  MG_CHECK(loops(), MG_ERROR_CPU);
  if (element_count(*x) == 0)
    return MG_OK;
  const mg_dtype dtype = computed_in(x->dtype);
  Cumulative c = {loops()->scan(op_of(kind), dtype),
                  conversion(*loops(), x->dtype, dtype),
                  conversion(*loops(), dtype, x->dtype),
                  Lines(*x, dim),
                  Lines(*out, dim),
                  exclusive != 0,
                  reverse != 0,
                  {},
                  {},
                  x->shape[dim] < 1 << 15 ? (1 << 15) / x->shape[dim] : 1};
  alignas(64) char scratch[2][kBlockBytes], value[8];
  neutral(kind, dtype, true, c.first);
  neutral(kind, dtype, false, value);
  memcpy(c.empty, c.narrow.run({value, 1}, 1, c.empty, scratch).data,
         mg_dtype_size(x->dtype));
  mg_parallel_for(pool, run_task, &c,
                  (c.from.count() + c.lines_per_task - 1) / c.lines_per_task);
  return MG_OK;
}
