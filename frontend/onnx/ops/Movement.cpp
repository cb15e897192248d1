//===- Movement.cpp - pad, concat, split, tile and their like -------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::movement() { return {}; }

} // namespace mg::onnx
