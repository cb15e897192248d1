//===- Memory.h - memory for arrays, kept warm ----------------------------===//
//
// The first touch of fresh memory costs more than most ops (1.5 us per 4 KiB
// page), so large blocks that are given back are handed out again; and so are
// small ones, by the thread that gave them back.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_EAGER_MEMORY_H
#define MG_FRONTEND_EAGER_MEMORY_H

#include <cstddef>
#include <memory>

namespace mg::eager {

/// At least `bytes` of uninitialised memory, 64-byte aligned; large blocks lie
/// on huge pages where the system has them. Throws std::bad_alloc. Thread-safe.
std::shared_ptr<void> takeMemory(std::size_t bytes);
/// Whether `memory` comes from takeMemory: nobody else knows it.
bool isTakenMemory(const std::shared_ptr<void> &memory);

/// From here to stopCountingMemory the blocks of all threads are counted.
void startCountingMemory();
/// The most bytes that were held at once beyond what was held at the start.
std::size_t stopCountingMemory();

} // namespace mg::eager

#endif // MG_FRONTEND_EAGER_MEMORY_H
