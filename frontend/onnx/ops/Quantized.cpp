//===- Quantized.cpp - quantized tensors and products ---------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::quantized() { return {}; }

} // namespace mg::onnx
