// out = condition ? a : b, for elements of 1, 2, 4 or 8 bytes.
#include "runtime/kernels/lookup.h"
#include "runtime/kernels/map.h"

namespace mg::runtime {
namespace {

template <class T> struct Repeated {
  T value;
  T operator[](size_t) const { return value; }
};

template <class T, class A, class B>
void select_into(const uint8_t *condition, A a, B b, T *y, size_t n) {
  MG_VECTOR_LOOP
  for (size_t i = 0; i < n; ++i) {
    const T x = a[i], z = b[i];
    y[i] = condition[i] ? x : z;
  }
}

template <class T>
void select(const void *const *in, const size_t *step, void *out, size_t n) {
  const uint8_t *condition = static_cast<const uint8_t *>(in[0]);
  const T *a = static_cast<const T *>(in[1]);
  const T *b = static_cast<const T *>(in[2]);
  T *y = static_cast<T *>(out);
  if (n == 0)
    return;
  if (step[0] == 0) {
    const bool first = *condition;
    const T *from = first ? a : b;
    const size_t stride = first ? step[1] : step[2];
    for (size_t i = 0; i < n; ++i)
      y[i] = from[i * stride];
  } else if (step[1] && step[2]) {
    select_into<T>(condition, a, b, y, n);
  } else if (step[1]) {
    select_into<T>(condition, a, Repeated<T>{*b}, y, n);
  } else if (step[2]) {
    select_into<T>(condition, Repeated<T>{*a}, b, y, n);
  } else {
    select_into<T>(condition, Repeated<T>{*a}, Repeated<T>{*b}, y, n);
  }
}

} // namespace

Loop select_loop(size_t size) {
  switch (size) {
  case 1:
    return select<uint8_t>;
  case 2:
    return select<uint16_t>;
  case 4:
    return select<uint32_t>;
  case 8:
    return select<uint64_t>;
  default:
    return nullptr;
  }
}

} // namespace mg::runtime
