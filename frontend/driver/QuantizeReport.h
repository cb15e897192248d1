//===- QuantizeReport.h - what quantization saves, and what it costs ------===//
#ifndef MG_FRONTEND_DRIVER_QUANTIZEREPORT_H
#define MG_FRONTEND_DRIVER_QUANTIZEREPORT_H

#include "frontend/driver/QuantizeProducts.h"

#include <cstdio>

namespace mg::driver {

/// How far numbers are from those that they stand for.
struct Deviation {
  double signal = 0, noise = 0, worst = 0;

  void add(const eager::Array &expected, const eager::Array &got);
  /// Signal to noise, in dB; infinite where nothing differs.
  double decibels() const;
  /// The difference's norm in units of the expected one's.
  double relative() const;
};

struct QuantizeReport {
  std::vector<QuantizedProduct> products;
  /// Per product: of its result, where all before it is quantized, too.
  std::vector<Deviation> errors;
  std::vector<std::string> outputs;
  std::vector<Deviation> outputErrors;
  std::size_t bytesBefore = 0, bytesAfter = 0;
  /// Rows of the first output whose largest element is at their label.
  std::int64_t rows = 0, rightBefore = 0, rightAfter = 0;
  std::size_t calls = 0;

  void print(std::FILE *file) const;
  std::string json() const;
};

/// Rows of `output` whose largest element is at their label.
std::int64_t countRight(const eager::Array &output,
                        const std::vector<std::int64_t> &labels);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_QUANTIZEREPORT_H
