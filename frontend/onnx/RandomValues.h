//===- RandomValues.h - results that nobody can foretell ------------------===//
#ifndef MG_FRONTEND_ONNX_RANDOMVALUES_H
#define MG_FRONTEND_ONNX_RANDOMVALUES_H

#include "frontend/onnx/Model.h"

#include <set>

namespace mg::onnx {

/// The names of all values in the graph that depend on an operator whose
/// numbers ONNX leaves to the implementation: random ones, and a dropout that
/// drops.
std::set<std::string_view> randomValues(const Graph &graph);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_RANDOMVALUES_H
