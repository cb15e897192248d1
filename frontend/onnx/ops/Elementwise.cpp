//===- Elementwise.cpp - arithmetic, comparison, logic, casts -------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::elementwise() { return {}; }

} // namespace mg::onnx
