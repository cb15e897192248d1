/* Which CPU is this? By CPUID and XCR0 alone (of an aarch64 there is nothing to
 * ask): no constructor, no libgcc. */
#ifndef MINIGRAD_CPU_H
#define MINIGRAD_CPU_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One bit per group of CPUID features that a level needs. Generated code tests
 * them: they never change their meaning. */
#define MG_CPU_V2 UINT64_C(0x1)
#define MG_CPU_V3 UINT64_C(0x3)
#define MG_CPU_V4 UINT64_C(0x7)
#define MG_CPU_ZNVER4 UINT64_C(0xf)
#define MG_CPU_AARCH64 UINT64_C(0x10)
#define MG_CPU_ICELAKE UINT64_C(0x27)
#define MG_CPU_KNOWN (UINT64_C(1) << 63)

/* The features of this machine, MG_CPU_KNOWN among them; from any thread. */
uint64_t mg_cpu_features(void);

/* For tests: from now on every feature outside `mask` counts as missing. The
 * environment variable MG_CPU_LIMIT (v2, v3, v4, icelake, znver4) does the same
 * for a whole process. Generated code caches the features at its first call. */
void mg_cpu_limit(uint64_t mask);

#ifdef __cplusplus
}
#endif
#endif
