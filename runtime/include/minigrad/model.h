/* The generic descriptor of a compiled model, for loaders that do not know its
 * header: `const mg_model *NAME_model(void)` in the object. C99. */
#ifndef MINIGRAD_MODEL_H
#define MINIGRAD_MODEL_H
#include "minigrad/array.h"
#include "minigrad/pool.h"
#include "minigrad/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MG_ABI_VERSION 2

typedef struct mg_argument {
  const char *name;
  int32_t dtype; /* mg_dtype */
  int32_t rank;
  const int64_t *shape; /* row-major */
} mg_argument;

/* Every entry in one uniform form: pointers in the order of the tables. The
 * weights come first where the artefact does not hold them. An output that
 * updates an input gets the pointer that this input gets. */
typedef int (*mg_entry_function)(const void *const *weights,
                                 const void *const *inputs,
                                 void *const *outputs, void *workspace,
                                 mg_pool *pool);

typedef struct mg_entry {
  const char *name;
  mg_entry_function call;
  uint64_t workspace_bytes;
  uint64_t alignment; /* of the workspace */
  uint32_t input_count, output_count;
  const mg_argument *inputs, *outputs;
  /* Per output: the input that it updates in place, or -1. */
  const int32_t *updates;
} mg_entry;

typedef struct mg_model {
  uint32_t abi_version; /* MG_ABI_VERSION */
  uint32_t entry_count;
  const char *name;
  const char *levels; /* "x86-64-v3,x86-64-v4" */
  const mg_entry *entries;
  uint32_t weight_count; /* weights kept outside, 0 where embedded */
  uint32_t state_count;  /* the fields of struct NAME_state, in its order */
  const mg_argument *weights, *state;
} mg_model;

/* Points weights[i] at the data of model->weights[i] in `file`, which must stay
 * open. MG_ERROR_FILE where a name is missing, MG_ERROR_SHAPE where a dtype or
 * shape differs; then nothing was written. */
mg_status mg_model_load_weights(const mg_model *model, const mg_weights *file,
                                const void **weights);

/* The bytes that mg_model_place_state needs. */
uint64_t mg_model_state_bytes(const mg_model *model);
/* Points state[i] at the place of model->state[i] in `memory`, which must be
 * aligned to 64 bytes; each array is. */
mg_status mg_model_place_state(const mg_model *model, void *memory,
                               void **state);
/* Copies the arrays of `file` into the memory at state[i], with the errors of
 * mg_model_load_weights; nothing is kept of the file. */
mg_status mg_model_load_state(const mg_model *model, const mg_weights *file,
                              void *const *state);

#ifdef __cplusplus
}
#endif
#endif
