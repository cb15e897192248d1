/* train DATA EPOCHS SEED [LOSSES]: trains the network that was compiled into
 * train.o from random weights, counts the test images that it then knows, and
 * says what training took. LOSSES gets the loss of each step, as bits. C11;
 * links train.o and libmgrt, neither LLVM nor the C++ library. */
#define _DEFAULT_SOURCE
#include "train.h"

#include "../digits/load_npy.h"
#include "count_malloc.h"
#include "order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIXELS = 64, CLASSES = 10, TESTS = 360, POISON = 0xA5 };

struct data {
  float *images, *test_images;
  int32_t *labels, *test_labels;
};

static _Alignas(TRAIN_ALIGN) unsigned char parameters[TRAIN_STATE_BYTES];
static float logits[TESTS * CLASSES];

static void *load(const char *folder, const char *file, const char *descr,
                  size_t count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  return load_npy(path, descr, count);
}

/* `bytes` of workspace before a page that nobody may touch, and a page of
 * poison before them. */
static unsigned char *make_workspace(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t rounded = (bytes + page - 1) / page * page;
  unsigned char *memory = mmap(NULL, rounded + 2 * page, PROT_NONE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED ||
      mprotect(memory, rounded + page, PROT_READ | PROT_WRITE) != 0)
    return NULL;
  memset(memory, POISON, rounded + page);
  return memory + page +
         (rounded - (bytes + TRAIN_ALIGN - 1) / TRAIN_ALIGN * TRAIN_ALIGN);
}

/* The bytes up to the last one that is no longer poison, in whole units of
 * alignment; all of memory where something before the first was touched. */
static size_t measured_peak(const unsigned char *workspace, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t i;
  for (i = 1; i <= page; ++i)
    if (workspace[-(ptrdiff_t)i] != POISON)
      return (size_t)-1;
  while (bytes > 0 && workspace[bytes - 1] == POISON)
    --bytes;
  return (bytes + TRAIN_ALIGN - 1) / TRAIN_ALIGN * TRAIN_ALIGN;
}

static void gather(const struct data *data, const int *batch, float *x,
                   int32_t *y) {
  int i;
  for (i = 0; i < BATCH; ++i) {
    memcpy(x + PIXELS * i, data->images + PIXELS * batch[i],
           PIXELS * sizeof *x);
    y[i] = data->labels[batch[i]];
  }
}

/* One loss per step to `losses`; the status of the first call that fails. */
static int train(const struct train_state *state, const struct data *data,
                 int epochs, uint32_t random, float *losses,
                 unsigned char *workspace) {
  static float x[BATCH * PIXELS];
  static int32_t y[BATCH];
  static int order[IMAGES];
  int epoch, i, status = 0;
  for (i = 0; i < IMAGES; ++i)
    order[i] = i;
  for (epoch = 0; epoch < epochs; ++epoch) {
    shuffle(order, &random);
    for (i = 0; status == 0 && i < BATCHES; ++i) {
      gather(data, order + BATCH * i, x, y);
      status = train_train(state, x, y, losses++, workspace, NULL);
    }
  }
  return status;
}

static void print_curve(const float *losses, int epochs) {
  int epoch, i;
  for (epoch = 1; epoch <= epochs; ++epoch, losses += BATCHES) {
    double mean = 0;
    for (i = 0; i < BATCHES; ++i)
      mean += losses[i] / BATCHES;
    if (epoch <= 3 || epoch % 5 == 0 || epoch == epochs)
      printf("epoch %3d: loss %.4f\n", epoch, mean);
  }
}

static int count_correct(const int32_t *labels) {
  int i, class, correct = 0;
  for (i = 0; i < TESTS; ++i) {
    const float *row = logits + CLASSES * i;
    int best = 0;
    for (class = 1; class < CLASSES; ++class)
      if (row[class] > row[best])
        best = class;
    correct += best == labels[i];
  }
  return correct;
}

static int save_losses(const char *path, const float *losses, size_t count) {
  FILE *file = fopen(path, "wb");
  const int written =
      file != NULL && fwrite(losses, sizeof *losses, count, file) == count;
  if (file == NULL || fclose(file) != 0 || !written) {
    fprintf(stderr, "train: cannot write %s\n", path);
    return 6;
  }
  return 0;
}

int main(int argc, char **argv) {
  const int epochs = argc > 2 ? atoi(argv[2]) : 0;
  const int32_t seed = argc > 3 ? atoi(argv[3]) : 0;
  const size_t steps = (size_t)epochs * BATCHES;
  struct train_state state;
  struct data data;
  unsigned char *work, *other_work;
  float *losses;
  long before, calls;
  int status;
  if (argc < 4 || argc > 5 || epochs < 1 || epochs > 100000) {
    fprintf(stderr, "usage: train DATA EPOCHS SEED [LOSSES]\n");
    return 2;
  }
  data.images = load(argv[1], "train_images.npy", "<f4", IMAGES * PIXELS);
  data.labels = load(argv[1], "train_labels.npy", "<i4", IMAGES);
  data.test_images = load(argv[1], "test_images.npy", "<f4", TESTS * PIXELS);
  data.test_labels = load(argv[1], "test_labels.npy", "<i4", TESTS);
  losses = malloc(steps * sizeof *losses);
  work = make_workspace(TRAIN_TRAIN_WORKSPACE_BYTES);
  other_work =
      make_workspace(TRAIN_INIT_WORKSPACE_BYTES + TRAIN_INFER_WORKSPACE_BYTES);
  if (!data.images || !data.labels || !data.test_images || !data.test_labels)
    return 3;
  if (!losses || !work || !other_work)
    return 8;

  status = train_place_state(parameters, &state);
  if (status == 0)
    status = train_init(&state, &seed, other_work, NULL);
  before = malloc_calls;
  if (status == 0)
    status = train(&state, &data, epochs, (uint32_t)seed + 1, losses, work);
  calls = malloc_calls - before;
  if (status == 0)
    status = train_infer(&state, data.test_images, logits, other_work, NULL);
  if (status != 0) {
    fprintf(stderr, "train: a call answered %d\n", status);
    return 7;
  }

  print_curve(losses, epochs);
  printf("%d of %d correct\n", count_correct(data.test_labels), TESTS);
  printf("parameters and optimizer: %zu bytes\n", TRAIN_STATE_BYTES);
  printf("planned peak:  %zu bytes\n", TRAIN_TRAIN_WORKSPACE_BYTES);
  printf("measured peak: %zu bytes\n",
         measured_peak(work, TRAIN_TRAIN_WORKSPACE_BYTES));
  printf("calls of malloc while training: %ld (before: %ld)\n", calls, before);
  return argc > 4 ? save_losses(argv[4], losses, steps) : 0;
}
