//===- QuantizeModel.h - the verb quantize --------------------------------===//
#ifndef MG_FRONTEND_DRIVER_QUANTIZEMODEL_H
#define MG_FRONTEND_DRIVER_QUANTIZEMODEL_H

#include "frontend/driver/LoadedModel.h"

namespace mg::driver {

struct QuantizeOptions {
  /// A folder, see CalibrationData.h.
  std::string data;
  /// A .mlir file; empty: MODEL's name with the weights' in its ending.
  std::string out;
  /// "int8" or "int4", "f32" or "int8".
  std::string weights = "int8", activations = "f32";
  /// Of an input's numbers, those that its range is to hold.
  double percentile = 100;
};

/// Runs the model on the data, writes it with products by quantized weights
/// (and the weights beside it), and reports what that saves and what it costs.
Exit quantizeModel(const Options &options, const ModelSource &source,
                   const QuantizeOptions &quantize);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_QUANTIZEMODEL_H
