/* From CPU features to the kernels of a level: its own ones, or those that it
 * shares (cmake/Levels.cmake). */
#include "minigrad/cpu.h"
#include "runtime/kernels/table.h"

#ifdef __aarch64__
extern const mg_kernel_table mg_kernels_aarch64;
#else
extern const mg_kernel_table mg_kernels_v2, mg_kernels_v3, mg_kernels_v4,
    mg_kernels_znver4;
#endif

const mg_kernel_table *mg_kernels(void) {
  static const struct {
    uint64_t needs;
    const mg_kernel_table *table;
  } levels[] = {
#ifdef __aarch64__
      {MG_CPU_AARCH64, &mg_kernels_aarch64},
#else
      {MG_CPU_ZNVER4, &mg_kernels_znver4},
      {MG_CPU_V4, &mg_kernels_v4},
      {MG_CPU_V3, &mg_kernels_v3},
      {MG_CPU_V2, &mg_kernels_v2},
#endif
  };
  const uint64_t features = mg_cpu_features();
  for (size_t i = 0; i < sizeof levels / sizeof *levels; ++i)
    if ((features & levels[i].needs) == levels[i].needs)
      return levels[i].table;
  return NULL;
}
