//===- Attention.cpp - attention and rotary embedding ---------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::attention() { return {}; }

} // namespace mg::onnx
