// Math over contiguous arrays: a loop of whole vectors and a tail.
#include "runtime/kernels/math-inl.h"
#include "runtime/kernels/table.h"

namespace mg {
namespace {

// The tail goes through a buffer, so that its lanes are computed by the same
// instructions as the others, and nothing past the end is read or written.
template <class T, class Function>
HWY_INLINE void UnaryLoop(const void *x, void *out, size_t count,
                          Function function) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const T *in = static_cast<const T *>(x);
  T *to = static_cast<T *>(out);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(function(d, hn::LoadU(d, in + i)), d, to + i);
  if (i == count)
    return;
  HWY_ALIGN T tail[hn::MaxLanes(d)] = {};
  for (size_t k = i; k < count; ++k)
    tail[k - i] = in[k];
  hn::Store(function(d, hn::Load(d, tail)), d, tail);
  for (size_t k = i; k < count; ++k)
    to[k] = tail[k - i];
}

template <class T, class Function>
HWY_INLINE void BinaryLoop(const void *a, const void *b, void *out,
                           size_t count, Function function) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const T *left = static_cast<const T *>(a);
  const T *right = static_cast<const T *>(b);
  T *to = static_cast<T *>(out);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    hn::StoreU(function(d, hn::LoadU(d, left + i), hn::LoadU(d, right + i)), d,
               to + i);
  if (i == count)
    return;
  HWY_ALIGN T x[hn::MaxLanes(d)] = {}, y[hn::MaxLanes(d)] = {};
  for (size_t k = i; k < count; ++k) {
    x[k - i] = left[k];
    y[k - i] = right[k];
  }
  hn::Store(function(d, hn::Load(d, x), hn::Load(d, y)), d, x);
  for (size_t k = i; k < count; ++k)
    to[k] = x[k - i];
}

// Written as functions of a name, because a template cannot be an argument.
#define MG_UNARY(name, Name)                                                   \
  template <class T> void name##_loop(const void *x, void *out, size_t n) {    \
    UnaryLoop<T>(x, out, n, [](auto d, auto v) { return Name(d, v); });        \
  }
#define MG_BINARY(name, Name)                                                  \
  template <class T>                                                           \
  void name##_loop(const void *a, const void *b, void *out, size_t n) {        \
    BinaryLoop<T>(a, b, out, n,                                                \
                  [](auto d, auto u, auto v) { return Name(d, u, v); });       \
  }
MG_MATH_UNARY(MG_UNARY)
MG_MATH_BINARY(MG_BINARY)

} // namespace
} // namespace mg

#define MG_F32(name, Name) mg::name##_loop<float>,
#define MG_F64(name, Name) mg::name##_loop<double>,

extern "C" {
extern const mg_math_loops mg_math_loops_of_level;
const mg_math_loops mg_math_loops_of_level = {
    {MG_MATH_UNARY(MG_F32)},
    {MG_MATH_UNARY(MG_F64)},
    {MG_MATH_BINARY(MG_F32)},
    {MG_MATH_BINARY(MG_F64)},
};
}
