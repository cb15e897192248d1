/* CPU features by CPUID and XCR0, and the limits that tests put on them.
 * Neither libgcc's __cpu_model nor a constructor: this works in an object that
 * was just loaded, and in a static-pie before relocation. */
#include "minigrad/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifdef __aarch64__
static uint64_t detect(void) { return MG_CPU_KNOWN | MG_CPU_AARCH64; }
#else
#include <cpuid.h>

/* Which register states the operating system saves. As assembly, because the
 * intrinsic would need -mxsave for the whole file. */
static uint64_t saved_states(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

#define BIT(n) (UINT32_C(1) << (n))

static int has(uint64_t bits, uint64_t mask) { return (bits & mask) == mask; }

static uint64_t detect(void) {
  uint32_t unused, c1 = 0, b7 = 0, c7 = 0, max7 = 0, a71 = 0, c8 = 0;
  uint64_t found = MG_CPU_KNOWN;
  if (!__get_cpuid(1, &unused, &unused, &c1, &unused))
    return found;
  if (__get_cpuid_count(7, 0, &max7, &b7, &c7, &unused) && max7 >= 1)
    __get_cpuid_count(7, 1, &a71, &unused, &unused, &unused);
  __get_cpuid(0x80000001, &unused, &unused, &c8, &unused);

  /* SSE3 0, SSSE3 9, CX16 13, SSE4.1 19, SSE4.2 20, POPCNT 23; LAHF 0 */
  if (!has(c1, BIT(0) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(23)) ||
      !has(c8, BIT(0)))
    return found;
  found |= MG_CPU_V2;

  /* FMA 12, MOVBE 22, OSXSAVE 27, AVX 28, F16C 29; BMI 3, AVX2 5, BMI2 8;
   * LZCNT 5; XMM and YMM are saved */
  if (!has(c1, BIT(12) | BIT(22) | BIT(27) | BIT(28) | BIT(29)) ||
      !has(b7, BIT(3) | BIT(5) | BIT(8)) || !has(c8, BIT(5)))
    return found;
  const uint64_t saved = saved_states();
  if (!has(saved, 0x6))
    return found;
  found |= MG_CPU_V3;

  /* F 16, DQ 17, CD 28, BW 30, VL 31; masks, upper halves, ZMM16..31 saved */
  if (!has(b7, BIT(16) | BIT(17) | BIT(28) | BIT(30) | BIT(31)) ||
      !has(saved, 0xe6))
    return found;
  found |= MG_CPU_V4;

  /* IFMA 21; VBMI 1, VBMI2 6, GFNI 8, VAES 9, VPCLMULQDQ 10, VNNI 11,
   * BITALG 12, VPOPCNTDQ 14; AES 25, PCLMUL 1 */
  if (!has(b7, BIT(21)) || !has(c1, BIT(25) | BIT(1)) ||
      !has(c7, BIT(1) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) |
                   BIT(14)))
    return found;
  found |= MG_CPU_ICELAKE;

  /* BF16 5 */
  if (has(a71, BIT(5)))
    found |= MG_CPU_ZNVER4;
  return found;
}

#endif

/* What MG_CPU_LIMIT leaves; a value that is no level's name leaves all. */
static uint64_t environment_mask(void) {
  static const struct {
    const char *name;
    uint64_t mask;
  } levels[] = {{"v2", MG_CPU_V2},
                {"v3", MG_CPU_V3},
                {"v4", MG_CPU_V4},
                {"icelake", MG_CPU_ICELAKE},
                {"znver4", MG_CPU_ZNVER4 | MG_CPU_ICELAKE}};
  const char *limit = getenv("MG_CPU_LIMIT");
  for (size_t i = 0; limit && i < sizeof levels / sizeof *levels; ++i)
    if (strcmp(limit, levels[i].name) == 0)
      return levels[i].mask;
  return ~UINT64_C(0);
}

/* 0: not asked yet. Threads that ask at once find and store the same. */
static _Atomic uint64_t known;

static uint64_t ask(uint64_t mask) {
  const uint64_t features =
      (detect() & environment_mask() & mask) | MG_CPU_KNOWN;
  atomic_store_explicit(&known, features, memory_order_relaxed);
  return features;
}

uint64_t mg_cpu_features(void) {
  const uint64_t features = atomic_load_explicit(&known, memory_order_relaxed);
  return features ? features : ask(~UINT64_C(0));
}

void mg_cpu_limit(uint64_t mask) { ask(mask); }
