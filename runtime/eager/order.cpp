// Keys and the sort of keys.
#include "runtime/eager/order.h"

#include <string.h>

namespace mg::runtime {
namespace {

// A float's bits with the sign's meaning removed: negative ones are turned
// round, positive ones moved above them.
template <class U, int mantissa>
void float_keys(const void *x_, int64_t n, uint64_t *keys) {
  const U *x = static_cast<const U *>(x_);
  constexpr int bits = sizeof(U) * 8;
  constexpr uint64_t sign = uint64_t(1) << (bits - 1);
  constexpr uint64_t all = sign | (sign - 1);
  constexpr uint64_t infinity = (sign - 1) & ~((uint64_t(1) << mantissa) - 1);
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t b = x[i], magnitude = b & (sign - 1);
    const uint64_t ordered = b & sign ? sign - magnitude : sign + magnitude;
    keys[i] = magnitude > infinity ? kNanKey : ordered & all;
  }
}

template <class T>
void integer_keys(const void *x_, int64_t n, uint64_t *keys) {
  const T *x = static_cast<const T *>(x_);
  constexpr bool is_signed = T(-1) < T(0);
  for (int64_t i = 0; i < n; ++i)
    keys[i] = is_signed ? static_cast<uint64_t>(static_cast<int64_t>(x[i])) ^
                              uint64_t(1) << 63
                        : static_cast<uint64_t>(x[i]);
}

// Lines this short are sorted by insertion.
constexpr int64_t kFew = 48;

void insertion_sort(uint64_t *keys, int64_t *permutation, int64_t n) {
  for (int64_t i = 1; i < n; ++i) {
    const uint64_t key = keys[i];
    const int64_t index = permutation[i];
    int64_t j = i;
    for (; j > 0 && keys[j - 1] > key; --j) {
      keys[j] = keys[j - 1];
      permutation[j] = permutation[j - 1];
    }
    keys[j] = key;
    permutation[j] = index;
  }
}

// One pass by the byte at `shift`; false where all keys have the same one.
bool distribute(const uint64_t *keys, const int64_t *permutation,
                uint64_t *to_keys, int64_t *to, int64_t n, int shift) {
  int64_t place[256] = {};
  for (int64_t i = 0; i < n; ++i)
    ++place[keys[i] >> shift & 255];
  if (place[keys[0] >> shift & 255] == n)
    return false;
  int64_t sum = 0;
  for (int64_t &p : place) {
    const int64_t count = p;
    p = sum;
    sum += count;
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = place[keys[i] >> shift & 255]++;
    to_keys[at] = keys[i];
    to[at] = permutation[i];
  }
  return true;
}

} // namespace

void order_keys(mg_dtype dtype, const void *x, int64_t n, uint64_t *keys) {
  switch (dtype) {
  case MG_I8:
    return integer_keys<int8_t>(x, n, keys);
  case MG_I16:
    return integer_keys<int16_t>(x, n, keys);
  case MG_I32:
    return integer_keys<int32_t>(x, n, keys);
  case MG_I64:
    return integer_keys<int64_t>(x, n, keys);
  case MG_BOOL:
  case MG_U8:
    return integer_keys<uint8_t>(x, n, keys);
  case MG_U16:
    return integer_keys<uint16_t>(x, n, keys);
  case MG_U32:
    return integer_keys<uint32_t>(x, n, keys);
  case MG_U64:
    return integer_keys<uint64_t>(x, n, keys);
  case MG_F16:
    return float_keys<uint16_t, 10>(x, n, keys);
  case MG_BF16:
    return float_keys<uint16_t, 7>(x, n, keys);
  case MG_F32:
    return float_keys<uint32_t, 23>(x, n, keys);
  case MG_F64:
    return float_keys<uint64_t, 52>(x, n, keys);
  }
}

void sort_keys(uint64_t *keys, int64_t *permutation, uint64_t *other_keys,
               int64_t *other, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    permutation[i] = i;
  if (n <= kFew)
    return insertion_sort(keys, permutation, n);
  uint64_t *from_keys = keys, *to_keys = other_keys;
  int64_t *from = permutation, *to = other;
  for (int shift = 0; shift < 64; shift += 8) {
    if (!distribute(from_keys, from, to_keys, to, n, shift))
      continue;
    uint64_t *const k = from_keys;
    from_keys = to_keys;
    to_keys = k;
    int64_t *const p = from;
    from = to;
    to = p;
  }
  if (from != permutation) {
    memcpy(permutation, from, static_cast<size_t>(n) * sizeof *from);
    memcpy(keys, from_keys, static_cast<size_t>(n) * sizeof *keys);
  }
}

} // namespace mg::runtime
