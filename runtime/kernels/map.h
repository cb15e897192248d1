// From a functor on one element to a kernel. The compiler makes the vectors:
// once per CPU level, at that level's width. (Where the compiler knows no
// vector form, as for exp, the kernel is Highway: see transcendental.cpp.)
#ifndef MG_RUNTIME_KERNELS_MAP_H
#define MG_RUNTIME_KERNELS_MAP_H
#include "runtime/kernels/loop.h"

namespace mg::runtime {

// In place is legal because iteration i touches element i alone; the pragma
// says so to the compiler.
#define MG_VECTOR_LOOP _Pragma("clang loop vectorize(assume_safety)")

template <class R> void fill(R *y, R value, size_t n) {
  for (size_t i = 0; i < n; ++i)
    y[i] = value;
}

template <class Op, class T, class R>
void map_unary(const void *const *in, const size_t *step, void *out, size_t n) {
  const T *x = static_cast<const T *>(in[0]);
  R *y = static_cast<R *>(out);
  const Op op;
  if (n && step[0] == 0)
    return fill<R>(y, op(*x), n);
  MG_VECTOR_LOOP
  for (size_t i = 0; i < n; ++i)
    y[i] = op(x[i]);
}

template <class Op, class T, class R>
void map_binary(const void *const *in, const size_t *step, void *out,
                size_t n) {
  const T *a = static_cast<const T *>(in[0]);
  const T *b = static_cast<const T *>(in[1]);
  R *y = static_cast<R *>(out);
  const Op op;
  if (n == 0)
    return;
  const T a0 = *a, b0 = *b;
  if (step[0] && step[1]) {
    MG_VECTOR_LOOP
    for (size_t i = 0; i < n; ++i)
      y[i] = op(a[i], b[i]);
  } else if (step[0]) {
    MG_VECTOR_LOOP
    for (size_t i = 0; i < n; ++i)
      y[i] = op(a[i], b0);
  } else if (step[1]) {
    MG_VECTOR_LOOP
    for (size_t i = 0; i < n; ++i)
      y[i] = op(a0, b[i]);
  } else {
    fill<R>(y, op(a0, b0), n);
  }
}

// For an op that has no vector form (integer division).
template <class Op, class T>
void map_scalars(const void *const *in, const size_t *step, void *out,
                 size_t n) {
  const T *a = static_cast<const T *>(in[0]);
  const T *b = static_cast<const T *>(in[1]);
  T *y = static_cast<T *>(out);
  for (size_t i = 0; i < n; ++i)
    y[i] = Op()(a[i * step[0]], b[i * step[1]]);
}

// Eight rows at a time stay in registers, fewer go through `out`.
template <class Op, class T>
void fold_rows(const void *x_, ptrdiff_t stride, size_t rows, void *out,
               size_t width) {
  const T *x = static_cast<const T *>(x_);
  T *y = static_cast<T *>(out);
  const Op op;
  size_t r = 1;
  if (rows >= 8) {
    const T *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride,
            *x4 = x3 + stride, *x5 = x4 + stride, *x6 = x5 + stride,
            *x7 = x6 + stride;
    MG_VECTOR_LOOP
    for (size_t w = 0; w < width; ++w)
      y[w] = op(op(op(op(op(op(op(x[w], x1[w]), x2[w]), x3[w]), x4[w]), x5[w]),
                   x6[w]),
                x7[w]);
    r = 8;
  } else {
    for (size_t w = 0; w < width; ++w)
      y[w] = x[w];
  }
  for (; r < rows; ++r) {
    const T *row = x + static_cast<ptrdiff_t>(r) * stride;
    MG_VECTOR_LOOP
    for (size_t w = 0; w < width; ++w)
      y[w] = op(y[w], row[w]);
  }
}

template <class Op, class T>
void scan(const void *x_, void *sum_, void *out, size_t n) {
  const T *x = static_cast<const T *>(x_);
  T *y = static_cast<T *>(out);
  T sum = *static_cast<T *>(sum_);
  for (size_t i = 0; i < n; ++i)
    y[i] = sum = Op()(sum, x[i]);
  *static_cast<T *>(sum_) = sum;
}

} // namespace mg::runtime
#endif
