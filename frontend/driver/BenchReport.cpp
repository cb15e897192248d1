//===- BenchReport.cpp - what bench prints and writes ---------------------===//
#include "frontend/driver/BenchModel.h"
#include "frontend/driver/Quantity.h"
#include "frontend/driver/Roofline.h"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <thread>
#include <unistd.h>

namespace mg::driver {

namespace {

constexpr double micro = 1e6, giga = 1e-9;

/// Half of what lies between the first and the third quarter, of the median.
double spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values[n - 1 - n / 4] - values[n / 4]) / 2 / median(values);
}

double eagerSeconds(const BenchResult &result) {
  return median(result.variants.front().seconds);
}

std::string runName(const BenchResult &result, const VariantResult &variant) {
  return fmt::format("{}/{}/{}/threads:{}", result.model, result.entry,
                     variant.name, result.threads);
}

/// What every row says of a time.
nlohmann::ordered_json counters(const BenchResult &result,
                                const VariantResult &variant, double seconds) {
  return {{"flops", result.flops / seconds},
          {"bytes_per_second", variant.bytes / seconds},
          {"bound_us", result.bound() * micro},
          {"share_of_bound", result.bound() / seconds},
          {"peak_bytes", variant.peakBytes},
          {"speedup", eagerSeconds(result) / seconds}};
}

nlohmann::ordered_json row(const BenchResult &result,
                           const VariantResult &variant, std::size_t family,
                           std::size_t instance) {
  return {{"name", runName(result, variant)},
          {"family_index", family},
          {"per_family_instance_index", instance},
          {"run_name", runName(result, variant)},
          {"run_type", "iteration"},
          {"repetitions", variant.seconds.size()},
          {"threads", result.threads}};
}

void addRows(const BenchResult &result, std::size_t family,
             nlohmann::ordered_json &rows) {
  for (std::size_t v = 0; v < result.variants.size(); ++v) {
    const VariantResult &variant = result.variants[v];
    nlohmann::ordered_json base = row(result, variant, family, v);
    const auto add = [&](double seconds, double cpu) {
      base["iterations"] = variant.iterations;
      base["real_time"] = seconds * micro;
      base["cpu_time"] = cpu * micro;
      base["time_unit"] = "us";
      base.update(counters(result, variant, seconds));
      rows.push_back(base);
    };
    for (std::size_t i = 0; i < variant.seconds.size(); ++i) {
      base["repetition_index"] = i;
      add(variant.seconds[i], variant.cpuSeconds[i]);
    }
    base.erase("repetition_index");
    base["name"] = runName(result, variant) + "_median";
    base["run_type"] = "aggregate";
    base["aggregate_name"] = "median";
    base["aggregate_unit"] = "time";
    add(median(variant.seconds), median(variant.cpuSeconds));
  }
}

nlohmann::ordered_json context(const std::vector<BenchResult> &results) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  nlohmann::ordered_json machine = nlohmann::json::array();
  for (const BenchResult &result : results)
    machine.push_back({{"entry", result.entry},
                       {"threads", result.threads},
                       {"peak_flops", median(result.peak)},
                       {"bytes_per_second", median(result.bandwidth)},
                       {"footprint_bytes", result.leastBytes},
                       {"flop", result.flops}});
  return {{"date", fmt::format("{:%Y-%m-%dT%H:%M:%S+00:00}",
                               fmt::gmtime(std::time(nullptr)))},
          {"host_name", host},
          {"executable", "mgc bench"},
          {"num_cpus", std::thread::hardware_concurrency()},
          {"mhz_per_cpu", 0},
          {"cpu_scaling_enabled", false},
          {"caches", nlohmann::json::array()},
          {"library_build_type", "release"},
          {"machine", machine}};
}

nlohmann::ordered_json kernelRows(const BenchResult &result) {
  nlohmann::ordered_json rows = nlohmann::json::array();
  for (std::size_t i = 0; i < result.kernels.size(); ++i) {
    const codegen::KernelFacts &kernel = result.report->made.kernels[i];
    rows.push_back({{"entry", result.entry},
                    {"threads", result.threads},
                    {"kernel", kernel.id},
                    {"what", workText(kernel)},
                    {"lines", kernel.lines},
                    {"us", result.kernels[i].seconds * micro},
                    {"runs", result.kernels[i].runs},
                    {"flops", kernel.flops},
                    {"bytes", kernel.bytesRead + kernel.bytesWritten}});
  }
  return rows;
}

