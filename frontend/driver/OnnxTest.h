//===- OnnxTest.h - a model with the results that are expected of it ------===//
//
// The layout of ONNX's own tests: a folder holds model.onnx, folders
// test_data_set_N beside it, and each of those input_0.pb, input_1.pb, .. and
// output_0.pb, .., one TensorProto per input and output of the graph, in its
// order. A data.json beside the model may say `rtol` and `atol`.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DRIVER_ONNXTEST_H
#define MG_FRONTEND_DRIVER_ONNXTEST_H

#include "frontend/driver/LoadedModel.h"

#include <optional>

namespace mg::driver {

struct OnnxTestOptions {
  /// Holds the data sets; empty: no test.
  std::string folder = {};
  /// Else those of the data.json, else those of ONNX's own runner.
  std::optional<double> atol = {}, rtol = {};
  /// The eager mode is compared with the expected results, too, and with the
  /// compiled code.
  bool eager = false;
};

/// The model that a folder of tests is for.
std::string modelOfTest(const std::string &folder);

/// Runs the model on every data set, and compares. A result that depends on a
/// random operator is compared by its type.
///
/// Where an operator must know an input before the model runs (the shape that a
/// Reshape is given), the model is compiled for the value that the data set
/// has.
Exit runOnnxTest(const Options &options, const ModelSource &source,
                 const OnnxTestOptions &test);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_ONNXTEST_H
