//===- MachineProbe.h - what this machine can do, measured now ------------===//
//
// One measurement per call, so that a caller can interleave them with what they
// are the bound of: clocks, neighbours and placement change by the minute.
// Vectors are the widest that the CPU has. Knows no compiler.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_MACHINEPROBE_H
#define MG_FRONTEND_DRIVER_MACHINEPROBE_H

#include "frontend/driver/Pool.h"

#include <cstddef>
#include <memory>

namespace mg::driver {

/// What is done to memory. Streams write past the caches.
enum class Traffic { Read, Write, StreamWrite, Copy, StreamCopy };

class MachineProbe {
public:
  /// Of that many threads; 0: one per CPU.
  explicit MachineProbe(std::size_t threads);

  std::size_t threads() const { return count; }
  /// f32 operations per second by independent chains of multiply-adds.
  double flops();
  /// Bytes per second, counted as the program touches them (a copy: twice),
  /// over `footprint` bytes that are spread over the threads.
  double bandwidth(Traffic traffic, std::size_t footprint);
  /// The most that any kind of traffic that reads and writes, or only reads,
  /// gets out of a footprint.
  double bestBandwidth(std::size_t footprint);
  /// Seconds of an empty parallel region whose threads are awake.
  double forkJoin();
  /// Seconds of a round trip of one cache line between two threads; 0 for one
  /// thread. Below 60 ns they share a core, above 400 ns they share no cache.
  double pingPong();

private:
  char *memory(std::size_t bytes);

  Pool pool;
  std::size_t count;
  std::shared_ptr<void> block;
  std::size_t capacity = 0;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_MACHINEPROBE_H
