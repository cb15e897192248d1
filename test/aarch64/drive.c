/* drive THREADS: calls every entry of the linked model once, with small whole
 * numbers in all arrays, and prints each result:
 *
 *   result ENTRY.NAME f32
 *   0.5
 *   ...
 *
 * The same numbers on every architecture. The model is the one that
 * -DMODEL=NAME_model names. C99. */
#include "minigrad/array.h"
#include "minigrad/model.h"
#include "minigrad/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const mg_model *MODEL(void);

/* Of type `dtype`, at `at`: exact in every type. */
static void store(unsigned char *at, int32_t dtype, int value) {
  const float single = (float)value;
  const double wide = value;
  const long long whole = value; /* little-endian */
  uint32_t bits;
  memcpy(&bits, &single, 4);
  /* f16: the exponent's bias is 15 instead of 127, 13 bits of mantissa less */
  const uint32_t sign = bits >> 31;
  const uint16_t f16 =
      value == 0
          ? 0
          : (uint16_t)(sign << 15 |
                       ((bits & 0x7fffffff) - ((127u - 15) << 23)) >> 13);
  const uint16_t bf16 = (uint16_t)(bits >> 16);
  const void *from = dtype == MG_F64    ? (const void *)&wide
                     : dtype == MG_F32  ? (const void *)&single
                     : dtype == MG_F16  ? (const void *)&f16
                     : dtype == MG_BF16 ? (const void *)&bf16
                                        : (const void *)&whole;
  memcpy(at, from, mg_dtype_size((mg_dtype)dtype));
}

static double load(const unsigned char *at, int32_t dtype) {
  double wide = 0;
  float single = 0;
  long long whole = 0;
  uint16_t half = 0;
  uint32_t bits = 0;
  switch (dtype) {
  case MG_F64:
    memcpy(&wide, at, 8);
    return wide;
  case MG_F32:
    memcpy(&single, at, 4);
    return single;
  case MG_BF16:
    memcpy(&half, at, 2);
    bits = (uint32_t)half << 16;
    memcpy(&single, &bits, 4);
    return single;
  case MG_F16: { /* its bits: enough to compare */
    memcpy(&half, at, 2);
    return half;
  }
  default:
    memcpy(&whole, at, mg_dtype_size((mg_dtype)dtype));
    return (double)whole;
  }
}

static int64_t elements(const mg_argument *argument) {
  int64_t count = 1;
  for (int32_t d = 0; d < argument->rank; ++d)
    count *= argument->shape[d];
  return count;
}

/* Whole numbers from -3 to 3, or from 0 to 6. */
static void *filled(const mg_argument *argument, uint32_t *state) {
  const size_t size = mg_dtype_size((mg_dtype)argument->dtype);
  const int64_t count = elements(argument);
  unsigned char *array = malloc(count * size + 1);
  const int low = argument->dtype == MG_BOOL || (argument->dtype >= MG_U8 &&
                                                 argument->dtype <= MG_U64)
                      ? 0
                      : -3;
  for (int64_t i = 0; array && i < count; ++i) {
    *state = *state * 1664525u + 1013904223u;
    int value = (int)((*state >> 16) % 7) + low;
    store(array + i * size, argument->dtype,
          argument->dtype == MG_BOOL ? value & 1 : value);
  }
  return array;
}

static void print(const mg_entry *entry, const mg_argument *result,
                  const unsigned char *array) {
  const size_t size = mg_dtype_size((mg_dtype)result->dtype);
  printf("result %s.%s %s\n", entry->name, result->name,
         mg_dtype_name((mg_dtype)result->dtype));
  for (int64_t i = 0, n = elements(result); i < n; ++i)
    printf("%.17g\n", load(array + i * size, result->dtype));
}

int main(int argc, char **argv) {
  const mg_model *model = MODEL();
  mg_pool *pool = mg_pool_create(argc > 1 ? (size_t)atoi(argv[1]) : 1);
  uint32_t state = 1;
  const void *weights[64], *inputs[64];
  void *outputs[64];
  if (!pool || model->weight_count > 64)
    return 2;
  for (uint32_t i = 0; i < model->weight_count; ++i)
    weights[i] = filled(&model->weights[i], &state);
  for (uint32_t e = 0; e < model->entry_count; ++e) {
    const mg_entry *entry = &model->entries[e];
    if (entry->input_count > 64 || entry->output_count > 64)
      return 2;
    for (uint32_t i = 0; i < entry->input_count; ++i)
      inputs[i] = filled(&entry->inputs[i], &state);
    for (uint32_t i = 0; i < entry->output_count; ++i)
      outputs[i] = entry->updates[i] >= 0 ? (void *)inputs[entry->updates[i]]
                                          : filled(&entry->outputs[i], &state);
    void *workspace = aligned_alloc(64, (entry->workspace_bytes + 64) / 64 *
                                            64); /* never of 0 bytes */
    const int status = entry->call(weights, inputs, outputs, workspace, pool);
    if (status) {
      fprintf(stderr, "%s answered %d\n", entry->name, status);
      return 1;
    }
    for (uint32_t i = 0; i < entry->output_count; ++i)
      print(entry, &entry->outputs[i], outputs[i]);
  }
  mg_pool_destroy(pool);
  return 0;
}
