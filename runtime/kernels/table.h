/* What one CPU level gives to the runtime: a table of its kernels. The code
 * around it (shapes, strides, threads) is compiled once, for every CPU. */
#ifndef MG_KERNELS_TABLE_H
#define MG_KERNELS_TABLE_H
#include "runtime/kernels/math_ops.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MG_MATH_INDEX(name, Name) MG_MATH_##name,
enum { MG_MATH_UNARY(MG_MATH_INDEX) MG_MATH_UNARY_COUNT };
enum { MG_MATH_BINARY(MG_MATH_INDEX) MG_MATH_BINARY_COUNT };
#undef MG_MATH_INDEX

/* Contiguous arrays of the table's element type; `out` may be an operand. */
typedef void (*mg_unary_loop)(const void *x, void *out, size_t count);
typedef void (*mg_binary_loop)(const void *a, const void *b, void *out,
                               size_t count);

typedef struct mg_math_loops {
  mg_unary_loop unary_f32[MG_MATH_UNARY_COUNT];
  mg_unary_loop unary_f64[MG_MATH_UNARY_COUNT];
  mg_binary_loop binary_f32[MG_MATH_BINARY_COUNT];
  mg_binary_loop binary_f64[MG_MATH_BINARY_COUNT];
} mg_math_loops;

/* The eager kernels' lookups: C++, see loop.h. */
typedef struct mg_loops mg_loops;

/* One member per family, each defined in a file of that family. */
typedef struct mg_kernel_table {
  const mg_math_loops *math;
  const mg_loops *loops;
} mg_kernel_table;

/* The table of the best level that mg_cpu_features() allows at this call; NULL
 * on a CPU below the lowest level. */
const mg_kernel_table *mg_kernels(void);

#ifdef __cplusplus
}
#endif
#endif
