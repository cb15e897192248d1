//===- Pooling.cpp - pools ------------------------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::pooling() { return {}; }

} // namespace mg::onnx
