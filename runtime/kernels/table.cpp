// The table of one CPU level: mg_kernels_v3 and so on.
#include "runtime/kernels/table.h"

#define MG_JOIN2(a, b) a##b
#define MG_JOIN(a, b) MG_JOIN2(a, b)

extern "C" {
extern const mg_math_loops mg_math_loops_of_level;
extern const mg_loops mg_loops_of_level;

extern const mg_kernel_table MG_JOIN(mg_kernels_, MG_LEVEL);
const mg_kernel_table MG_JOIN(mg_kernels_, MG_LEVEL) = {
    &mg_math_loops_of_level,
    &mg_loops_of_level,
};
}
