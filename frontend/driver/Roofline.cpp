//===- Roofline.cpp - this machine's bounds, as a table -------------------===//
#include "frontend/driver/Roofline.h"

#include "frontend/driver/MachineProbe.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <unistd.h>

namespace mg::driver {

namespace {

constexpr std::array<Traffic, 5> traffics = {
    Traffic::Read, Traffic::Write, Traffic::StreamWrite, Traffic::Copy,
    Traffic::StreamCopy};

struct Footprint {
  std::string name;
  std::size_t bytes;
};

std::size_t cacheBytes(int name, std::size_t otherwise) {
  const long bytes = sysconf(name);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : otherwise;
}

/// Half of a cache that a core has to itself. The last level is shared, maybe
/// with strangers: a few times the level before it. Memory is what is twice as
/// large as the last level.
std::vector<Footprint> footprints(std::size_t threads) {
  constexpr std::size_t mebi = std::size_t(1) << 20;
  const std::size_t l1 = cacheBytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
  const std::size_t l2 = cacheBytes(_SC_LEVEL2_CACHE_SIZE, mebi);
  const std::size_t l3 = cacheBytes(_SC_LEVEL3_CACHE_SIZE, 16 * mebi);
  return {{"L1", threads * l1 / 2},
          {"L2", threads * l2 / 2},
          {"L3", std::max(3 * threads * l2, std::min(l3 / 2, 8 * l2))},
          {"DRAM", std::clamp(2 * l3, 512 * mebi, 1024 * mebi)}};
}

} // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  if (values.empty())
    return 0;
  return values.size() % 2 ? values[half]
                           : (values[half - 1] + values[half]) / 2;
}

Roofline measureRoofline(std::size_t threads, int rounds) {
  MachineProbe probe(threads);
  const std::vector<Footprint> sizes = footprints(probe.threads());
  std::vector<double> flops, forkJoin, pingPong;
  std::vector<std::array<std::vector<double>, traffics.size()>> bandwidths(
      sizes.size());
  for (int round = 0; round < rounds; ++round) {
    flops.push_back(probe.flops());
    forkJoin.push_back(probe.forkJoin());
    pingPong.push_back(probe.pingPong());
    // The largest first: memory is allocated and touched once.
    for (std::size_t s = sizes.size(); s-- > 0;)
      for (std::size_t t = 0; t < traffics.size(); ++t)
        bandwidths[s][t].push_back(
            probe.bandwidth(traffics[t], sizes[s].bytes));
  }
  Roofline result{
      probe.threads(), median(flops), median(forkJoin), median(pingPong), {}};
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    const auto &of = bandwidths[s];
    result.levels.push_back({sizes[s].name, sizes[s].bytes, median(of[0]),
                             median(of[1]), median(of[2]), median(of[3]),
                             median(of[4])});
  }
  return result;
}

nlohmann::ordered_json toJson(const Roofline &roofline) {
  nlohmann::ordered_json result = {{"threads", roofline.threads},
                                   {"gflops", roofline.flops / 1e9},
                                   {"fork_join_us", roofline.forkJoin * 1e6},
                                   {"ping_pong_ns", roofline.pingPong * 1e9},
                                   {"levels", nlohmann::json::array()}};
  for (const LevelBandwidth &level : roofline.levels)
    result["levels"].push_back({{"name", level.name},
                                {"bytes", level.footprint},
                                {"read_gbs", level.read / 1e9},
                                {"write_gbs", level.write / 1e9},
                                {"stream_write_gbs", level.streamWrite / 1e9},
                                {"copy_gbs", level.copy / 1e9},
                                {"stream_copy_gbs", level.streamCopy / 1e9}});
  return result;
}

static void print(const Roofline &roofline) {
  fmt::print("{} thread{}: {:.1f} GFLOP/s (f32), fork-join {:.2f} us",
             roofline.threads, roofline.threads == 1 ? "" : "s",
             roofline.flops / 1e9, roofline.forkJoin * 1e6);
  if (roofline.threads > 1)
    fmt::print(", ping-pong {:.0f} ns", roofline.pingPong * 1e9);
  fmt::print("\n  {:<5} {:>12} {:>8} {:>8} {:>8} {:>8} {:>8}   GB/s\n", "level",
             "bytes", "read", "write", "nt", "copy", "nt");
  for (const LevelBandwidth &level : roofline.levels)
    fmt::print("  {:<5} {:>12} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f}\n",
               level.name, level.footprint, level.read / 1e9, level.write / 1e9,
               level.streamWrite / 1e9, level.copy / 1e9,
               level.streamCopy / 1e9);
}

Exit reportRooflines(const std::vector<std::size_t> &threads, int rounds,
                     bool json) {
  nlohmann::ordered_json report = {{"roofline", nlohmann::json::array()}};
  for (std::size_t count : threads) {
    const Roofline roofline = measureRoofline(count, rounds);
    if (json)
      report["roofline"].push_back(toJson(roofline));
    else
      print(roofline);
  }
  if (json)
    fmt::print("{}\n", report.dump(2));
  return Exit::Done;
}

} // namespace mg::driver
