//===- Activation.cpp - functions between layers --------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::activation() { return {}; }

} // namespace mg::onnx
