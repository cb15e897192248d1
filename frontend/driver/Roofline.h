//===- Roofline.h - this machine's bounds, as a table ---------------------===//
#ifndef MG_FRONTEND_DRIVER_ROOFLINE_H
#define MG_FRONTEND_DRIVER_ROOFLINE_H

#include "frontend/driver/Failure.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace mg::driver {

/// Bytes per second of a footprint that a level of the memory holds.
struct LevelBandwidth {
  /// "L1", "L2", "L3", "DRAM"
  std::string name;
  /// Of all threads together.
  std::size_t footprint;
  double read, write, streamWrite, copy, streamCopy;
};

struct Roofline {
  std::size_t threads;
  /// f32, per second.
  double flops;
  /// Seconds.
  double forkJoin, pingPong;
  std::vector<LevelBandwidth> levels;
};

double median(std::vector<double> values);

/// Medians of `rounds` measurements of everything, one after the other in each
/// round.
Roofline measureRoofline(std::size_t threads, int rounds);

nlohmann::ordered_json toJson(const Roofline &roofline);

/// `mgc bench --roofline`: one table per number of threads.
Exit reportRooflines(const std::vector<std::size_t> &threads, int rounds,
                     bool json);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_ROOFLINE_H
