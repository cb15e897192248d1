//===- Resizing.cpp - resize, grid sample, affine grid --------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::resizing() { return {}; }

} // namespace mg::onnx
