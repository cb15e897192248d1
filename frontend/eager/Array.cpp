#include "frontend/eager/Array.h"

#include "frontend/eager/Memory.h"
#include "minigrad/kernels.h"

#include <new>

namespace mg::eager {

std::int64_t Array::size() const {
  std::int64_t size = 1;
  for (std::int64_t n : shape())
    size *= n;
  return size;
}

/// The strides of a row-major array, written into `view`.
static void setRowMajor(mg_array &view) {
  std::int64_t stride = 1;
  for (int i = view.rank - 1; i >= 0; --i) {
    view.strides[i] = stride;
    stride *= view.shape[i];
  }
}

bool Array::isRowMajor() const {
  if (size() == 0)
    return true;
  mg_array canonical = view;
  setRowMajor(canonical);
  for (int i = 0; i < view.rank; ++i) // the stride of one element says nothing
    if (view.shape[i] != 1 && view.strides[i] != canonical.strides[i])
      return false;
  return true;
}

Array allocate(mg_dtype dtype, std::span<const std::int64_t> shape) {
  Array array;
  array.view.dtype = dtype;
  array.view.rank = static_cast<std::int32_t>(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i)
    array.view.shape[i] = shape[i];
  setRowMajor(array.view);
  array.owner = takeMemory(array.bytes());
  array.view.data = array.owner.get();
  return array;
}

Array rowMajor(const Array &array, mg_pool *pool) {
  if (array.isRowMajor())
    return array;
  Array copy = allocate(array.view.dtype, array.shape());
  if (mg_copy(&array.view, &copy.view, pool) != MG_OK)
    throw std::bad_alloc(); // the only way a copy of a valid view can fail
  return copy;
}

} // namespace mg::eager
