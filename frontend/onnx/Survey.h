//===- Survey.h - which operators a model has, and which we have ----------===//
#ifndef MG_FRONTEND_ONNX_SURVEY_H
#define MG_FRONTEND_ONNX_SURVEY_H

#include "frontend/onnx/Document.h"

namespace mg::onnx {

/// An operator that nodes of a model name.
struct OperatorUse {
  std::string_view domain, name;
  /// As the model imports the domain; 0 where it does not.
  int version;
  std::size_t count;
  /// The first node in the file.
  const Node *first;
  /// Whether a table, or a function of the model, has it.
  bool supported;
};

/// Every operator in the model's graph, the graphs inside of nodes, and the
/// functions that are called, in the order of the first nodes.
std::vector<OperatorUse> survey(const Document &document);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_SURVEY_H
