/* Calls the compiled scaled-exp.mlir and checks it against libm. C99. The
 * argument, where there is one, is a safetensors file with the weight. */
#include SCALED_HEADER
#include "minigrad/status.h"
#ifdef WITH_RUNTIME_HEADERS
#include "minigrad/model.h"
#endif

#include <math.h>
#include <stdio.h>

static float x[1003], w[1003], y[1003];

int main(void) {
  struct scaled_weights weights;
  int i, status;
  for (i = 0; i < 1003; ++i) {
    x[i] = -60.0f + 0.1f * (float)i;
    w[i] = 1.0f + (float)(i % 7);
  }
  weights.scale_w = w;
  status = scaled_infer(&weights, x, y, NULL, NULL);
  if (status != MG_OK) {
    printf("status %d\n", status);
    return status;
  }
  for (i = 0; i < 1003; ++i) {
    const double want = exp((double)x[i]) * w[i];
    if (!(fabs(y[i] - want) <= 4e-7 * want)) {
      printf("y[%d] = %g, not %g\n", i, y[i], want);
      return 1;
    }
  }
  if (scaled_infer(NULL, x, y, NULL, NULL) != MG_ERROR_ARGUMENT)
    return 2;
  if (scaled_load_weights(NULL, &weights) != MG_ERROR_ARGUMENT)
    return 3;
  printf("right, %s\n", scaled_model() ? "described" : "nothing");
  return 0;
}
