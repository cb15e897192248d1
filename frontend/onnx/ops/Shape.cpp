//===- Shape.cpp - shapes as values, and views ----------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::shape() { return {}; }

} // namespace mg::onnx
