/* In which order an epoch shows the images: the same to every program that
 * includes this. C99 and C++. */
#ifndef ORDER_H
#define ORDER_H
#include <stdint.h>

enum { IMAGES = 1437, BATCH = 64, BATCHES = IMAGES / BATCH };

static uint32_t next_random(uint32_t *state) { /* xorshift, never 0 */
  *state ^= *state << 13;
  *state ^= *state >> 17;
  return *state ^= *state << 5;
}

/* Shuffles what is in `order`, so that epochs go on from one another. */
static void shuffle(int order[IMAGES], uint32_t *state) {
  int i;
  for (i = IMAGES - 1; i > 0; --i) {
    const int other = (int)(next_random(state) % (uint32_t)(i + 1));
    const int kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
}

#endif
