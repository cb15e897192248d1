// The parts of one CPU level's lookups, one per file.
#ifndef MG_RUNTIME_KERNELS_LOOKUP_H
#define MG_RUNTIME_KERNELS_LOOKUP_H
#include "runtime/kernels/loop.h"

namespace mg::runtime {

Loop integer_unary(UnaryOp op, mg_dtype dtype);
Loop integer_binary(BinaryOp op, mg_dtype dtype);
FoldLoop integer_fold(BinaryOp op, mg_dtype dtype);
ScanLoop integer_scan(BinaryOp op, mg_dtype dtype);

// f32 and f64.
Loop float_unary(UnaryOp op, mg_dtype dtype);
Loop float_binary(BinaryOp op, mg_dtype dtype);
FoldLoop float_fold(BinaryOp op, mg_dtype dtype);
ScanLoop float_scan(BinaryOp op, mg_dtype dtype);
Loop transcendental_unary(UnaryOp op, mg_dtype dtype);
Loop transcendental_binary(BinaryOp op, mg_dtype dtype);

Loop convert_loop(mg_dtype from, mg_dtype to, Cast cast);
Loop select_loop(size_t size);
Transpose transpose_loop(size_t size);
const Gemm *gemm_of(mg_dtype accumulator);

} // namespace mg::runtime
#endif
