//===- BenchModel.h - the verb bench --------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_BENCHMODEL_H
#define MG_FRONTEND_DRIVER_BENCHMODEL_H

#include "frontend/driver/KernelProfile.h"

#include <cstdint>

namespace mg::driver {

struct BenchOptions {
  /// Of each: 0 is one per CPU.
  std::vector<std::size_t> threads = {1};
  int rounds = 7;
  /// Seconds that one measurement of one variant takes at least.
  double minSeconds = 0.02;
  std::uint64_t seed = 1;
  /// NAME=VALUE or @SET; what is not given is random.
  std::vector<std::string> inputs;
  /// A page with the plot; empty: none.
  std::string html;
  /// Instead of a model: what the machine can do.
  bool roofline = false;
};

/// Eager, unfused or fused: seconds of a call, one per round.
struct VariantResult {
  std::string name;
  std::vector<double> seconds, cpuSeconds;
  std::int64_t iterations = 1;
  /// Moved to and from memory that outlives a kernel.
  double bytes = 0;
  /// Temporaries and outputs.
  std::size_t peakBytes = 0;
};

/// One entry on one number of threads.
struct BenchResult {
  std::string model, entry;
  std::size_t threads = 1;
  double flops = 0;
  /// Inputs, weights and outputs, once each.
  double leastBytes = 0;
  /// What the machine did in the same rounds: operations and bytes per second,
  /// these over a footprint of `leastBytes`.
  std::vector<double> peak, bandwidth;
  std::vector<VariantResult> variants;
  /// Of the fused variant, where it was asked for: a row per kernel.
  const EntryReport *report = nullptr;
  std::vector<KernelTime> kernels;

  /// Seconds that no program can stay below.
  double bound() const;
};

/// Eager, unfused and fused, each entry, each number of threads: interleaved
/// with each other and with the machine's bounds. Medians of `rounds`.
Exit benchModel(const Options &options, const ModelSource &source,
                const BenchOptions &bench);

/// The reports (BenchReport.cpp): a table, Google Benchmark's JSON, and a page
/// with the results under the roofline.
void printBench(const BenchResult &result);
std::string benchJson(const std::vector<BenchResult> &results);
std::string benchPage(const std::vector<BenchResult> &results);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_BENCHMODEL_H