constexpr const char *head = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mgc bench</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; }
td, th { padding: 2px 10px; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; }
svg { background: #fafafa; border: 1px solid #ddd; }
text { font: 11px system-ui, sans-serif; }
.roof { stroke: #444; fill: none; stroke-width: 2; }
.eager { fill: #b04a4a; } .unfused { fill: #c08030; } .fused { fill: #2f7d3b; }
</style>
<h1>mgc bench</h1>
)";

/// A log-log plot of one result: FLOP per byte moved to the right, FLOP per
/// second upward, under the machine's roof.
class RooflinePlot {
public:
  explicit RooflinePlot(const BenchResult &result) : result(result) {
    for (const VariantResult &variant : result.variants) {
      const double x = intensity(variant), y = rate(variant);
      left = std::min(left, x / 4);
      right = std::max(right, x * 4);
      low = std::min(low, y / 4);
      high = std::max(high, y * 4);
    }
    const double ridge = median(result.peak) / median(result.bandwidth);
    right = std::max(right, ridge * 4);
    left = std::min(left, ridge / 4);
    high = std::max(high, median(result.peak) * 2);
    low = std::min(low, left * median(result.bandwidth));
  }

  std::string draw() const {
    const double ridge = median(result.peak) / median(result.bandwidth);
    std::string svg = fmt::format(
        "<svg class=\"plot\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
        "{1}\">\n<path class=\"roof\" d=\"M{2:.1f} {3:.1f}L{4:.1f} "
        "{5:.1f}L{6:.1f} {5:.1f}\"/>\n<text x=\"8\" y=\"14\">{7:.1f} GFLOP/s; "
        "{8:.1f} GB/s; FLOP per byte to the right</text>\n",
        width, height, x(left), y(left * median(result.bandwidth)), x(ridge),
        y(median(result.peak)), x(right), median(result.peak) * giga,
        median(result.bandwidth) * giga);
    for (const VariantResult &variant : result.variants)
      svg += fmt::format(
          "<circle class=\"point {0}\" cx=\"{1:.1f}\" cy=\"{2:.1f}\" "
          "r=\"6\"><title>{0}</title></circle><text x=\"{3:.1f}\" "
          "y=\"{4:.1f}\">{0}</text>\n",
          variant.name, x(intensity(variant)), y(rate(variant)),
          x(intensity(variant)) + 9, y(rate(variant)) + 4);
    return svg + "</svg>\n";
  }

private:
  static constexpr double width = 640, height = 360;

  double intensity(const VariantResult &variant) const {
    return std::max(result.flops, 1.0) / std::max(variant.bytes, 1.0);
  }
  double rate(const VariantResult &variant) const {
    return std::max(result.flops, 1.0) / median(variant.seconds);
  }
  double x(double value) const {
    return width * std::log(value / left) / std::log(right / left);
  }
  double y(double value) const {
    return height * (1 - std::log(value / low) / std::log(high / low));
  }

  const BenchResult &result;
  double left = 1, right = 1, low = 1e9, high = 1e9;
};

std::string table(const BenchResult &result) {
  std::string html =
      "<table><tr><th><th>median, us<th>spread<th>GFLOP/s<th>GB/s<th>of "
      "bound<th>peak<th>speed-up</tr>\n";
  for (const VariantResult &variant : result.variants) {
    const double seconds = median(variant.seconds);
    html += fmt::format(
        "<tr class=\"variant\"><td>{}<td>{:.2f}<td>{:.0f} %<td>{:.2f}<td>"
        "{:.2f}<td>{:.0f} %<td>{}<td>{:.2f}</tr>\n",
        variant.name, seconds * micro, 100 * spread(variant.seconds),
        result.flops / seconds * giga, variant.bytes / seconds * giga,
        100 * result.bound() / seconds,
        formatBytes(static_cast<double>(variant.peakBytes)),
        eagerSeconds(result) / seconds);
  }
  return html + "</table>\n";
}

} // namespace

void printBench(const BenchResult &result) {
  fmt::print("{} {}, {} thread{}: {}FLOP on at least {}; this machine {:.1f} "
             "GFLOP/s and {:.1f} GB/s: bound {:.2f} us\n",
             result.model, result.entry, result.threads,
             result.threads == 1 ? "" : "s", withPrefix(result.flops),
             formatBytes(result.leastBytes), median(result.peak) * giga,
             median(result.bandwidth) * giga, result.bound() * micro);
  fmt::print("  {:<8} {:>12} {:>7} {:>9} {:>9} {:>9} {:>10} {:>9}\n", "",
             "median us", "spread", "GFLOP/s", "GB/s", "of bound", "peak",
             "speed-up");
  for (const VariantResult &variant : result.variants) {
    const double seconds = median(variant.seconds);
    fmt::print("  {:<8} {:>12.2f} {:>5.0f} % {:>9.2f} {:>9.2f} {:>7.0f} % "
               "{:>10} {:>9.2f}\n",
               variant.name, seconds * micro, 100 * spread(variant.seconds),
               result.flops / seconds * giga, variant.bytes / seconds * giga,
               100 * result.bound() / seconds,
               formatBytes(static_cast<double>(variant.peakBytes)),
               eagerSeconds(result) / seconds);
  }
  std::fflush(stdout);
}

std::string benchJson(const std::vector<BenchResult> &results) {
  nlohmann::ordered_json report = {{"context", context(results)},
                                   {"benchmarks", nlohmann::json::array()}};
  for (std::size_t i = 0; i < results.size(); ++i)
    addRows(results[i], i, report["benchmarks"]);
  for (const BenchResult &result : results)
    for (auto &kernel : kernelRows(result))
      report["kernels"].push_back(kernel);
  return report.dump(2);
}

std::string benchPage(const std::vector<BenchResult> &results) {
  std::string page = head;
  for (const BenchResult &result : results)
    page +=
        fmt::format("<section>\n<h2>{} {}, {} thread{}</h2>\n<p>{}FLOP on "
                    "at least {}: bound {:.2f} us</p>\n",
                    escapeHtml(result.model), escapeHtml(result.entry),
                    result.threads, result.threads == 1 ? "" : "s",
                    withPrefix(result.flops), formatBytes(result.leastBytes),
                    result.bound() * micro) +
        table(result) + RooflinePlot(result).draw() + "</section>\n";
  return page + "</html>\n";
}

} // namespace mg::driver
