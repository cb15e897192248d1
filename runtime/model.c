/* What loaders do with the descriptor of a compiled model. */
#include "minigrad/model.h"

static int fits(const mg_argument *wanted, const mg_array *found) {
  if ((int32_t)found->dtype != wanted->dtype || found->rank != wanted->rank)
    return 0;
  for (int32_t i = 0; i < wanted->rank; ++i)
    if (found->shape[i] != wanted->shape[i])
      return 0;
  return 1;
}

mg_status mg_model_load_weights(const mg_model *model, const mg_weights *file,
                                const void **weights) {
  if (model == NULL || file == NULL || weights == NULL)
    return MG_ERROR_ARGUMENT;
  if (model->abi_version != MG_ABI_VERSION)
    return MG_ERROR_CPU;
  /* Check all before the first is written. */
  for (uint32_t i = 0; i < model->weight_count; ++i) {
    const mg_weight *found = mg_weights_find(file, model->weights[i].name);
    if (found == NULL)
      return MG_ERROR_FILE;
    if (!fits(&model->weights[i], &found->array))
      return MG_ERROR_SHAPE;
  }
  for (uint32_t i = 0; i < model->weight_count; ++i)
    weights[i] = mg_weights_find(file, model->weights[i].name)->array.data;
  return MG_OK;
}
