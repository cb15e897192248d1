/* Keeps the state of the compiled state.mlir in memory of its own. C99. */
#include STATE_HEADER
#include "minigrad/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float a[1000], g[1000], y[1000];
static void *workspace;

static int run(const struct keep_state *state) {
  int i, step, status = keep_init(state, a, workspace, NULL);
  for (step = 0; status == 0 && step < 3; ++step)
    status = keep_step(state, g, workspace, NULL);
  if (status == 0)
    status = keep_read(state, y, workspace, NULL);
  /* 1, then 1 + 1/2, then 1 + 1/2 + 1/4 of g. */
  for (i = 0; status == 0 && i < 1000; ++i)
    if (y[i] != a[i] - 4.25f * g[i] || state->w[i] != y[i] ||
        state->m_v[i] != 1.75f * g[i]) {
      printf("%d: %g\n", i, y[i]);
      return -1;
    }
  return status;
}

/* The descriptor wants to see that an update is one. */
static int run_by_tables(float *first, float *second) {
  const mg_model *model = keep_model();
  const mg_entry *swap = &model->entries[3];
  const void *inputs[2];
  void *outputs[2];
  inputs[0] = outputs[0] = first;
  inputs[1] = outputs[1] = second;
  if (swap->updates[0] != 0 || swap->updates[1] != 1 ||
      model->entries[0].updates[0] != -1 || model->state_count != 2 ||
      strcmp(model->state[1].name, "m.v") != 0)
    return -1;
  if (swap->call(NULL, inputs, outputs, workspace, NULL) != 0)
    return -2;
  outputs[0] = y;
  return swap->call(NULL, inputs, outputs, workspace, NULL) == MG_ERROR_ARGUMENT
             ? 0
             : -3;
}

int main(void) {
  struct keep_state state;
  char *memory = malloc(KEEP_STATE_BYTES + 2 * KEEP_ALIGN);
  char *space = malloc(KEEP_SWAP_WORKSPACE_BYTES + KEEP_ALIGN);
  int i;
  for (i = 0; i < 1000; ++i) {
    a[i] = (float)i;
    g[i] = (float)(i % 8);
  }
  memory += KEEP_ALIGN - (size_t)memory % KEEP_ALIGN;
  workspace = space + KEEP_ALIGN - (size_t)space % KEEP_ALIGN;
  if (keep_place_state(memory + 4, &state) != MG_ERROR_ARGUMENT ||
      keep_place_state(memory, &state) != 0)
    return 1;
  if (run(&state) != 0)
    return 2;
  if (keep_swap(a, g, workspace, NULL) != 0 || a[7] != 7 % 8 || g[999] != 999)
    return 3;
  if (run_by_tables(a, g) != 0 || a[999] != 999 || g[998] != 998 % 8)
    return 4;
  state.m_v = NULL;
  if (keep_step(&state, g, workspace, NULL) != MG_ERROR_ARGUMENT ||
      keep_step(NULL, g, workspace, NULL) != MG_ERROR_ARGUMENT ||
      keep_load_state(NULL, &state) != MG_ERROR_ARGUMENT)
    return 5;
  if (keep_read(&state, y, workspace, NULL) != 0)
    return 6;
  printf("kept\n");
  return 0;
}
