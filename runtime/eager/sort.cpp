// Sorting, the best k, and the one best element along a dimension.
#include "minigrad/call.h"
#include "minigrad/kernels.h"
#include "runtime/eager/level.h"
#include "runtime/eager/lines.h"
#include "runtime/eager/order.h"

#include <stdlib.h>
#include <string.h>

namespace mg::runtime {
namespace {

// For each line of `keys`: write(line, permutation), the places of its elements
// in order.
struct Sort {
  Lines keys;
  mg_dtype dtype;
  bool descending;
  int64_t lines_per_task;
  void (*write)(const void *context, int64_t line, const int64_t *permutation);
  const void *context;
  int status;
};

void sort_task(void *context, int64_t task) {
  Sort &sort = *static_cast<Sort *>(context);
  const int64_t n = sort.keys.length;
  const size_t length = static_cast<size_t>(n);
  uint64_t *memory =
      static_cast<uint64_t *>(malloc(length * 4 * sizeof(uint64_t)));
  if (!memory) {
    __atomic_store_n(&sort.status, MG_ERROR_MEMORY, __ATOMIC_RELAXED);
    return;
  }
  uint64_t *keys = memory, *other = memory + n;
  int64_t *permutation = reinterpret_cast<int64_t *>(memory + 2 * n);
  const int64_t end = (task + 1) * sort.lines_per_task;
  for (int64_t l = task * sort.lines_per_task; l < end && l < sort.keys.count();
       ++l) {
    sort.keys.line(l, 0, n).gather(0, n, permutation); // not needed before
    order_keys(sort.dtype, permutation, n, keys);
    for (int64_t i = 0; i < n && sort.descending; ++i)
      keys[i] = ~keys[i];
    sort_keys(keys, permutation, other, permutation + n, n);
    sort.write(sort.context, l, permutation);
  }
  free(memory);
}

mg_status run(Sort &sort, mg_pool *pool) {
  const int64_t n = sort.keys.length, lines = sort.keys.count();
  if (n == 0 || lines == 0)
    return MG_OK;
  MG_CHECK(n < INT64_MAX / 64, MG_ERROR_MEMORY);
  sort.status = MG_OK;
  sort.lines_per_task = n < 1 << 12 ? (1 << 12) / n : 1;
  mg_parallel_for(pool, sort_task, &sort,
                  (lines + sort.lines_per_task - 1) / sort.lines_per_task);
  return static_cast<mg_status>(sort.status);
}

template <class T>
void permute(const Stream &from, const Stream &to, const int64_t *permutation) {
  const T *x = reinterpret_cast<const T *>(from.data);
  T *y = reinterpret_cast<T *>(const_cast<char *>(to.data));
  for (int64_t i = 0; i < to.count; ++i)
    y[i * to.inner_stride()] = x[permutation[i] * from.inner_stride()];
}

// to[i] = from[permutation[i]], both of one line.
void permute(const Stream &from, const Stream &to, const int64_t *permutation) {
  switch (from.size) {
  case 1:
    return permute<uint8_t>(from, to, permutation);
  case 2:
    return permute<uint16_t>(from, to, permutation);
  case 4:
    return permute<uint32_t>(from, to, permutation);
  default:
    return permute<uint64_t>(from, to, permutation);
  }
}

void write_indices(const Stream &to, const int64_t *permutation) {
  for (int64_t i = 0; i < to.count; ++i) {
    const int32_t narrow = static_cast<int32_t>(permutation[i]);
    if (to.size == 4)
      to.write(i, 1, &narrow);
    else
      to.write(i, 1, permutation + i);
  }
}

struct Followers {
  const mg_array *const *xs, *const *outs;
  size_t count;
  int32_t dim;
};

void write_followers(const void *context, int64_t line,
                     const int64_t *permutation) {
  const Followers &f = *static_cast<const Followers *>(context);
  for (size_t i = 0; i < f.count; ++i) {
    const Lines from(*f.xs[i], f.dim), to(*f.outs[i], f.dim);
    permute(from.line(line, 0, from.length), to.line(line, 0, to.length),
            permutation);
  }
}

struct Best {
  Lines x, values, indices;
};

void write_best(const void *context, int64_t line, const int64_t *permutation) {
  const Best &best = *static_cast<const Best *>(context);
  permute(best.x.line(line, 0, best.x.length),
          best.values.line(line, 0, best.values.length), permutation);
  write_indices(best.indices.line(line, 0, best.indices.length), permutation);
}

void write_permutation(const void *context, int64_t line,
                       const int64_t *permutation) {
  const Lines &to = *static_cast<const Lines *>(context);
  write_indices(to.line(line, 0, to.length), permutation);
}

// out has x's shape but for dim.
bool same_but(const mg_array &x, const mg_array &out, int32_t dim) {
  mg_array expected = x;
  if (out.rank == x.rank)
    expected.shape[dim] = out.shape[dim];
  return same_shape(expected, out);
}

bool is_index(mg_dtype dtype) { return dtype == MG_I32 || dtype == MG_I64; }

struct ArgReduce {
  Lines lines;
  mg_dtype dtype;
  bool smallest, last;
  char *out;
  bool wide;
  int64_t lines_per_task;

