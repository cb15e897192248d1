/* The eager kernels: one function per structured op, one per family of
 * elementwise ops. The definitions are those of the ops in the `mg` dialect
 * (docs/ops.md).
 *
 * Operands may be any strided views; results are row-major and overlap no
 * operand, except that an elementwise result may be exactly one of its
 * operands. Shapes and dtypes are as the dialect's verifier demands: a kernel
 * answers MG_ERROR_SHAPE where they are not, MG_ERROR_ARGUMENT for an index
 * out of range, MG_ERROR_UNSUPPORTED for a dtype that the op does not take.
 * `pool` may be NULL. Results do not depend on the number of threads. */
#ifndef MINIGRAD_KERNELS_H
#define MINIGRAD_KERNELS_H
#include "minigrad/array.h"
#include "minigrad/pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elementwise ops by the dialect's mnemonic ("exp", "add", "compare.lt", ...),
 * NULL-terminated lists for tools; -1 for a name that is none. Compare is one
 * binary op per predicate. Operands have equal shapes (broadcast views have
 * stride 0) and, except for compare's result, equal dtypes. */
int mg_unary_op(const char *mnemonic);
int mg_binary_op(const char *mnemonic);
const char *const *mg_unary_op_names(void);
const char *const *mg_binary_op_names(void);
mg_status mg_unary(int op, const mg_array *x, const mg_array *out,
                   mg_pool *pool);
mg_status mg_binary(int op, const mg_array *a, const mg_array *b,
                    const mg_array *out, mg_pool *pool);
/* out = condition ? a : b. */
mg_status mg_select(const mg_array *condition, const mg_array *a,
                    const mg_array *b, const mg_array *out, mg_pool *pool);

/* Element type conversion. MG_TRUNCATE: float to integer toward zero, values
 * out of range saturate, NaN becomes 0; integer to integer wraps; to bool:
 * x != 0. MG_NEAREST: as MG_TRUNCATE, but rounds to nearest even first.
 * MG_SATURATE: as MG_TRUNCATE, and integers saturate too. */
typedef enum mg_convert_mode MG_INT_ENUM {
  MG_TRUNCATE = 0,
  MG_NEAREST = 1,
  MG_SATURATE = 2
} mg_convert_mode;
mg_status mg_convert(const mg_array *x, mg_convert_mode mode,
                     const mg_array *out, mg_pool *pool);

/* Any view to a row-major array of the same dtype and shape. */
mg_status mg_copy(const mg_array *x, const mg_array *out, mg_pool *pool);
/* out[i0, ..] = i_dim. */
mg_status mg_iota(int32_t dim, const mg_array *out, mg_pool *pool);
/* Random bits of Philox4x32-10: the 32-bit words of the row-major `out` (u32,
 * or u64: low word first) are the blocks 0, 1, .. one after the other. Block b
 * has the counter (low b, high b, key[2], key[3]) and the key (key[0], key[1]),
 * where `key` is u32[4], or u64[2] and read as its words in memory. So element
 * i depends on neither threads nor shapes. */
mg_status mg_rng_bits(const mg_array *key, const mg_array *out, mg_pool *pool);

/* lo, hi and interior have one entry per dimension; lo and hi may be negative
 * (crop). `value` is a scalar of x's dtype. */
mg_status mg_pad(const mg_array *x, const mg_array *value, const int64_t *lo,
                 const int64_t *hi, const int64_t *interior,
                 const mg_array *out, mg_pool *pool);
mg_status mg_concat(const mg_array *const *xs, size_t count, int32_t dim,
                    const mg_array *out, mg_pool *pool);
/* The adjoint of unfold: x has the windows of `unfold{dims,size,stride,
 * dilation}` of out's shape; out sums, for each element, the window entries
 * that show it. Window dims are appended at x's end, in the order of dims. */
mg_status mg_fold(const mg_array *x, const int64_t *dims, const int64_t *size,
                  const int64_t *stride, const int64_t *dilation, int32_t count,
                  const mg_array *out, mg_pool *pool);
/* start is an i32 or i64 vector with one entry per dimension, clamped so that
 * the slice lies inside x (as XLA does); out's shape is the slice's. */
mg_status mg_dynamic_slice(const mg_array *x, const mg_array *start,
                           const mg_array *out, mg_pool *pool);
