/* Functions that compiled code calls. Bare pointers to row-major arrays and
 * numbers; 0 or a mg_status. C99. */
#ifndef MINIGRAD_CALL_H
#define MINIGRAD_CALL_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* keys and perm are row-major (outer, n, inner). Along n, perm[i] is the place
 * of the i-th smallest (largest, if descending) key; equal keys keep their
 * order either way. NaN counts as the largest, -0 equals +0. */
int mg_call_argsort(const void *keys, int64_t *perm, int32_t dtype,
                    int64_t outer, int64_t n, int64_t inner,
                    int32_t descending);

#ifdef __cplusplus
}
#endif
#endif
