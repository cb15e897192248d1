// Which kernels, and are the arrays sound?
#include "runtime/eager/level.h"

#include "runtime/eager/stream.h"
#include "runtime/kernels/table.h"

namespace mg::runtime {

const mg_loops *loops() {
  const mg_kernel_table *table = mg_kernels();
  return table ? table->loops : nullptr;
}

bool valid(const mg_array *view) {
  if (!view || view->dtype < 0 || view->dtype >= MG_DTYPE_COUNT ||
      view->rank < 0 || view->rank > MG_MAX_RANK)
    return false;
  int64_t bytes = static_cast<int64_t>(mg_dtype_size(view->dtype));
  bool empty = false;
  for (int32_t k = 0; k < view->rank; ++k) {
    if (view->shape[k] < 0)
      return false;
    empty |= view->shape[k] == 0;
  }
  for (int32_t k = 0; k < view->rank && !empty; ++k)
    if (__builtin_mul_overflow(bytes, view->shape[k], &bytes))
      return false;
  return empty || view->data;
}

bool valid_result(const mg_array *out) {
  if (!valid(out))
    return false;
  int64_t stride = 1;
  for (int32_t k = out->rank - 1; k >= 0; --k) {
    if (out->shape[k] == 0)
      return true;
    if (out->shape[k] != 1 && out->strides[k] != stride)
      return element_count(*out) == 0;
    stride *= out->shape[k];
  }
  return true;
}

bool same_shape(const mg_array &a, const mg_array &b) {
  if (a.rank != b.rank)
    return false;
  for (int32_t k = 0; k < a.rank; ++k)
    if (a.shape[k] != b.shape[k])
      return false;
  return true;
}

} // namespace mg::runtime
