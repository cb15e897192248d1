// Ops that put whole views somewhere: pad, concat, dynamic slices, fold.
#include "runtime/eager/copy.h"
#include "runtime/eager/level.h"

#include <stdlib.h>
#include <string.h>

namespace mg::runtime {
namespace {

int64_t clamp(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

// Moves a view's origin by n elements along dim.
void advance(mg_array &view, int32_t dim, int64_t n) {
  view.data =
      static_cast<char *>(view.data) +
      n * view.strides[dim] * static_cast<int64_t>(mg_dtype_size(view.dtype));
}

// One dimension of pad: element i of x comes to lo + i * step; false where the
// sizes do not fit. Cuts both views to the elements that stay inside.
bool pad_dim(mg_array &from, mg_array &to, int32_t k, int64_t lo, int64_t hi,
             int64_t interior) {
  int64_t step, size = from.shape[k], reach, total;
  if (interior < 0 || __builtin_add_overflow(interior, 1, &step) ||
      __builtin_mul_overflow(size > 0 ? size - 1 : 0, step, &reach) ||
      __builtin_add_overflow(reach, size > 0 ? 1 : 0, &reach) ||
      __builtin_add_overflow(reach, lo, &total) ||
      __builtin_add_overflow(total, hi, &total) || total != to.shape[k])
    return false;
  const int64_t first = lo < 0 ? (-lo + step - 1) / step : 0;
  // The last i with lo + i * step < total.
  const int64_t end = total - lo <= 0 ? 0 : (total - lo - 1) / step + 1;
  const int64_t count = (size < end ? size : end) - first;
  from.shape[k] = to.shape[k] = count > 0 ? count : 0;
  if (count > 0) {
    advance(from, k, first);
    advance(to, k, lo + first * step);
  }
  to.strides[k] *= step;
  return true;
}

bool is_index(const mg_array &x) {
  return x.dtype == MG_I32 || x.dtype == MG_I64;
}

int64_t index_at(const mg_array &vector, int64_t i) {
  const int64_t at = i * vector.strides[0];
  return vector.dtype == MG_I32 ? static_cast<const int32_t *>(vector.data)[at]
                                : static_cast<const int64_t *>(vector.data)[at];
}

// The part of `whole` with the sizes of `part` at the clamped `start`.
bool slice_at(mg_array &whole, const mg_array &part, const mg_array &start) {
  if (!valid(&start) || !is_index(start) || start.rank != 1 ||
      start.shape[0] != whole.rank || part.rank != whole.rank ||
      part.dtype != whole.dtype)
    return false;
  for (int32_t k = 0; k < whole.rank; ++k) {
    const int64_t room = whole.shape[k] - part.shape[k];
    if (room < 0)
      return false;
    if (part.shape[k] > 0)
      advance(whole, k, clamp(index_at(start, k), 0, room));
    whole.shape[k] = part.shape[k];
  }
  return true;
}

struct Windows {
  const int64_t *dims, *size, *stride, *dilation;
  int32_t count;
};

// Whether x has the windows of out's shape.
bool windows_fit(const Windows &w, const mg_array &x, const mg_array &out) {
  if (x.rank != out.rank + w.count)
    return false;
  bool windowed[MG_MAX_RANK] = {};
  for (int32_t k = 0; k < w.count; ++k) {
    const int64_t dim = w.dims[k];
    int64_t extent;
    if (dim < 0 || dim >= out.rank || windowed[dim] || w.size[k] < 1 ||
        w.stride[k] < 1 || w.dilation[k] < 1 ||
        __builtin_mul_overflow(w.size[k] - 1, w.dilation[k], &extent) ||
        extent >= out.shape[dim] || x.shape[out.rank + k] != w.size[k] ||
        x.shape[dim] != (out.shape[dim] - extent - 1) / w.stride[k] + 1)
      return false;
    windowed[dim] = true;
  }
  for (int32_t k = 0; k < out.rank; ++k)
    if (!windowed[k] && x.shape[k] != out.shape[k])
      return false;
  return true;
}

// Adds x's element `entry` of every window where it belongs.
void fold_entry(const Combination &add, const Windows &w, const mg_array &x,
                const mg_array &sums, const int64_t *entry, mg_pool *pool) {
  mg_array from = x, to = sums;
  from.rank = sums.rank;
  for (int32_t k = 0; k < w.count; ++k) {
    const int32_t dim = static_cast<int32_t>(w.dims[k]);
    from.data = static_cast<char *>(from.data) +
                entry[k] * x.strides[sums.rank + k] *
                    static_cast<int64_t>(mg_dtype_size(x.dtype));
    advance(to, dim, entry[k] * w.dilation[k]);
    to.strides[dim] *= w.stride[k];
    to.shape[dim] = from.shape[dim];
  }
  combine(add, Stream(from), Stream(to), pool);
}

// Entries from the last to the first: then a sum takes its terms in the order
// of the windows.
void fold_entries(const Combination &add, const Windows &w, const mg_array &x,
                  const mg_array &sums, mg_pool *pool) {
  int64_t entry[MG_MAX_RANK], entries = 1;
  for (int32_t k = 0; k < w.count; ++k)
    entries *= w.size[k];
  for (int64_t i = entries - 1; i >= 0; --i) {
    int64_t rest = i;
    for (int32_t k = w.count - 1; k >= 0; --k) {
      entry[k] = rest % w.size[k];
      rest /= w.size[k];
    }
    fold_entry(add, w, x, sums, entry, pool);
  }
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_pad(const mg_array *x, const mg_array *value, const int64_t *lo,
                 const int64_t *hi, const int64_t *interior,
                 const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(x) && valid(value) && valid_result(out) && value->rank == 0 &&
               value->dtype == x->dtype && out->dtype == x->dtype &&
               out->rank == x->rank,
           MG_ERROR_SHAPE);
  MG_CHECK(x->rank == 0 || (lo && hi && interior), MG_ERROR_ARGUMENT);
  mg_array from = *x, to = *out;
  for (int32_t k = 0; k < x->rank; ++k)
    MG_CHECK(pad_dim(from, to, k, lo[k], hi[k], interior[k]), MG_ERROR_SHAPE);
  if (!same_shape(to, *out))
    fill(*out, value->data, pool);
  copy(Stream(from), Stream(to), pool);
  return MG_OK;
}

mg_status mg_concat(const mg_array *const *xs, size_t count, int32_t dim,
                    const mg_array *out, mg_pool *pool) {
  MG_CHECK(xs && count > 0, MG_ERROR_ARGUMENT);
  MG_CHECK(valid_result(out) && dim >= 0 && dim < out->rank, MG_ERROR_SHAPE);
  int64_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    MG_CHECK(valid(xs[i]) && xs[i]->dtype == out->dtype, MG_ERROR_SHAPE);
    mg_array expected = *out;
    expected.shape[dim] = xs[i]->rank > dim ? xs[i]->shape[dim] : 0;
    MG_CHECK(same_shape(*xs[i], expected) &&
                 !__builtin_add_overflow(total, expected.shape[dim], &total),
             MG_ERROR_SHAPE);
  }
  MG_CHECK(total == out->shape[dim], MG_ERROR_SHAPE);
  mg_array part = *out;
  for (size_t i = 0; i < count; ++i) {
    part.shape[dim] = xs[i]->shape[dim];
    copy(Stream(*xs[i]), Stream(part), pool);
    if (element_count(*out) > 0)
      advance(part, dim, part.shape[dim]);
  }
  return MG_OK;
}

mg_status mg_fold(const mg_array *x, const int64_t *dims, const int64_t *size,
                  const int64_t *stride, const int64_t *dilation, int32_t count,
                  const mg_array *out, mg_pool *pool) {
  MG_CHECK(count >= 0 && (count == 0 || (dims && size && stride && dilation)),
           MG_ERROR_ARGUMENT);
  const Windows windows = {dims, size, stride, dilation, count};
  MG_CHECK(valid(x) && valid_result(out) && x->dtype == out->dtype &&
               windows_fit(windows, *x, *out),
           MG_ERROR_SHAPE);
  MG_CHECK(x->dtype != MG_BOOL, MG_ERROR_UNSUPPORTED);
  MG_CHECK(loops(), MG_ERROR_CPU);
  // f16 and bf16 are summed in memory of f32.
  mg_array sums = *out;
  sums.dtype = computed_in(out->dtype);
  const size_t bytes =
      static_cast<size_t>(element_count(*out)) * mg_dtype_size(sums.dtype);
  const bool apart = sums.dtype != out->dtype;
  if (apart)
    sums.data = malloc(bytes ? bytes : 1);
  MG_CHECK(sums.data || bytes == 0, MG_ERROR_MEMORY);
  if (bytes)
    memset(sums.data, 0, bytes);
  const Combination add = {loops()->binary(BinaryOp::Add, sums.dtype),
                           conversion(*loops(), x->dtype, sums.dtype),
                           {},
                           {}};
  fold_entries(add, windows, *x, sums, pool);
  if (!apart)
    return MG_OK;
  const mg_status status = mg_convert(&sums, MG_TRUNCATE, out, pool);
  free(sums.data);
  return status;
}

mg_status mg_dynamic_slice(const mg_array *x, const mg_array *start,
                           const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(x) && start && valid_result(out), MG_ERROR_SHAPE);
  mg_array slice = *x;
  MG_CHECK(slice_at(slice, *out, *start), MG_ERROR_SHAPE);
  return mg_copy(&slice, out, pool);
}

mg_status mg_dynamic_update_slice(const mg_array *x, const mg_array *update,
                                  const mg_array *start, const mg_array *out,
                                  mg_pool *pool) {
  MG_CHECK(valid(x) && valid(update) && start && valid_result(out) &&
               same_shape(*x, *out) && x->dtype == out->dtype,
           MG_ERROR_SHAPE);
  mg_array slice = *out;
  MG_CHECK(slice_at(slice, *update, *start), MG_ERROR_SHAPE);
  copy(Stream(*x), Stream(*out), pool);
  copy(Stream(*update), Stream(slice), pool);
  return MG_OK;
}
