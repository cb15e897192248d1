//===- Pages.cpp - memory that a mapped file takes ------------------------===//
#include "frontend/io/Pages.h"

#include <cstdint>
#include <sys/mman.h>
#include <unistd.h>

namespace mg::io {

void releasePages(std::string_view bytes) {
  constexpr std::size_t small = std::size_t(1) << 20;
  if (bytes.size() < small)
    return;
#ifdef MADV_PAGEOUT
  // Whole pages only: what lies beside them may be in use.
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t end = (begin + bytes.size()) / page * page;
  // An older kernel knows no such advice; then they stay.
  madvise(reinterpret_cast<void *>(first), end - first, MADV_PAGEOUT);
#endif
}

} // namespace mg::io
