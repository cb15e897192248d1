/* Reads arrays of little-endian elements of 4 bytes. C99. */
#ifndef LOAD_NPY_H
#define LOAD_NPY_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The `count` little-endian 4-byte elements of a C-ordered .npy file of dtype
 * `descr`, or NULL and a message. */
static void *load_npy(const char *path, const char *descr, size_t count) {
  FILE *file = fopen(path, "rb");
  unsigned char head[10];
  char *header = NULL;
  void *data = NULL;
  size_t length;
  if (file == NULL || fread(head, 1, 10, file) != 10 ||
      memcmp(head, "\x93NUMPY\x01", 7) != 0)
    goto bad;
  length = head[8] | (size_t)head[9] << 8;
  header = calloc(length + 1, 1);
  if (header == NULL || fread(header, 1, length, file) != length ||
      strstr(header, descr) == NULL ||
      strstr(header, "'fortran_order': False") == NULL)
    goto bad;
  data = malloc(4 * count);
  if (data == NULL || fread(data, 4, count, file) != count ||
      fgetc(file) != EOF) {
    free(data);
    data = NULL;
  }
bad:
  if (data == NULL)
    fprintf(stderr, "cannot read %s as %zu elements of %s\n", path, count,
            descr);
  free(header);
  if (file != NULL)
    fclose(file);
  return data;
}

#endif
