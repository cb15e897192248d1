// How a kind of reduction combines two values, and what it begins with.
#ifndef MG_RUNTIME_EAGER_REDUCE_H
#define MG_RUNTIME_EAGER_REDUCE_H
#include "minigrad/kernels.h"
#include "runtime/kernels/ops.h"

namespace mg::runtime {

constexpr bool is_reduction(int kind) { return kind >= 0 && kind <= MG_OR; }
BinaryOp op_of(mg_reduction kind);
// Whether `dtype` has the reduction: and and or are of bools and integers, sum
// and prod not of bools.
bool takes(mg_reduction kind, mg_dtype dtype);
// Writes the neutral element of a dtype that is computed in. As padding: -0
// for sums of floats, because -0 + x is x for every x; alone the empty sum is
// +0.
void neutral(mg_reduction kind, mg_dtype dtype, bool padding, void *out);

} // namespace mg::runtime
#endif