mg_status mg_dynamic_update_slice(const mg_array *x, const mg_array *update,
                                  const mg_array *start, const mg_array *out,
                                  mg_pool *pool);

/* gather: idx is (batch.., outer.., K), `dims` the K dims of x that a K-vector
 * indexes, the first `batch_dims` dims of x and idx are paired. out is
 * (batch.., outer.., x's other dims in order). An index outside [0, size) is
 * MG_ERROR_ARGUMENT. */
mg_status mg_gather(const mg_array *x, const mg_array *idx, const int64_t *dims,
                    int32_t count, int32_t batch_dims, const mg_array *out,
                    mg_pool *pool);
typedef enum mg_scatter_mode MG_INT_ENUM {
  MG_SCATTER_SET = 0, /* the last of several updates wins */
  MG_SCATTER_ADD = 1,
  MG_SCATTER_MUL = 2,
  MG_SCATTER_MIN = 3,
  MG_SCATTER_MAX = 4
} mg_scatter_mode;
/* updates has the shape of the gather with the same idx; applied in row-major
 * order of the updates. */
mg_status mg_scatter(const mg_array *x, const mg_array *idx,
                     const mg_array *updates, const int64_t *dims,
                     int32_t count, int32_t batch_dims, mg_scatter_mode mode,
                     const mg_array *out, mg_pool *pool);

typedef enum mg_reduction MG_INT_ENUM {
  MG_SUM = 0,
  MG_PROD = 1,
  MG_MAX = 2, /* propagates NaN */
  MG_MIN = 3,
  MG_AND = 4,
  MG_OR = 5
} mg_reduction;
/* out has x's shape without `dims`. Float sums follow a fixed tree. f16 and
 * bf16 accumulate in f32. The empty reduction is the neutral element (-inf,
 * or the lowest integer, for max). */
mg_status mg_reduce(mg_reduction kind, const mg_array *x, const int64_t *dims,
                    int32_t count, const mg_array *out, mg_pool *pool);
/* Index (i32 or i64 out) of the maximum or minimum along dim; NaN is the
 * extreme of both, and the first one wins. last: of several the last. */
mg_status mg_arg_reduce(mg_reduction kind, const mg_array *x, int32_t dim,
                        int last, const mg_array *out, mg_pool *pool);
mg_status mg_cumulative(mg_reduction kind, const mg_array *x, int32_t dim,
                        int exclusive, int reverse, const mg_array *out,
                        mg_pool *pool);
/* Sorts xs[0] along dim, stable; the other arrays follow. NaN counts as the
 * largest value. */
mg_status mg_sort(const mg_array *const *xs, size_t count, int32_t dim,
                  int descending, const mg_array *const *outs, mg_pool *pool);
/* The k = values' size along dim largest or smallest, the best first, ties by
 * the lower index; `indices` is i32 or i64. */
mg_status mg_topk(const mg_array *x, int32_t dim, int largest,
                  const mg_array *values, const mg_array *indices,
                  mg_pool *pool);

/* out (batch.., lhs free.., rhs free..) = sum over the contracted dims. The
 * accumulator is f32 for f16, bf16 and f32, f64 for f64, i32 or i64 for
 * integers; out's dtype may be the accumulator's. */
typedef struct mg_dot_dims {
  const int64_t *lhs_batch, *rhs_batch;       /* batch_count each */
  const int64_t *lhs_contract, *rhs_contract; /* contract_count each */
  int32_t batch_count, contract_count;
} mg_dot_dims;
mg_status mg_dot(const mg_array *lhs, const mg_array *rhs,
                 const mg_dot_dims *dims, const mg_array *out, mg_pool *pool);

/* x (n, c, spatial..), w (o, c / groups, spatial..), out (n, o, spatial..):
 * transposed layouts come as strided views. lo and hi pad (or crop) the
 * spatial dims after x's dilation. */
typedef struct mg_conv_dims {
  const int64_t *strides, *lo, *hi, *lhs_dilation, *rhs_dilation;
  int64_t groups;
} mg_conv_dims;
mg_status mg_conv(const mg_array *x, const mg_array *w,
                  const mg_conv_dims *dims, const mg_array *out, mg_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
