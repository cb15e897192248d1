//===- Trace.h - what happened when, as a Chrome trace --------------------===//
//
// `--trace FILE`: the passes of the compiler, by LLVM's time profiler, and the
// kernels of a run, in one file on one clock. For chrome://tracing, Perfetto.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_TRACE_H
#define MG_FRONTEND_DRIVER_TRACE_H

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace mg::driver {

using TraceClock = std::chrono::steady_clock;

struct TraceSpan {
  std::string name;
  TraceClock::time_point begin, end;
  /// What a viewer shows of it.
  std::vector<std::pair<std::string, std::string>> facts = {};
};

/// Remembers a span where a trace is being written; else does nothing.
void traceSpan(TraceSpan span);
bool isTracing();

/// Of this process, while it lives.
class Trace {
public:
  /// Empty: none.
  explicit Trace(std::string path);
  ~Trace();
  Trace(const Trace &) = delete;
  void write() const;

private:
  std::string path;
  TraceClock::time_point start;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_TRACE_H
