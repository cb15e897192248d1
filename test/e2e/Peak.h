// The workspace that the header of an object plans is what a run writes: not a
// byte more, and its last line is used.
#ifndef MG_TEST_E2E_PEAK_H
#define MG_TEST_E2E_PEAK_H

#include "minigrad/model.h"
#include "minigrad/pool.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <gtest/gtest.h>

#include <mg/mg.h>

namespace mg::test {

constexpr std::size_t line = 64, behind = 4096;

struct Free {
  void operator()(void *p) const { std::free(p); }
};
using Memory = std::unique_ptr<unsigned char, Free>;

inline Memory memoryOf(std::size_t bytes) {
  const std::size_t whole = (bytes + behind + line - 1) / line * line;
  Memory memory(static_cast<unsigned char *>(std::aligned_alloc(line, whole)));
  std::memset(memory.get(), 0, whole);
  return memory;
}

inline std::size_t bytesOf(const mg_argument &argument) {
  std::size_t bytes = mg_dtype_size(mg_dtype(argument.dtype));
  for (int i = 0; i < argument.rank; ++i)
    bytes *= static_cast<std::size_t>(argument.shape[i]);
  return bytes;
}

/// One past the last byte of `space` that a run on zeros changes.
inline std::size_t bytesUsed(const mg_entry &entry, int poison, mg_pool *pool) {
  std::vector<Memory> arrays;
  std::vector<const void *> in;
  std::vector<void *> out;
  for (std::size_t i = 0; i < entry.input_count; ++i) {
    arrays.push_back(memoryOf(bytesOf(entry.inputs[i])));
    in.push_back(arrays.back().get());
  }
  for (std::size_t i = 0; i < entry.output_count; ++i) {
    arrays.push_back(memoryOf(bytesOf(entry.outputs[i])));
    out.push_back(entry.updates[i] < 0 ? arrays.back().get()
                                       : arrays[entry.updates[i]].get());
  }
  const std::size_t bytes = entry.workspace_bytes + behind;
  const Memory space = memoryOf(bytes);
  std::memset(space.get(), poison, bytes);
  EXPECT_EQ(entry.call(nullptr, in.data(), out.data(), space.get(), pool),
            MG_OK);
  std::size_t end = bytes;
  while (end > 0 && space.get()[end - 1] == static_cast<unsigned char>(poison))
    --end;
  return end;
}

inline void checkEntry(const mg_entry &entry) {
  SCOPED_TRACE(entry.name);
  mg_pool *pool = mg_pool_create(3);
  for (mg_pool *threads : {static_cast<mg_pool *>(nullptr), pool}) {
    const std::size_t used = std::max(bytesUsed(entry, 0x5a, threads),
                                      bytesUsed(entry, 0xa5, threads));
    EXPECT_LE(used, entry.workspace_bytes);
    EXPECT_GT(used + line, entry.workspace_bytes);
  }
  mg_pool_destroy(pool);
}

/// Compiles the entries for this machine and runs each.
inline void checkPeak(const std::vector<aot::Entry> &entries) {
  char folder[] = "/tmp/peak-test-XXXXXX";
  ASSERT_TRUE(mkdtemp(folder));
  aot::compile("peak", entries,
               {.targets = {"native"},
                .directory = folder,
                .embed_limit = std::size_t(64) << 20});
  const std::string base = std::string(folder) + "/peak";
  const std::string link = "cc -shared -o " + base + ".so " + base +
                           ".o " MG_RUNTIME " -lm -lpthread";
  ASSERT_EQ(std::system(link.c_str()), 0);
  void *library = dlopen((base + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto describe =
      reinterpret_cast<const mg_model *(*)()>(dlsym(library, "peak_model"));
  const mg_model &model = *describe();
  for (std::size_t i = 0; i < model.entry_count; ++i)
    checkEntry(model.entries[i]);
  std::filesystem::remove_all(folder);
}

} // namespace mg::test

#endif // MG_TEST_E2E_PEAK_H
