//===- Detection.cpp - boxes and regions ----------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::detection() { return {}; }

} // namespace mg::onnx
