//===- Random.cpp - random numbers ----------------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::random() { return {}; }

} // namespace mg::onnx
