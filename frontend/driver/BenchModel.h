//===- BenchModel.h - the verb bench --------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_BENCHMODEL_H
#define MG_FRONTEND_DRIVER_BENCHMODEL_H

#include "frontend/driver/LoadedModel.h"

#include <cstdint>

namespace mg::driver {

struct BenchOptions {
  /// Of each: 0 is one per CPU.
  std::vector<std::size_t> threads = {1};
  int rounds = 7;
  /// Seconds that one measurement of one variant should take at least.
  double minSeconds = 0.02;
  std::uint64_t seed = 1;
  /// NAME=VALUE or @SET; what is not given is random.
  std::vector<std::string> inputs;
  /// A page with the plot; empty: none.
  std::string html;
  /// Time per kernel, too.
  bool profile = false;
  /// Instead of a model: what the machine can do.
  bool roofline = false;
};

/// Eager, unfused and fused, each entry, each number of threads: interleaved
/// with each other and with the machine's bounds. Medians of `rounds`.
Exit benchModel(const Options &options, const ModelSource &source,
                const BenchOptions &bench);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_BENCHMODEL_H
