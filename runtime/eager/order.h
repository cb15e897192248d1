// Order as unsigned numbers: a key per element, so that sorting and searching
// know one type.
#ifndef MG_RUNTIME_EAGER_ORDER_H
#define MG_RUNTIME_EAGER_ORDER_H
#include "minigrad/array.h"

namespace mg::runtime {

// keys[i] compares as element i does: NaN is the largest and equal to itself,
// -0 equals +0. x is contiguous.
void order_keys(mg_dtype dtype, const void *x, int64_t n, uint64_t *keys);
// The largest key: NaN's.
constexpr uint64_t kNanKey = ~uint64_t(0);

// Sorts permutation (0, 1, ..) by keys, stable. All four arrays have n entries;
// keys and the others are scratch afterwards.
void sort_keys(uint64_t *keys, int64_t *permutation, uint64_t *other_keys,
               int64_t *other, int64_t n);

} // namespace mg::runtime
#endif