  bool is_float() const { return dtype >= MG_F16; }
};

int64_t arg_of_line(const ArgReduce &a, int64_t l) {
  alignas(64) char raw[kBlockBytes];
  alignas(64) uint64_t keys[kBlock];
  const Stream line = a.lines.line(l, 0, a.lines.length);
  uint64_t best = 0;
  int64_t at = 0;
  for (int64_t begin = 0; begin < line.count; begin += kBlock) {
    const int64_t rest = line.count - begin;
    const int64_t n = rest < kBlock ? rest : kBlock;
    line.gather(begin, n, raw);
    order_keys(a.dtype, raw, n, keys);
    for (int64_t i = 0; i < n; ++i) {
      // The smallest wins as the largest of the turned keys; NaN wins anyway.
      const bool nan = a.is_float() && keys[i] == kNanKey;
      const uint64_t key =
          a.smallest && !nan ? kNanKey - a.is_float() - keys[i] : keys[i];
      if (begin + i == 0 || key > best || (a.last && key == best)) {
        best = key;
        at = begin + i;
      }
    }
  }
  return at;
}

void arg_task(void *context, int64_t task) {
  const ArgReduce &a = *static_cast<const ArgReduce *>(context);
  const int64_t end = (task + 1) * a.lines_per_task;
  for (int64_t l = task * a.lines_per_task; l < end && l < a.lines.count();
       ++l) {
    const int64_t at = arg_of_line(a, l);
    if (a.wide)
      reinterpret_cast<int64_t *>(a.out)[l] = at;
    else
      reinterpret_cast<int32_t *>(a.out)[l] = static_cast<int32_t>(at);
  }
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_sort(const mg_array *const *xs, size_t count, int32_t dim,
                  int descending, const mg_array *const *outs, mg_pool *pool) {
  MG_CHECK(xs && outs && count > 0, MG_ERROR_ARGUMENT);
  for (size_t i = 0; i < count; ++i)
    MG_CHECK(valid(xs[i]) && valid_result(outs[i]) &&
                 xs[i]->dtype == outs[i]->dtype &&
                 same_shape(*xs[i], *outs[i]) && same_shape(*xs[i], *xs[0]),
             MG_ERROR_SHAPE);
  MG_CHECK(dim >= 0 && dim < xs[0]->rank, MG_ERROR_SHAPE);
  const Followers followers = {xs, outs, count, dim};
  Sort sort = {
      Lines(*xs[0], dim), xs[0]->dtype, descending != 0, 0, write_followers,
      &followers,         MG_OK};
  return run(sort, pool);
}

mg_status mg_topk(const mg_array *x, int32_t dim, int largest,
                  const mg_array *values, const mg_array *indices,
                  mg_pool *pool) {
  MG_CHECK(valid(x) && valid_result(values) && valid_result(indices) &&
               dim >= 0 && dim < x->rank && x->dtype == values->dtype &&
               is_index(indices->dtype) && same_but(*x, *values, dim) &&
               same_shape(*values, *indices) &&
               values->shape[dim] <= x->shape[dim],
           MG_ERROR_SHAPE);
  const Best best = {Lines(*x, dim), Lines(*values, dim), Lines(*indices, dim)};
  if (best.values.length == 0)
    return MG_OK;
  Sort sort = {best.x, x->dtype, largest != 0, 0, write_best, &best, MG_OK};
  return run(sort, pool);
}

mg_status mg_arg_reduce(mg_reduction kind, const mg_array *x, int32_t dim,
                        int last, const mg_array *out, mg_pool *pool) {
  MG_CHECK(kind == MG_MAX || kind == MG_MIN, MG_ERROR_ARGUMENT);
  MG_CHECK(valid(x) && valid_result(out) && dim >= 0 && dim < x->rank &&
               is_index(out->dtype) && out->rank == x->rank - 1 &&
               x->shape[dim] > 0,
           MG_ERROR_SHAPE);
  for (int32_t k = 0; k < out->rank; ++k)
    MG_CHECK(out->shape[k] == x->shape[k < dim ? k : k + 1], MG_ERROR_SHAPE);
  ArgReduce arg = {Lines(*x, dim),
                   x->dtype,
                   kind == MG_MIN,
                   last != 0,
                   static_cast<char *>(out->data),
                   out->dtype == MG_I64,
                   x->shape[dim] < 1 << 15 ? (1 << 15) / x->shape[dim] : 1};
  mg_parallel_for(pool, arg_task, &arg,
                  (arg.lines.count() + arg.lines_per_task - 1) /
                      arg.lines_per_task);
  return MG_OK;
}

int mg_call_argsort(const void *keys, int64_t *perm, int32_t dtype,
                    int64_t outer, int64_t n, int64_t inner,
                    int32_t descending) {
  mg_array x = {};
  x.data = const_cast<void *>(keys);
  x.dtype = static_cast<mg_dtype>(dtype);
  x.rank = 3;
  x.shape[0] = outer;
  x.shape[1] = n;
  x.shape[2] = inner;
  row_major(3, x.shape, x.strides);
  MG_CHECK(valid(&x), MG_ERROR_SHAPE);
  mg_array out = x;
  out.data = perm;
  out.dtype = MG_I64;
  const Lines lines(out, 1);
  Sort sort = {Lines(x, 1), x.dtype, descending != 0, 0, write_permutation,
               &lines,      MG_OK};
  return run(sort, nullptr);
}
