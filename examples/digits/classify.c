/* classify IMAGES.npy LABELS.npy LOGITS.npy: classifies images of handwritten
 * digits with the network that was compiled into digits.o, and compares with
 * the labels and with logits computed elsewhere. C99; links digits.o and
 * libmgrt, neither LLVM nor the C++ library. */
#define _POSIX_C_SOURCE 199309L
#include "digits.h"

#include "load_npy.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { IMAGES = 360, PIXELS = 64, CLASSES = 10, ROUNDS = 200 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int largest(const float *row) {
  int best = 0, i;
  for (i = 1; i < CLASSES; ++i)
    if (row[i] > row[best])
      best = i;
  return best;
}

int main(int argc, char **argv) {
  static float logits[IMAGES * CLASSES];
  static _Alignas(
      DIGITS_ALIGN) unsigned char workspace[DIGITS_INFER_WORKSPACE_BYTES + 1];
  float *images, *expected;
  int32_t *labels;
  double best = 1e9, difference = 0;
  int i, correct = 0, status = 0;
  if (argc != 4) {
    fprintf(stderr, "usage: classify IMAGES.npy LABELS.npy LOGITS.npy\n");
    return 2;
  }
  images = load_npy(argv[1], "<f4", IMAGES * PIXELS);
  labels = load_npy(argv[2], "<i4", IMAGES);
  expected = load_npy(argv[3], "<f4", IMAGES * CLASSES);
  if (images == NULL || labels == NULL || expected == NULL)
    return 3;

  for (i = 0; i < ROUNDS && status == 0; ++i) {
    const double start = seconds();
    status = digits_infer(images, logits, workspace, NULL);
    if (seconds() - start < best)
      best = seconds() - start;
  }
  if (status != 0) {
    fprintf(stderr, "classify: digits_infer answered %d\n", status);
    return 7;
  }
  for (i = 0; i < IMAGES; ++i)
    correct += largest(logits + CLASSES * i) == labels[i];
  for (i = 0; i < IMAGES * CLASSES; ++i)
    if (fabs((double)logits[i] - expected[i]) > difference)
      difference = fabs((double)logits[i] - expected[i]);
  printf("%d of %d correct\n", correct, IMAGES);
  printf("largest difference to the exact logits: %.2g\n", difference);
  printf("compiled: %8.1f us for %d images\n", 1e6 * best, IMAGES);
  free(images);
  free(labels);
  free(expected);
  return !(difference <= 1e-4);
}
