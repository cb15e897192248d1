/* A safetensors file, mapped: names, dtypes, shapes, bytes. C99. */
#ifndef MINIGRAD_WEIGHTS_H
#define MINIGRAD_WEIGHTS_H
#include "minigrad/array.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mg_weights mg_weights;

typedef struct mg_weight {
  const char *name;
  mg_array array; /* row-major, data aligned as the file has it */
} mg_weight;

/* Maps `path` and checks the whole header: every offset inside the file, every
 * size the product of its shape, no name twice, nothing overlapping. On failure
 * *weights is NULL and `message` (of `capacity` bytes, may be NULL) says why.
 */
mg_status mg_weights_open(const char *path, mg_weights **weights, char *message,
                          size_t capacity);
void mg_weights_close(mg_weights *weights);
size_t mg_weights_count(const mg_weights *weights);
/* In the order of the names; NULL where i is out of range. */
const mg_weight *mg_weights_at(const mg_weights *weights, size_t i);
/* NULL where there is none. */
const mg_weight *mg_weights_find(const mg_weights *weights, const char *name);

#ifdef __cplusplus
}
#endif
#endif
