//===- Normalization.cpp - norms and softmax ------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::normalization() { return {}; }

} // namespace mg::onnx
