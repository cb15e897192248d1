/* Element types and strided views of memory. C99. */
#ifndef MINIGRAD_ARRAY_H
#define MINIGRAD_ARRAY_H
#include "minigrad/status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A bool is one byte, 0 or 1. The numbers are part of the ABI. */
typedef enum mg_dtype MG_INT_ENUM {
  MG_BOOL = 0,
  MG_I8 = 1,
  MG_I16 = 2,
  MG_I32 = 3,
  MG_I64 = 4,
  MG_U8 = 5,
  MG_U16 = 6,
  MG_U32 = 7,
  MG_U64 = 8,
  MG_F16 = 9,
  MG_BF16 = 10,
  MG_F32 = 11,
  MG_F64 = 12
} mg_dtype;
#define MG_DTYPE_COUNT 13

/* Bytes of one element; 0 for a number that is no dtype. */
size_t mg_dtype_size(mg_dtype dtype);
/* "f32", ...; "?" for a number that is no dtype. */
const char *mg_dtype_name(mg_dtype dtype);

#define MG_MAX_RANK 16

/* Element (i0, .., in) lies at data + size * sum(ik * strides[k]). A stride may
 * be negative, zero (broadcast) or overlap another (windows). */
typedef struct mg_array {
  void *data;
  mg_dtype dtype;
  int32_t rank;
  int64_t shape[MG_MAX_RANK];
  int64_t strides[MG_MAX_RANK]; /* in elements */
} mg_array;

#ifdef __cplusplus
}
#endif
#endif
