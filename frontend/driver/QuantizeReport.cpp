//===- QuantizeReport.cpp - what quantization saves, and what it costs ----===//
#include "frontend/driver/QuantizeReport.h"

#include "frontend/driver/Quantity.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mg::driver {

namespace {

double toDecibels(double signal, double noise) {
  return noise > 0 ? 10 * std::log10(signal / noise)
                   : std::numeric_limits<double>::infinity();
}

std::string decibelText(double value) {
  return std::isfinite(value) ? fmt::format("{:.1f} dB", value) : "exact";
}

nlohmann::json decibelJson(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

const char *nameOf(WeightBits bits) {
  return bits == WeightBits::Four ? "int4" : "int8";
}

} // namespace

void Deviation::add(const eager::Array &expected, const eager::Array &got) {
  const std::vector<float> x = toFloats(expected), y = toFloats(got);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::fabs(double(y[i]) - x[i]);
    signal += double(x[i]) * x[i];
    noise += difference * difference;
    worst = std::max(worst, difference);
  }
}

double Deviation::decibels() const { return toDecibels(signal, noise); }

double Deviation::relative() const {
  return noise > 0 ? std::sqrt(noise / signal) : 0;
}

std::int64_t countRight(const eager::Array &output,
                        const std::vector<std::int64_t> &labels) {
  const std::vector<float> values = toFloats(output);
  const std::size_t classes = values.size() / labels.size();
  std::int64_t right = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const auto begin =
        values.begin() + static_cast<std::ptrdiff_t>(row * classes);
    const auto most =
        std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes));
    right += most - begin == labels[row];
  }
  return right;
}

void QuantizeReport::print(std::FILE *file) const {
  std::size_t width = 6;
  for (const QuantizedProduct &product : products)
    width = std::max(width, product.name.size());
  fmt::print(file, "{:{}}  {:13} {:>11} {:>11} {:>9} {:>9} {:>10}\n", "weight",
             width, "as", "bytes", "before", "weight's", "result's", "worst");
  for (std::size_t i = 0; i < products.size(); ++i) {
    const QuantizedProduct &product = products[i];
    if (!product.reason.empty()) {
      fmt::print(file, "{:{}}  as it was: {}\n", product.name, width,
                 product.reason);
      continue;
    }
    fmt::print(file, "{:{}}  {:13} {:>11} {:>11} {:>9} {:>9} {:>10.3g}\n",
               product.name, width,
               fmt::format("{} x {}", nameOf(product.weights),
                           product.activations ? "int8" : "float"),
               product.bytesAfter, product.bytesBefore,
               decibelText(toDecibels(product.signal, product.noise)),
               decibelText(errors[i].decibels()), errors[i].worst);
  }
  fmt::print(file, "all weights: {} bytes, before {}: {:.2f} times less\n",
             bytesAfter, bytesBefore,
             double(bytesBefore) /
                 double(std::max<std::size_t>(1, bytesAfter)));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    fmt::print(file, "{}: relative error {:.3g}, worst {:.3g}\n", outputs[i],
               outputErrors[i].relative(), outputErrors[i].worst);
  if (rows)
    fmt::print(file, "top-1: {} of {} right, before {}\n", rightAfter, rows,
               rightBefore);
}

std::string QuantizeReport::json() const {
  nlohmann::json report;
  report["layers"] = nlohmann::json::array();
  for (std::size_t i = 0; i < products.size(); ++i) {
    const QuantizedProduct &product = products[i];
    nlohmann::json layer = {{"name", product.name},
                            {"bytes_before", product.bytesBefore},
                            {"bytes_after", product.bytesAfter}};
    if (!product.reason.empty()) {
      layer["left"] = product.reason;
    } else {
      layer["weights"] = nameOf(product.weights);
      layer["activations"] = product.activations ? "int8" : "float";
      layer["weight_sqnr_db"] =
          decibelJson(toDecibels(product.signal, product.noise));
      layer["result_sqnr_db"] = decibelJson(errors[i].decibels());
      layer["worst"] = errors[i].worst;
    }
    report["layers"].push_back(layer);
  }
  report["bytes_before"] = bytesBefore;
  report["bytes_after"] = bytesAfter;
  report["calls"] = calls;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    report["outputs"][outputs[i]] = {
        {"relative_error", outputErrors[i].relative()},
        {"worst", outputErrors[i].worst}};
  if (rows)
    report["top1"] = {
        {"rows", rows}, {"before", rightBefore}, {"after", rightAfter}};
  return report.dump(2);
}

} // namespace mg::driver
