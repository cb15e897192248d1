/* Calls a model that was compiled for 1 and 4 rows. */
#include "sizes.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
  float x[4 * 5], y[4 * 3] = {0};
  void *workspace =
      aligned_alloc(SIZES_ALIGN, (SIZES_INFER_WORKSPACE_BYTES + 127) / 64 * 64);
  int status;
  for (int i = 0; i < 4 * 5; ++i)
    x[i] = (float)(i % 5);
  status = sizes_infer(1, x, y, workspace, NULL);
  printf("1 row: status %d, y = %g %g %g\n", status, y[0], y[1], y[2]);
  status = sizes_infer(4, x, y, workspace, NULL);
  printf("4 rows: status %d, y = %g\n", status, y[9]);
  status = sizes_infer(2, x, y, workspace, NULL);
  printf("2 rows: status %d\n", status);
  free(workspace);
  return 0;
}
