//===- DoctorModel.cpp - what of a model is not supported -----------------===//
#include "frontend/driver/DoctorModel.h"

#include "frontend/driver/LoadedModel.h"
#include "frontend/driver/Supervise.h"
#include "frontend/io/FileError.h"
#include "frontend/onnx/Interpreter.h"
#include "frontend/onnx/Survey.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

namespace mg::driver {

namespace {

/// What the model says and we cannot do: a line of the report.
struct Finding {
  std::string place, reason;
};

std::string nameOf(std::string_view domain, std::string_view name) {
  return domain.empty() ? std::string(name)
                        : fmt::format("{}.{}", domain, name);
}

nlohmann::ordered_json toJson(const onnx::OperatorUse &use) {
  return {{"operator", use.name},
          {"domain", use.domain},
          {"version", use.version},
          {"count", use.count},
          {"first", onnx::titleOf(*use.first)},
          {"supported", use.supported}};
}

void printUses(const std::vector<onnx::OperatorUse> &uses, bool all) {
  if (std::none_of(uses.begin(), uses.end(),
                   [&](const auto &use) { return all || !use.supported; }))
    return;
  fmt::print("{:<32} {:>7} {:>6}  {}\n", "operator", "version", "nodes",
             "first");
  for (const onnx::OperatorUse &use : uses)
    if (all || !use.supported)
      fmt::print("{:<32} {:>7} {:>6}  {}{}\n", nameOf(use.domain, use.name),
                 use.version, use.count, onnx::titleOf(*use.first),
                 use.supported ? "" : ": not supported");
}

/// Whether sizes that nobody gave stopped the reader, and no fault of the
/// model's.
bool hasOpenSizes(const onnx::Document &document) {
  const auto inputs = onnx::graphInputs(document);
  return std::any_of(inputs.begin(), inputs.end(), [](const auto *input) {
    return !input->shape ||
           std::any_of(input->shape->begin(), input->shape->end(),
                       [](const auto &d) { return !d.size || *d.size < 0; });
  });
}

/// Reads the model as `compile` would.
std::optional<Finding> tryReading(const Options &options,
                                  const ModelSource &source,
                                  const onnx::Document &document) {
  try {
    const LoadedModel model(options, source);
  } catch (const io::FileError &error) {
    if (error.status == MG_ERROR_UNSUPPORTED)
      return Finding{error.path, error.reason};
    if (error.status != MG_ERROR_SHAPE || !hasOpenSizes(document))
      throw;
    fmt::print(stderr, "mgc: note: {}: {}: nodes were not looked at\n",
               error.path, error.reason);
  }
  return std::nullopt;
}

Exit examine(const Options &options, const ModelSource &source) {
  const onnx::Document document(source.path, source.bytes, source.owner);
  const std::vector<onnx::OperatorUse> uses = onnx::survey(document);
  const auto missing = std::count_if(
      uses.begin(), uses.end(), [](const auto &use) { return !use.supported; });
  const std::optional<Finding> finding =
      missing ? std::nullopt : tryReading(options, source, document);
  if (options.json) {
    nlohmann::ordered_json report;
    report["opset"] = document.version("");
    report["operators"] = nlohmann::ordered_json::array();
    for (const onnx::OperatorUse &use : uses)
      report["operators"].push_back(toJson(use));
    if (finding)
      report["not_supported"] = {{"where", finding->place},
                                 {"reason", finding->reason}};
    fmt::print("{}\n", report.dump(2));
  } else {
    printUses(uses, options.verbose);
    if (finding)
      fmt::print("{}: {}\n", finding->place, finding->reason);
    fmt::print("{} operators of {} kinds, {} not supported\n",
               std::accumulate(uses.begin(), uses.end(), std::size_t(0),
                               [](std::size_t sum, const auto &use) {
                                 return sum + use.count;
                               }),
               uses.size(), missing);
  }
  return missing || finding ? Exit::Unsupported : Exit::Done;
}

} // namespace

Exit doctorModel(const Options &options, const ModelSource &source) {
  enterStage(Stage::Reading);
  if (onnx::looksLikeModel(source.bytes))
    return examine(options, source);
  const LoadedModel model(options, source);
  fmt::print("{}\n", options.json ? "{}" : "all ops are supported");
  return Exit::Done;
}

Exit listOperators(bool json) {
  std::vector<std::pair<std::string, std::vector<int>>> rows;
  for (const onnx::Definition &definition : onnx::allOperators()) {
    const std::string name = nameOf(definition.domain, definition.name);
    if (rows.empty() || rows.back().first != name)
      rows.emplace_back(name, std::vector<int>());
    rows.back().second.push_back(definition.since);
  }
  if (json) {
    nlohmann::ordered_json report;
    for (const auto &[name, since] : rows)
      report[name] = since;
    fmt::print("{}\n", report.dump(2));
    return Exit::Done;
  }
  for (const auto &[name, since] : rows)
    fmt::print("{:<40} {}\n", name, fmt::join(since, ", "));
  return Exit::Done;
}

} // namespace mg::driver
