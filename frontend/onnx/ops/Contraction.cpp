//===- Contraction.cpp - matmul, gemm, einsum -----------------------------===//
#include "frontend/onnx/Operators.h"

namespace mg::onnx {

Family families::contraction() { return {}; }

} // namespace mg::onnx
