//===- Indexing.cpp - gather, scatter, one-hot, and shapes that depend on values
//===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::indexing() { return {}; }

} // namespace mg::onnx
