/* The __metadata__ of a safetensors file: text by name. C99. */
#ifndef MINIGRAD_WEIGHTS_METADATA_H
#define MINIGRAD_WEIGHTS_METADATA_H
#include "minigrad/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mg_metadata {
  const char *key, *value;
} mg_metadata;

size_t mg_weights_metadata_count(const mg_weights *weights);
/* In the order of the keys; NULL where i is out of range. */
const mg_metadata *mg_weights_metadata_at(const mg_weights *weights, size_t i);

#ifdef __cplusplus
}
#endif
#endif
