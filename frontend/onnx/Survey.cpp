//===- Survey.cpp - which operators a model has, and which we have --------===//
#include "frontend/onnx/Survey.h"

#include <set>

namespace mg::onnx {

namespace {

class Surveyor {
public:
  explicit Surveyor(const Document &document) : document(document) {}

  std::vector<OperatorUse> uses;

  void visit(const std::vector<Node> &nodes, const FunctionDef *inside) {
    for (const Node &node : nodes) {
      count(node, inside);
      for (const Attribute &attribute : node.attributes) {
        if (attribute.graph)
          visit(attribute.graph->nodes, inside);
        for (const auto &graph : attribute.graphs)
          visit(graph->nodes, inside);
      }
      const FunctionDef *function = document.function(node);
      if (function && entered.insert(function).second)
        visit(function->nodes, function);
    }
  }

private:
  void count(const Node &node, const FunctionDef *inside) {
    const int version = document.version(node.domain, inside);
    const std::string_view domain =
        node.domain == "ai.onnx" ? std::string_view() : node.domain;
    const auto [place, isNew] =
        places.emplace(std::tuple(domain, node.op, version), uses.size());
    if (!isNew) {
      ++uses[place->second].count;
      return;
    }
    const bool supported =
        document.function(node) || findOperator(domain, node.op, version);
    uses.push_back({domain, node.op, version, 1, &node, supported});
  }

  const Document &document;
  std::map<std::tuple<std::string_view, std::string_view, int>, std::size_t>
      places;
  std::set<const FunctionDef *> entered;
};

} // namespace

std::vector<OperatorUse> survey(const Document &document) {
  Surveyor surveyor(document);
  surveyor.visit(document.model().graph.nodes, nullptr);
  return std::move(surveyor.uses);
}

} // namespace mg::onnx
