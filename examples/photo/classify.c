/* A photograph in, its classes out: what a program needs of a model that mgc
 * compiled. C99; links lite0.o and libmgrt.a.
 *
 *   classify lite0.safetensors labels.txt PHOTO.ppm
 */
#include "lite0.h"
#include "minigrad/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { side = 224, channels = 3, classes = 1000, shown = 5 };

static int complain(const char *file, const char *reason) {
  fprintf(stderr, "classify: %s: %s\n", file, reason);
  return 1;
}

typedef struct {
  int width, height;
  unsigned char *pixels; /* rows of red, green, blue */
} Photo;

/* A binary PPM of 8 bits ("P6 WIDTH HEIGHT 255"). NULL, or what is wrong. */
static const char *read_photo(const char *path, Photo *photo) {
  FILE *file = fopen(path, "rb");
  size_t bytes;
  const char *wrong = NULL;
  photo->pixels = NULL;
  if (!file)
    return "cannot be opened";
  if (fscanf(file, "P6 %d %d 255", &photo->width, &photo->height) != 2 ||
      fgetc(file) == EOF || photo->width < 1 || photo->height < 1 ||
      photo->width > 1 << 14 || photo->height > 1 << 14)
    wrong = "is no PPM photograph";
  if (!wrong) {
    bytes = (size_t)photo->width * photo->height * channels;
    photo->pixels = malloc(bytes);
    if (!photo->pixels)
      wrong = "is too large";
    else if (fread(photo->pixels, 1, bytes, file) != bytes)
      wrong = "ends too early";
  }
  fclose(file);
  return wrong;
}

static float pixel(const Photo *photo, int x, int y, int channel) {
  x = x < 0 ? 0 : x >= photo->width ? photo->width - 1 : x;
  y = y < 0 ? 0 : y >= photo->height ? photo->height - 1 : y;
  return photo->pixels[((size_t)y * photo->width + x) * channels + channel];
}

/* The square in the middle, 7/8 of the shorter side, as the network was trained
 * for: 224x224, bilinear, (value - 127) / 128, channel by channel. */
static void prepare(const Photo *photo, float *image) {
  const int shorter =
      photo->width < photo->height ? photo->width : photo->height;
  const float step = shorter * 0.875f / side;
  const float left = (photo->width - step * side) / 2,
              top = (photo->height - step * side) / 2;
  for (int c = 0; c < channels; ++c)
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) {
        const float u = left + (x + 0.5f) * step - 0.5f,
                    v = top + (y + 0.5f) * step - 0.5f;
        const int i = (int)u, j = (int)v;
        const float a = u - i, b = v - j;
        const float above =
            (1 - a) * pixel(photo, i, j, c) + a * pixel(photo, i + 1, j, c);
        const float below = (1 - a) * pixel(photo, i, j + 1, c) +
                            a * pixel(photo, i + 1, j + 1, c);
        image[(c * side + y) * side + x] =
            ((1 - b) * above + b * below - 127) / 128;
      }
}

/* Line `number` of a text file, cut to fit. */
static void read_label(const char *path, int number, char *label, int size) {
  FILE *file = fopen(path, "r");
  int line = 0, length = 0;
  snprintf(label, size, "class %d", number);
  for (int c; file && line <= number && (c = fgetc(file)) != EOF;) {
    if (line == number && c != '\n' && length + 1 < size)
      label[length++] = (char)c;
    line += c == '\n';
  }
  if (length)
    label[length] = 0;
  if (file)
    fclose(file);
}

static void print_best(const char *labels, const float *logits) {
  int taken[shown];
  for (int k = 0; k < shown; ++k) {
    int best = -1;
    char label[80];
    for (int i = 0; i < classes; ++i) {
      int is_taken = 0;
      for (int j = 0; j < k; ++j)
        is_taken |= taken[j] == i;
      if (!is_taken && (best < 0 || logits[i] > logits[best]))
        best = i;
    }
    taken[k] = best;
    read_label(labels, best, label, sizeof label);
    printf("%d. %s (%.2f)\n", k + 1, label, logits[best]);
  }
}

int main(int count, char **arguments) {
  static float image[channels * side * side], logits[classes];
  struct lite0_weights weights;
  struct mg_weights *file;
  Photo photo;
  char message[200];
  if (count != 4) {
    fprintf(stderr, "usage: classify lite0.safetensors labels.txt PHOTO.ppm\n");
    return 2;
  }
  if (mg_weights_open(arguments[1], &file, message, sizeof message))
    return complain(arguments[1], message);
  if (lite0_load_weights(file, &weights))
    return complain(arguments[1], "holds other weights than lite0.h says");
  const char *wrong = read_photo(arguments[3], &photo);
  if (wrong)
    return complain(arguments[3], wrong);
  prepare(&photo, image);
  void *workspace = aligned_alloc(LITE0_ALIGN, LITE0_INFER_WORKSPACE_BYTES);
  const int status = lite0_infer(&weights, image, logits, workspace, NULL);
  if (status == 0)
    print_best(arguments[2], logits);
  free(workspace);
  free(photo.pixels);
  mg_weights_close(file);
  return status ? complain("lite0_infer", "failed") : 0;
}
