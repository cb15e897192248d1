//===- RandomValues.cpp - results that nobody can foretell ----------------===//
#include "frontend/onnx/RandomValues.h"

#include <algorithm>

namespace mg::onnx {

using Names = std::set<std::string_view>;

/// Since version 12 operand 2 of a dropout says that it drops.
static bool isRandom(const Node &node) {
  constexpr std::string_view operators[] = {
      "Bernoulli",        "Multinomial",   "RandomNormal",
      "RandomNormalLike", "RandomUniform", "RandomUniformLike",
  };
  return std::find(std::begin(operators), std::end(operators), node.op) !=
             std::end(operators) ||
         (node.op == "Dropout" && node.inputs.size() > 2 &&
          !node.inputs[2].empty());
}

static void follow(const Graph &graph, Names &random);

/// Whether `node` reads one of `random`, or a graph inside of it does.
static bool depends(const Node &node, Names &random) {
  bool found = isRandom(node);
  for (std::string_view name : node.inputs)
    found |= random.contains(name);
  for (const Attribute &attribute : node.attributes) {
    std::vector<std::shared_ptr<Graph>> graphs = attribute.graphs;
    graphs.push_back(attribute.graph);
    for (const auto &graph : graphs) {
      if (!graph)
        continue;
      follow(*graph, random);
      for (const ValueInfo &output : graph->outputs)
        found |= random.contains(output.name);
    }
  }
  return found;
}

static void follow(const Graph &graph, Names &random) {
  for (const Node &node : graph.nodes)
    if (depends(node, random))
      for (std::string_view output : node.outputs)
        if (!output.empty())
          random.insert(output);
}

std::set<std::string_view> randomValues(const Graph &graph) {
  Names random;
  follow(graph, random);
  return random;
}

} // namespace mg::onnx
