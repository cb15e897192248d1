// The math library's loops as kernels of the elementwise ops.
#include "runtime/kernels/lookup.h"
#include "runtime/kernels/table.h"

extern "C" const mg_math_loops mg_math_loops_of_level;

namespace mg::runtime {
namespace {

template <class T> constexpr bool is_single = sizeof(T) == 4;

template <class T, int op>
void unary(const void *const *in, const size_t *step, void *out, size_t n) {
  const mg_math_loops &math = mg_math_loops_of_level;
  const mg_unary_loop loop =
      is_single<T> ? math.unary_f32[op] : math.unary_f64[op];
  loop(in[0], out, step[0] || n == 0 ? n : 1);
  T *y = static_cast<T *>(out);
  for (size_t i = 1; i < n && step[0] == 0; ++i)
    y[i] = y[0];
}

// A repeated operand is written out, block by block: the math costs more.
template <class T, int op>
void binary(const void *const *in, const size_t *step, void *out, size_t n) {
  const mg_math_loops &math = mg_math_loops_of_level;
  const mg_binary_loop loop =
      is_single<T> ? math.binary_f32[op] : math.binary_f64[op];
  constexpr size_t block = 256;
  T repeated[2][block];
  const T *x[2];
  for (int k = 0; k < 2; ++k) {
    x[k] = static_cast<const T *>(in[k]);
    for (size_t i = 0; i < block && i < n && step[k] == 0; ++i)
      repeated[k][i] = *x[k];
  }
  T *y = static_cast<T *>(out);
  for (size_t i = 0; i < n; i += block)
    loop(step[0] ? x[0] + i : repeated[0], step[1] ? x[1] + i : repeated[1],
         y + i, n - i < block ? n - i : block);
}

} // namespace

Loop transcendental_unary(UnaryOp op, mg_dtype dtype) {
  switch (op) {
#define MG_CASE(name, Name)                                                    \
  case UnaryOp::Name:                                                          \
    return dtype == MG_F32 ? unary<float, MG_MATH_##name>                      \
                           : unary<double, MG_MATH_##name>;
    MG_MATH_UNARY(MG_CASE)
#undef MG_CASE
  default:
    return nullptr;
  }
}

Loop transcendental_binary(BinaryOp op, mg_dtype dtype) {
  switch (op) {
#define MG_CASE(name, Name)                                                    \
  case BinaryOp::Name:                                                         \
    return dtype == MG_F32 ? binary<float, MG_MATH_##name>                     \
                           : binary<double, MG_MATH_##name>;
    MG_MATH_BINARY(MG_CASE)
#undef MG_CASE
  default:
    return nullptr;
  }
}

} // namespace mg::runtime
