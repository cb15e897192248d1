//===- Reduction.cpp - reductions, cumulative ops, order ------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::reduction() { return {}; }

} // namespace mg::onnx
