/* What loaders do with the descriptor of a compiled model. */
#include "minigrad/model.h"

#include <string.h>

static int fits(const mg_argument *wanted, const mg_array *found) {
  if ((int32_t)found->dtype != wanted->dtype || found->rank != wanted->rank)
    return 0;
  for (int32_t i = 0; i < wanted->rank; ++i)
    if (found->shape[i] != wanted->shape[i])
      return 0;
  return 1;
}

/* MG_OK where `file` has an array for each of `wanted`. */
static mg_status holds(const mg_weights *file, const mg_argument *wanted,
                       uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const mg_weight *found = mg_weights_find(file, wanted[i].name);
    if (found == NULL)
      return MG_ERROR_FILE;
    if (!fits(&wanted[i], &found->array))
      return MG_ERROR_SHAPE;
  }
  return MG_OK;
}

mg_status mg_model_load_weights(const mg_model *model, const mg_weights *file,
                                const void **weights) {
  if (model == NULL || file == NULL || weights == NULL)
    return MG_ERROR_ARGUMENT;
  if (model->abi_version != MG_ABI_VERSION)
    return MG_ERROR_CPU;
  /* Check all before the first is written. */
  const mg_status status = holds(file, model->weights, model->weight_count);
  if (status != MG_OK)
    return status;
  for (uint32_t i = 0; i < model->weight_count; ++i)
    weights[i] = mg_weights_find(file, model->weights[i].name)->array.data;
  return MG_OK;
}

static uint64_t bytes_of(const mg_argument *argument) {
  uint64_t bytes = mg_dtype_size((mg_dtype)argument->dtype);
  for (int32_t i = 0; i < argument->rank; ++i)
    bytes *= (uint64_t)argument->shape[i];
  return bytes;
}

/* Where state[i] starts, and for i = state_count where all ends. */
static uint64_t place_of(const mg_model *model, uint32_t i) {
  uint64_t place = 0;
  for (uint32_t k = 0; k < i; ++k)
    place += (bytes_of(&model->state[k]) + 63) / 64 * 64;
  return place;
}

uint64_t mg_model_state_bytes(const mg_model *model) {
  return model == NULL ? 0 : place_of(model, model->state_count);
}

mg_status mg_model_place_state(const mg_model *model, void *memory,
                               void **state) {
  if (model == NULL || memory == NULL || state == NULL ||
      (uintptr_t)memory % 64 != 0)
    return MG_ERROR_ARGUMENT;
  for (uint32_t i = 0; i < model->state_count; ++i)
    state[i] = (char *)memory + place_of(model, i);
  return MG_OK;
}

mg_status mg_model_load_state(const mg_model *model, const mg_weights *file,
                              void *const *state) {
  if (model == NULL || file == NULL || state == NULL)
    return MG_ERROR_ARGUMENT;
  if (model->abi_version != MG_ABI_VERSION)
    return MG_ERROR_CPU;
  const mg_status status = holds(file, model->state, model->state_count);
  if (status != MG_OK)
    return status;
  for (uint32_t i = 0; i < model->state_count; ++i)
    if (state[i] == NULL && bytes_of(&model->state[i]) != 0)
      return MG_ERROR_ARGUMENT;
  for (uint32_t i = 0; i < model->state_count; ++i)
    if (bytes_of(&model->state[i]) != 0)
      memcpy(state[i], mg_weights_find(file, model->state[i].name)->array.data,
             bytes_of(&model->state[i]));
  return MG_OK;
}
