// The lookups of one CPU level, for its table.
#include "runtime/kernels/lookup.h"

namespace mg::runtime {
namespace {

bool is_float(mg_dtype dtype) { return dtype == MG_F32 || dtype == MG_F64; }
bool is_half(mg_dtype dtype) { return dtype == MG_F16 || dtype == MG_BF16; }

Loop unary(UnaryOp op, mg_dtype dtype) {
  return is_half(dtype)    ? nullptr
         : is_float(dtype) ? float_unary(op, dtype)
                           : integer_unary(op, dtype);
}

Loop binary(BinaryOp op, mg_dtype dtype) {
  return is_half(dtype)    ? nullptr
         : is_float(dtype) ? float_binary(op, dtype)
                           : integer_binary(op, dtype);
}

FoldLoop fold(BinaryOp op, mg_dtype dtype) {
  return is_half(dtype)    ? nullptr
         : is_float(dtype) ? float_fold(op, dtype)
                           : integer_fold(op, dtype);
}

ScanLoop scan(BinaryOp op, mg_dtype dtype) {
  return is_half(dtype)    ? nullptr
         : is_float(dtype) ? float_scan(op, dtype)
                           : integer_scan(op, dtype);
}

} // namespace
} // namespace mg::runtime

extern "C" {
extern const mg_loops mg_loops_of_level;
const mg_loops mg_loops_of_level = {
    mg::runtime::unary,          mg::runtime::binary,  mg::runtime::select_loop,
    mg::runtime::convert_loop,   mg::runtime::fold,    mg::runtime::scan,
    mg::runtime::transpose_loop, mg::runtime::gemm_of,
};
}
