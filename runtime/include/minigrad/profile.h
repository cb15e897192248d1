/* Who wants to know when a kernel begins and ends. Only code that was compiled
 * for it calls these (codegen's Options::profile); other objects do not. */
#ifndef MINIGRAD_PROFILE_H
#define MINIGRAD_PROFILE_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mg_profile {
  /* Called by the thread that called the entry, in pairs that do not nest;
   * `kernel` is its number in the model. */
  void (*begin)(void *context, int64_t kernel);
  void (*end)(void *context, int64_t kernel);
  void *context;
} mg_profile;

/* From now on, in the whole process, until the next call; NULL: nobody. The
 * struct must stay. Not while a profiled entry runs. */
void mg_profile_set(const mg_profile *hooks);

/* Called by profiled code. */
void mg_profile_begin(int64_t kernel);
void mg_profile_end(int64_t kernel);

#ifdef __cplusplus
}
#endif
#endif
