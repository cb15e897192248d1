// Packing of any view: whole rows where items are neighbours, transposed tiles
// where terms are, else element by element.
#include "runtime/eager/pack.h"

#include <string.h>

namespace mg::runtime {
namespace {

// Offsets, in elements, of n elements of a stream from i on.
void offsets(const Stream &stream, int64_t i, int64_t n, int64_t *to) {
  const int64_t row = stream.shape[stream.rank - 1];
  const int64_t size = static_cast<int64_t>(stream.size);
  for (int64_t k = 0; k < n;) {
    const int64_t inner = stream.rank == 1 ? i + k : (i + k) % row;
    const int64_t base = (stream.at(i + k) - stream.data) / size;
    for (int64_t j = inner; j < row && k < n; ++j)
      to[k++] = base + (j - inner) * stream.inner_stride();
  }
}

// The common difference of n offsets; 0 where they have none (or where it is
// 0, which no fast way needs).
int64_t common_stride(const int64_t *offset, int64_t n) {
  const int64_t stride = n > 1 ? offset[1] - offset[0] : 1;
  for (int64_t k = 2; k < n; ++k)
    if (offset[k] - offset[k - 1] != stride)
      return 0;
  return stride;
}

struct Layout {
  int64_t items[kWidestPanel];
  int64_t terms[kTermBlock];
};

// Runs of neighbouring items are copied at once: windows of an image have
// long ones.
template <class T>
void pack_rows(const Panel &p, const Layout &layout, char *to) {
  int64_t run[kWidestPanel];
  for (int64_t j = p.count - 1; j >= 0; --j)
    run[j] = j + 1 < p.count && layout.items[j + 1] == layout.items[j] + 1
                 ? run[j + 1] + 1
                 : 1;
  const T *x = reinterpret_cast<const T *>(p.data);
  T *y = reinterpret_cast<T *>(to);
  for (int64_t t = 0; t < p.terms; ++t, y += p.width)
    for (int64_t j = 0; j < p.count; j += run[j]) {
      const T *from = x + layout.terms[t] + layout.items[j];
      if (run[j] > 8)
        memcpy(y + j, from, static_cast<size_t>(run[j]) * sizeof(T));
      else
        for (int64_t i = 0; i < run[j]; ++i)
          y[j + i] = from[i];
    }
}

void pack_any(const Panel &p, const Layout &layout, char *to) {
  switch (p.side->size) {
  case 1:
    return pack_rows<uint8_t>(p, layout, to);
  case 2:
    return pack_rows<uint16_t>(p, layout, to);
  case 4:
    return pack_rows<uint32_t>(p, layout, to);
  default:
    return pack_rows<uint64_t>(p, layout, to);
  }
}

} // namespace

void pack(const mg_loops &loops, const Panel &p, size_t wide, char *raw,
          char *to) {
  const Conversion &widen = p.side->widen;
  const size_t size = p.side->size;
  char *stored = widen.count ? raw : to;
  Layout layout;
  offsets(p.side->items, p.item, p.count, layout.items);
  offsets(p.side->terms, p.term, p.terms, layout.terms);
  if (p.count < p.width)
    memset(stored, 0, static_cast<size_t>(p.width * p.terms) * size);
  const int64_t item_stride = common_stride(layout.items, p.count);
  if (item_stride && common_stride(layout.terms, p.terms) == 1 &&
      item_stride != 1)
    loops.transpose(size)(static_cast<size_t>(p.count),
                          static_cast<size_t>(p.terms),
                          p.data + (layout.items[0] + layout.terms[0]) *
                                       static_cast<int64_t>(size),
                          item_stride, stored, p.width);
  else
    pack_any(p, layout, stored);
  if (widen.count == 0)
    return;
  alignas(64) char scratch[2][kBlockBytes];
  const int64_t total = p.width * p.terms;
  for (int64_t i = 0; i < total; i += kBlock)
    widen.run({stored + i * static_cast<int64_t>(size), 1},
              static_cast<size_t>(total - i < kBlock ? total - i : kBlock),
              to + i * static_cast<int64_t>(wide), scratch);
}

} // namespace mg::runtime
