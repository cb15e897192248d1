//===- Contrib.cpp - operators of other domains that exporters write ------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::contrib() { return {}; }

} // namespace mg::onnx
