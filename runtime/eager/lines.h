// A view as lines along one dimension.
#ifndef MG_RUNTIME_EAGER_LINES_H
#define MG_RUNTIME_EAGER_LINES_H
#include "runtime/eager/stream.h"

namespace mg::runtime {

// Line l holds `length` elements, `stride` elements apart; lines are numbered
// in row-major order of the other dimensions.
struct Lines {
  Stream starts;
  int64_t length, stride;

  Lines(const mg_array &x, int32_t dim) {
    int64_t shape[MG_MAX_RANK], strides[MG_MAX_RANK];
    int32_t rank = 0;
    for (int32_t k = 0; k < x.rank; ++k)
      if (k != dim) {
        shape[rank] = x.shape[k];
        strides[rank++] = x.strides[k];
      }
    starts = Stream(x.data, mg_dtype_size(x.dtype), rank, shape, strides);
    length = x.shape[dim];
    stride = x.strides[dim];
  }
  int64_t count() const { return starts.count; }
  // `n` elements of line l from its `first` one on, backwards if `reverse`.
  Stream line(int64_t l, int64_t first, int64_t n, bool reverse = false) const {
    const int64_t at = reverse ? length - 1 - first : first;
    const int64_t step = reverse ? -stride : stride;
    const char *data =
        starts.at(l) + at * stride * static_cast<int64_t>(starts.size);
    return Stream(data, starts.size, 1, &n, &step);
  }
};

} // namespace mg::runtime
#endif
