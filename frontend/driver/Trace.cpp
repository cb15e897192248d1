//===- Trace.cpp - what happened when, as a Chrome trace ------------------===//
#include "frontend/driver/Trace.h"

#include "frontend/io/WholeFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/TimeProfiler.h"
#include "llvm/Support/raw_ostream.h"

#include <nlohmann/json.hpp>

namespace mg::driver {

namespace {
std::vector<TraceSpan> spans;
bool tracing = false;
/// A row of its own in the viewer, beside the compiler's.
constexpr int runThread = 1;
} // namespace

void traceSpan(TraceSpan span) {
  if (tracing)
    spans.push_back(std::move(span));
}

bool isTracing() { return tracing; }

Trace::Trace(std::string file) : path(std::move(file)) {
  if (path.empty())
    return;
  tracing = true;
  start = TraceClock::now();
  llvm::timeTraceProfilerInitialize(/*TimeTraceGranularity=*/20, "mgc");
}

Trace::~Trace() {
  if (path.empty())
    return;
  tracing = false;
  llvm::timeTraceProfilerCleanup();
}

void Trace::write() const {
  if (path.empty())
    return;
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::timeTraceProfilerWrite(stream);
  auto trace = nlohmann::json::parse(text.begin(), text.end());
  const auto microseconds = [](auto duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
  };
  const auto process = trace["traceEvents"].empty()
                           ? nlohmann::json(1)
                           : trace["traceEvents"][0]["pid"];
  for (const TraceSpan &span : spans) {
    nlohmann::json facts = nlohmann::json::object();
    for (const auto &[name, value] : span.facts)
      facts[name] = value;
    trace["traceEvents"].push_back(
        {{"name", span.name},
         {"cat", "run"},
         {"ph", "X"},
         {"pid", process},
         {"tid", runThread},
         {"ts", microseconds(span.begin - start)},
         {"dur", microseconds(span.end - span.begin)},
         {"args", facts}});
  }
  io::writeWholeFile(path, trace.dump());
}

} // namespace mg::driver
