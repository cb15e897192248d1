/* Facts about the element types. */
#include "minigrad/array.h"

static const struct {
  const char *name;
  size_t size;
} facts[MG_DTYPE_COUNT] = {
    [MG_BOOL] = {"bool", 1}, [MG_I8] = {"i8", 1},     [MG_I16] = {"i16", 2},
    [MG_I32] = {"i32", 4},   [MG_I64] = {"i64", 8},   [MG_U8] = {"u8", 1},
    [MG_U16] = {"u16", 2},   [MG_U32] = {"u32", 4},   [MG_U64] = {"u64", 8},
    [MG_F16] = {"f16", 2},   [MG_BF16] = {"bf16", 2}, [MG_F32] = {"f32", 4},
    [MG_F64] = {"f64", 8},
};

static int is_dtype(mg_dtype dtype) {
  return (int)dtype >= 0 && (int)dtype < MG_DTYPE_COUNT;
}

size_t mg_dtype_size(mg_dtype dtype) {
  return is_dtype(dtype) ? facts[dtype].size : 0;
}

const char *mg_dtype_name(mg_dtype dtype) {
  return is_dtype(dtype) ? facts[dtype].name : "?";
}
