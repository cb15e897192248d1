//===- Loss.cpp - losses --------------------------------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::loss() { return {}; }

} // namespace mg::onnx
