//===- Control.cpp - If, Loop, Scan ---------------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::control() { return {}; }

} // namespace mg::onnx
