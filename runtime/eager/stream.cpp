// Views as sequences of blocks.
#include "runtime/eager/stream.h"

#include <string.h>

namespace mg::runtime {
namespace {

// n elements, each so many elements after the last one.
template <class T>
void move_row(const char *from, int64_t from_stride, char *to,
              int64_t to_stride, int64_t n) {
  const T *x = reinterpret_cast<const T *>(from);
  T *y = reinterpret_cast<T *>(to);
  for (int64_t i = 0; i < n; ++i)
    y[i * to_stride] = x[i * from_stride];
}

void move_row(size_t size, const char *from, int64_t from_stride, char *to,
              int64_t to_stride, int64_t n) {
  if (from_stride == 1 && to_stride == 1) {
    memcpy(to, from, static_cast<size_t>(n) * size);
    return;
  }
  switch (size) {
  case 1:
    return move_row<uint8_t>(from, from_stride, to, to_stride, n);
  case 2:
    return move_row<uint16_t>(from, from_stride, to, to_stride, n);
  case 4:
    return move_row<uint32_t>(from, from_stride, to, to_stride, n);
  default:
    return move_row<uint64_t>(from, from_stride, to, to_stride, n);
  }
}

int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }

} // namespace

void row_major(int32_t rank, const int64_t *shape, int64_t *strides) {
  int64_t stride = 1;
  for (int32_t k = rank - 1; k >= 0; --k) {
    strides[k] = stride;
    stride *= shape[k];
  }
}

int64_t element_count(const mg_array &array) {
  int64_t count = 1;
  for (int32_t k = 0; k < array.rank; ++k)
    count *= array.shape[k];
  return count;
}

Stream::Stream(const mg_array &view)
    : Stream(view.data, mg_dtype_size(view.dtype), view.rank, view.shape,
             view.strides) {}

Stream::Stream(const void *data, size_t size, int32_t rank_,
               const int64_t *shape_, const int64_t *strides_)
    : data(static_cast<const char *>(data)), size(size), count(1) {
  for (int32_t k = 0; k < rank_; ++k) {
    count *= shape_[k];
    if (shape_[k] == 1)
      continue;
    const int64_t reach = shape_[k] * strides_[k];
    if (rank > 0 && strides[rank - 1] == reach) {
      shape[rank - 1] *= shape_[k];
      strides[rank - 1] = strides_[k];
    } else {
      shape[rank] = shape_[k];
      strides[rank++] = strides_[k];
    }
  }
  if (rank == 0) {
    shape[0] = 1;
    strides[0] = 0;
    rank = 1;
  }
}

int64_t Stream::direct(int64_t i) const {
  if (inner_stride() != 0 && inner_stride() != 1)
    return 0;
  const int64_t row = shape[rank - 1];
  return rank == 1 ? count - i : row - i % row;
}

const char *Stream::at(int64_t i) const {
  int64_t offset = 0;
  for (int32_t k = rank - 1; k > 0; --k) {
    offset += i % shape[k] * strides[k];
    i /= shape[k];
  }
  return data + (offset + i * strides[0]) * static_cast<int64_t>(size);
}

Block Stream::read(int64_t i, int64_t n, void *buffer) const {
  if (direct(i) >= n)
    return {at(i), static_cast<size_t>(inner_stride())};
  gather(i, n, buffer);
  return {static_cast<const char *>(buffer), 1};
}

template <class F> void Stream::for_rows(int64_t i, int64_t n, F row) const {
  int64_t index[MG_MAX_RANK];
  int64_t rest = i, offset = 0;
  for (int32_t k = rank - 1; k >= 0; --k) {
    index[k] = k ? rest % shape[k] : rest;
    rest /= shape[k];
    offset += index[k] * strides[k];
  }
  const int32_t inner = rank - 1;
  while (true) {
    const int64_t run = minimum(n, shape[inner] - index[inner]);
    row(data + offset * static_cast<int64_t>(size), run);
    n -= run;
    if (n == 0)
      return;
    // On to the next row: carry through the outer dimensions.
    offset -= index[inner] * strides[inner];
    index[inner] = 0;
    for (int32_t k = inner - 1; k >= 0; --k) {
      offset += strides[k];
      if (++index[k] < shape[k] || k == 0)
        break;
      offset -= shape[k] * strides[k];
      index[k] = 0;
    }
  }
}

void Stream::gather(int64_t i, int64_t n, void *buffer) const {
  char *to = static_cast<char *>(buffer);
  for_rows(i, n, [&](const char *at, int64_t run) {
    move_row(size, at, inner_stride(), to, 1, run);
    to += run * static_cast<int64_t>(size);
  });
}

void Stream::write(int64_t i, int64_t n, const void *buffer) const {
  const char *from = static_cast<const char *>(buffer);
  for_rows(i, n, [&](const char *at, int64_t run) {
    move_row(size, from, 1, const_cast<char *>(at), inner_stride(), run);
    from += run * static_cast<int64_t>(size);
  });
}

} // namespace mg::runtime
