// Convolution is a product of the weights with a view: every window of the
// (padded) image is a column. The windows overlap in memory; only the panels
// that the product packs are ever written out.
#include "minigrad/kernels.h"
#include "runtime/eager/level.h"
#include "runtime/eager/stream.h"

#include <stdlib.h>

namespace mg::runtime {
namespace {

constexpr int32_t kImageDims = 2; // n and c, before the spatial ones

bool checked_extent(int64_t n, int64_t step, int64_t &extent) {
  return !__builtin_mul_overflow(n - 1, step, &extent) &&
         !__builtin_add_overflow(extent, 1, &extent);
}

// The spatial sizes of x after dilation and padding, in `padded`; checks w and
// out against them.
bool shapes_fit(const mg_array &x, const mg_array &w, const mg_conv_dims &dims,
                const mg_array &out, mg_array &padded) {
  if (x.rank != w.rank || x.rank != out.rank || x.rank < kImageDims ||
      dims.groups < 1 || x.shape[1] % dims.groups || w.shape[0] % dims.groups ||
      w.shape[1] != x.shape[1] / dims.groups || out.shape[0] != x.shape[0] ||
      out.shape[1] != w.shape[0])
    return false;
  padded = x;
  for (int32_t k = kImageDims, s = 0; k < x.rank; ++k, ++s) {
    int64_t size = 0, window;
    if (dims.strides[s] < 1 || dims.lhs_dilation[s] < 1 ||
        dims.rhs_dilation[s] < 1 || w.shape[k] < 1 ||
        (x.shape[k] > 0 &&
         !checked_extent(x.shape[k], dims.lhs_dilation[s], size)) ||
        !checked_extent(w.shape[k], dims.rhs_dilation[s], window) ||
        __builtin_add_overflow(size, dims.lo[s], &size) ||
        __builtin_add_overflow(size, dims.hi[s], &size) || size < window ||
        out.shape[k] != (size - window) / dims.strides[s] + 1)
      return false;
    padded.shape[k] = size;
  }
  return true;
}

// x with its zeros, in fresh memory.
mg_status pad_image(const mg_array &x, const mg_conv_dims &dims,
                    mg_array &padded, mg_pool *pool) {
  row_major(padded.rank, padded.shape, padded.strides);
  const uint64_t zero = 0;
  mg_array value = {};
  value.data = const_cast<uint64_t *>(&zero);
  value.dtype = x.dtype;
  padded.data = const_cast<uint64_t *>(&zero);
  const bool fits = valid(&padded);
  padded.data = nullptr;
  MG_CHECK(fits, MG_ERROR_MEMORY);
  const size_t bytes =
      static_cast<size_t>(element_count(padded)) * mg_dtype_size(padded.dtype);
  padded.data = malloc(bytes ? bytes : 1);
  MG_CHECK(padded.data, MG_ERROR_MEMORY);
  int64_t lo[MG_MAX_RANK] = {}, hi[MG_MAX_RANK] = {},
          interior[MG_MAX_RANK] = {};
  for (int32_t k = kImageDims, s = 0; k < x.rank; ++k, ++s) {
    lo[k] = dims.lo[s];
    hi[k] = dims.hi[s];
    interior[k] = dims.lhs_dilation[s] - 1;
  }
  return mg_pad(&x, &value, lo, hi, interior, &padded, pool);
}

void append(mg_array &view, int64_t size, int64_t stride) {
  view.shape[view.rank] = size;
  view.strides[view.rank++] = stride;
}

mg_array empty_view(const mg_array &of) {
  mg_array view = {};
  view.data = of.data;
  view.dtype = of.dtype;
  return view;
}

// out (n, g, o / g, spatial..) = weights (n, g, o / g, c / g, window..) times
// windows (n, g, c / g, spatial.., window..).
mg_status multiply(const mg_array &x, const mg_array &w,
                   const mg_conv_dims &dims, const mg_array &out,
                   mg_pool *pool) {
  const int32_t spatial = x.rank - kImageDims;
  const int64_t group_channels = w.shape[1];
  const int64_t group_outs = w.shape[0] / dims.groups;
  mg_array weights = empty_view(w), windows = empty_view(x),
           result = empty_view(out);
  append(weights, x.shape[0], 0);
  append(weights, dims.groups, group_outs * w.strides[0]);
  append(weights, group_outs, w.strides[0]);
  append(weights, group_channels, w.strides[1]);
  append(windows, x.shape[0], x.strides[0]);
  append(windows, dims.groups, group_channels * x.strides[1]);
  append(windows, group_channels, x.strides[1]);
  append(result, x.shape[0], 0);
  append(result, dims.groups, 0);
  append(result, group_outs, 0);
  int64_t left[MG_MAX_RANK] = {3}, right[MG_MAX_RANK] = {2};
  for (int32_t s = 0; s < spatial; ++s) {
    const int32_t k = kImageDims + s;
    append(weights, w.shape[k], w.strides[k]);
    append(windows, out.shape[k], dims.strides[s] * x.strides[k]);
    append(result, out.shape[k], 0);
    left[1 + s] = 4 + s;
    right[1 + s] = 3 + spatial + s;
  }
  for (int32_t s = 0; s < spatial; ++s)
    append(windows, w.shape[kImageDims + s],
           dims.rhs_dilation[s] * x.strides[kImageDims + s]);
  row_major(result.rank, result.shape, result.strides);
  const int64_t batch[] = {0, 1};
  const mg_dot_dims dot = {batch, batch, left, right, 2, 1 + spatial};
  return mg_dot(&weights, &windows, &dot, &result, pool);
}

bool needs_padding(const mg_array &x, const mg_conv_dims &dims) {
  for (int32_t s = 0; s < x.rank - kImageDims; ++s)
    if (dims.lo[s] || dims.hi[s] || dims.lhs_dilation[s] != 1)
      return true;
  return false;
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_conv(const mg_array *x, const mg_array *w,
                  const mg_conv_dims *dims, const mg_array *out,
                  mg_pool *pool) {
  MG_CHECK(dims, MG_ERROR_ARGUMENT);
  MG_CHECK(valid(x) && valid(w) && valid_result(out) && x->dtype == w->dtype,
           MG_ERROR_SHAPE);
  MG_CHECK(x->rank <= kImageDims || (dims->strides && dims->lo && dims->hi &&
                                     dims->lhs_dilation && dims->rhs_dilation),
           MG_ERROR_ARGUMENT);
  mg_array padded;
  MG_CHECK(shapes_fit(*x, *w, *dims, *out, padded), MG_ERROR_SHAPE);
  // n, group, channel and two dims per spatial one must fit a view.
  MG_CHECK(3 + 2 * (x->rank - kImageDims) <= MG_MAX_RANK, MG_ERROR_UNSUPPORTED);
  if (!needs_padding(*x, *dims))
    return multiply(*x, *w, *dims, *out, pool);
  mg_status status = pad_image(*x, *dims, padded, pool);
  if (status == MG_OK)
    status = multiply(padded, *w, *dims, *out, pool);
  free(padded.data);
  return status;
}
