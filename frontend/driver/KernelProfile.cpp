//===- KernelProfile.cpp - where the time of a call goes ------------------===//
#include "frontend/driver/KernelProfile.h"

#include "frontend/driver/Quantity.h"
#include "frontend/driver/Roofline.h"
#include "frontend/driver/Trace.h"
#include "minigrad/profile.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace mg::driver {

namespace {

struct Event {
  std::int64_t kernel;
  TraceClock::time_point begin, end;
};

/// The hooks of profiled code while this lives.
class Recorder {
public:
  Recorder() : hooks{begin, end, this} { mg_profile_set(&hooks); }
  ~Recorder() { mg_profile_set(nullptr); }
  Recorder(const Recorder &) = delete;

  std::vector<Event> take() { return std::exchange(events, {}); }

private:
  static void begin(void *self, std::int64_t kernel) {
    auto &events = static_cast<Recorder *>(self)->events;
    events.push_back({kernel, {}, {}});
    events.back().begin = TraceClock::now();
  }
  static void end(void *self, std::int64_t) {
    const auto now = TraceClock::now();
    static_cast<Recorder *>(self)->events.back().end = now;
  }

  mg_profile hooks;
  std::vector<Event> events;
};

double bytesOf(const codegen::KernelFacts &kernel) {
  return static_cast<double>(kernel.bytesRead + kernel.bytesWritten);
}

/// Seconds that a kernel needs at least, measured once per size of memory.
class Bounds {
public:
  explicit Bounds(MachineProbe &probe) : probe(probe), peak(probe.flops()) {}

  double of(const codegen::KernelFacts &kernel) {
    // Powers of two, from what one thread's L1 holds to what no cache does.
    const int size =
        std::clamp(static_cast<int>(std::log2(bytesOf(kernel) + 1)), 14, 29);
    double &bandwidth = bandwidths[size];
    if (bandwidth == 0)
      bandwidth = probe.bestBandwidth(std::size_t(1) << size);
    return std::max(kernel.flops / peak, bytesOf(kernel) / bandwidth);
  }

private:
  MachineProbe &probe;
  double peak;
  std::map<int, double> bandwidths;
};

void trace(const EntryReport &entry, const std::vector<Event> &events) {
  for (const Event &event : events) {
    const codegen::KernelFacts &kernel =
        entry.made.kernels[static_cast<std::size_t>(event.kernel -
                                                    entry.made.kernels[0].id)];
    traceSpan({fmt::format("kernel {}: {}", kernel.id, workText(kernel)),
               event.begin,
               event.end,
               {{"lines", linesText(kernel)},
                {"flops", fmt::format("{:g}", kernel.flops)},
                {"bytes", fmt::format("{:g}", bytesOf(kernel))}}});
  }
}

} // namespace

std::vector<KernelTime> profileKernels(const EntryReport &entry, int rounds,
                                       const std::function<void()> &call) {
  const std::size_t count = entry.made.kernels.size();
  std::vector<KernelTime> times(count);
  std::vector<std::vector<double>> seconds(count);
  Recorder recorder;
  call();
  recorder.take();
  std::vector<Event> events;
  for (int round = 0; round < rounds; ++round) {
    call();
    events = recorder.take();
    std::vector<double> sums(count);
    for (KernelTime &time : times)
      time.runs = 0;
    for (const Event &event : events) {
      const auto i =
          static_cast<std::size_t>(event.kernel - entry.made.kernels[0].id);
      sums[i] += std::chrono::duration<double>(event.end - event.begin).count();
      ++times[i].runs;
    }
    for (std::size_t i = 0; i < count; ++i)
      seconds[i].push_back(sums[i]);
  }
  for (std::size_t i = 0; i < count; ++i)
    times[i].seconds = median(seconds[i]);
  trace(entry, events);
  return times;
}

void printProfile(const EntryReport &entry,
                  const std::vector<KernelTime> &times, MachineProbe &probe,
                  std::FILE *file) {
  double total = 0;
  for (const KernelTime &time : times)
    total += time.seconds;
  fmt::print(file, "kernels of {}: {:.1f} us\n", entry.type.name, total * 1e6);
  fmt::print(file, "  {:>3} {:>10} {:>6} {:>6} {:>9} {:>9} {:>8}  {:<12} ops\n",
             "#", "us", "share", "runs", "GFLOP/s", "GB/s", "of bound",
             "lines");
  Bounds bounds(probe);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const codegen::KernelFacts &kernel = entry.made.kernels[i];
    const double runs = static_cast<double>(times[i].runs),
                 seconds = std::max(times[i].seconds, 1e-9);
    fmt::print(file,
               "  {:>3} {:>10.2f} {:>4.0f} % {:>6} {:>9.2f} {:>9.2f} {:>6.0f} "
               "%  {:<12} {}\n",
               kernel.id, times[i].seconds * 1e6,
               total > 0 ? 100 * times[i].seconds / total : 0, times[i].runs,
               kernel.flops * runs / seconds / 1e9,
               bytesOf(kernel) * runs / seconds / 1e9,
               100 * bounds.of(kernel) * runs / seconds,
               shortened(linesText(kernel), 12),
               shortened(workText(kernel), 60));
  }
}

} // namespace mg::driver
