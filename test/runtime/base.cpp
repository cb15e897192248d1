// Status texts, dtypes, CPU levels.
#include "minigrad/array.h"
#include "minigrad/cpu.h"
#include "minigrad/status.h"
#include "runtime/kernels/table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

TEST(Status, EveryCodeHasItsText) {
  std::set<std::string> texts;
  const int statuses[] = {MG_OK,           MG_ERROR_FILE,  MG_ERROR_UNSUPPORTED,
                          MG_ERROR_SHAPE,  MG_ERROR_WRITE, MG_ERROR_ARGUMENT,
                          MG_ERROR_MEMORY, MG_ERROR_CPU,   -1};
  for (int status : statuses)
    texts.insert(mg_status_text(status));
  EXPECT_EQ(texts.size(), 9u);
  EXPECT_STREQ(mg_status_text(12345), mg_status_text(-1));
}

TEST(Array, DtypesHaveSizeAndName) {
  const size_t sizes[MG_DTYPE_COUNT] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  std::set<std::string> names;
  for (int dtype = 0; dtype < MG_DTYPE_COUNT; ++dtype) {
    EXPECT_EQ(mg_dtype_size(mg_dtype(dtype)), sizes[dtype]);
    names.insert(mg_dtype_name(mg_dtype(dtype)));
  }
  EXPECT_EQ(names.size(), size_t(MG_DTYPE_COUNT));
  EXPECT_EQ(mg_dtype_size(mg_dtype(MG_DTYPE_COUNT)), 0u);
  EXPECT_EQ(mg_dtype_size(mg_dtype(-1)), 0u);
  EXPECT_STREQ(mg_dtype_name(mg_dtype(-1)), "?");
}

TEST(Cpu, LimitChoosesTheKernels) {
  mg_cpu_limit(~uint64_t(0));
  const uint64_t all = mg_cpu_features();
  EXPECT_TRUE(all & MG_CPU_KNOWN);
  std::set<const mg_kernel_table *> tables;
  size_t levels = 0;
  for (uint64_t mask : {MG_CPU_V2, MG_CPU_V3, MG_CPU_V4, MG_CPU_ZNVER4}) {
    mg_cpu_limit(mask);
    EXPECT_EQ(mg_cpu_features(), (all & mask) | MG_CPU_KNOWN);
    if ((all & mask) != mask)
      continue;
    ++levels;
    tables.insert(mg_kernels());
  }
  EXPECT_EQ(tables.size(), levels);
  EXPECT_FALSE(tables.contains(nullptr));
  mg_cpu_limit(0);
  EXPECT_EQ(mg_kernels(), nullptr);
  mg_cpu_limit(~uint64_t(0));
  EXPECT_EQ(mg_cpu_features(), all);
}

// Ice Lake's extensions make the kernels no faster.
TEST(Cpu, LevelsMayShareKernels) {
  mg_cpu_limit(MG_CPU_V4);
  const mg_kernel_table *kernels = mg_kernels();
  mg_cpu_limit(MG_CPU_ICELAKE);
  EXPECT_EQ(mg_kernels(), kernels);
  mg_cpu_limit(~uint64_t(0));
  const uint64_t all = mg_cpu_features();
  EXPECT_TRUE((all & MG_CPU_ZNVER4) != MG_CPU_ZNVER4 ||
              (all & MG_CPU_ICELAKE) == MG_CPU_ICELAKE);
}

TEST(Cpu, EnvironmentLimits) {
  mg_cpu_limit(~uint64_t(0));
  const uint64_t all = mg_cpu_features();
  setenv("MG_CPU_LIMIT", "v2", 1);
  mg_cpu_limit(~uint64_t(0)); // asks again
  EXPECT_EQ(mg_cpu_features(), (all & MG_CPU_V2) | MG_CPU_KNOWN);
  setenv("MG_CPU_LIMIT", "icelake", 1);
  mg_cpu_limit(~uint64_t(0));
  EXPECT_EQ(mg_cpu_features(), (all & MG_CPU_ICELAKE) | MG_CPU_KNOWN);
  setenv("MG_CPU_LIMIT", "no level", 1);
  mg_cpu_limit(~uint64_t(0));
  EXPECT_EQ(mg_cpu_features(), all);
  unsetenv("MG_CPU_LIMIT");
}

} // namespace
