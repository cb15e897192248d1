/* A safetensors file: 8 bytes of length, a JSON header of that length, data.
 * It is mapped read-only, so only the weights that are used are read. */
#define _GNU_SOURCE
#include "minigrad/weights_metadata.h"

#include "weights_header.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_HEADER UINT64_C(100000000) /* the format's own limit */

struct mg_weights {
  unsigned char *file;
  size_t size;
  mg_header header;
};

static int system_failure(mg_failure *failure, const char *what) {
  return mg_fail(failure, MG_ERROR_FILE, "cannot %s: %s", what,
                 strerror(errno));
}

static int map_descriptor(int descriptor, mg_weights *weights,
                          mg_failure *failure) {
  struct stat about;
  if (fstat(descriptor, &about) != 0)
    return system_failure(failure, "stat");
  if (!S_ISREG(about.st_mode))
    return mg_fail(failure, MG_ERROR_FILE, "not a regular file");
  if (about.st_size < 8)
    return mg_fail(failure, MG_ERROR_FILE, "shorter than its 8-byte length");
  weights->size = (size_t)about.st_size;
  weights->file =
      mmap(NULL, weights->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (weights->file != MAP_FAILED)
    return 1;
  weights->file = NULL;
  return system_failure(failure, "map");
}

static int map(const char *path, mg_weights *weights, mg_failure *failure) {
  /* O_NONBLOCK: opening a FIFO must not wait for a writer. */
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return system_failure(failure, "open");
  const int ok = map_descriptor(descriptor, weights, failure);
  close(descriptor);
  return ok;
}

/* Offsets become addresses; bools are what their readers take them for. */
static int place(mg_weights *weights, unsigned char *data,
                 mg_failure *failure) {
  for (size_t i = 0; i < weights->header.count; ++i) {
    mg_weight *weight = &weights->header.entries[i];
    unsigned char *bytes = data + (uintptr_t)weight->array.data;
    weight->array.data = bytes;
    if (weight->array.dtype != MG_BOOL)
      continue;
    size_t count = 1;
    for (int32_t k = 0; k < weight->array.rank; ++k)
      count *= (size_t)weight->array.shape[k];
    for (size_t b = 0; b < count; ++b)
      if (bytes[b] > 1)
        return mg_fail(failure, MG_ERROR_FILE,
                       "'%s' has a bool that is neither 0 nor 1", weight->name);
  }
  return 1;
}

static int read_header(mg_weights *weights, mg_failure *failure) {
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | weights->file[i];
  if (length > weights->size - 8)
    return mg_fail(failure, MG_ERROR_FILE,
                   "the header's length is beyond the end of the file");
  if (length > MAX_HEADER)
    return mg_fail(failure, MG_ERROR_MEMORY,
                   "a header of more than 100 million bytes");
  return mg_header_parse((const char *)weights->file + 8, (size_t)length,
                         weights->size - 8 - length, &weights->header,
                         failure) &&
         place(weights, weights->file + 8 + length, failure);
}

mg_status mg_weights_open(const char *path, mg_weights **weights, char *message,
                          size_t capacity) {
  mg_failure failure = {MG_OK, ""};
  mg_weights *opened = NULL;
  if (!weights)
    return MG_ERROR_ARGUMENT;
  *weights = NULL;
  if (!path)
    mg_fail(&failure, MG_ERROR_ARGUMENT, "no path");
  else if (!(opened = calloc(1, sizeof *opened)))
    mg_fail(&failure, MG_ERROR_MEMORY, "out of memory");
  else if (map(path, opened, &failure) && read_header(opened, &failure))
    *weights = opened;
  if (failure.status != MG_OK)
    mg_weights_close(opened);
  if (message && capacity)
    snprintf(message, capacity, "%s", failure.text);
  return failure.status;
}

void mg_weights_close(mg_weights *weights) {
  if (!weights)
    return;
  mg_header_free(&weights->header);
  if (weights->file)
    munmap(weights->file, weights->size);
  free(weights);
}

size_t mg_weights_count(const mg_weights *weights) {
  return weights ? weights->header.count : 0;
}

const mg_weight *mg_weights_at(const mg_weights *weights, size_t i) {
  return i < mg_weights_count(weights) ? &weights->header.entries[i] : NULL;
}

size_t mg_weights_metadata_count(const mg_weights *weights) {
  return weights ? weights->header.metadata_count : 0;
}

const mg_metadata *mg_weights_metadata_at(const mg_weights *weights, size_t i) {
  return i < mg_weights_metadata_count(weights) ? &weights->header.metadata[i]
                                                : NULL;
}

static int compare_name(const void *name, const void *weight) {
  return strcmp(name, ((const mg_weight *)weight)->name);
}

const mg_weight *mg_weights_find(const mg_weights *weights, const char *name) {
  if (!name || mg_weights_count(weights) == 0)
    return NULL;
  return bsearch(name, weights->header.entries, weights->header.count,
                 sizeof(mg_weight), compare_name);
}
