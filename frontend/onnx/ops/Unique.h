//===- Unique.h - the distinct elements of a tensor -----------------------===//
#ifndef MG_FRONTEND_ONNX_OPS_UNIQUE_H
#define MG_FRONTEND_ONNX_OPS_UNIQUE_H

#include "frontend/onnx/Operators.h"

namespace mg::onnx {

/// The operator Unique.
Tensors unique(const Call &call);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPS_UNIQUE_H
