//===- Convolution.cpp - conv and its kin ---------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::convolution() { return {}; }

} // namespace mg::onnx
