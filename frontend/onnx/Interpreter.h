//===- Interpreter.h - a graph's nodes, one after the other ---------------===//
//
// Walks a graph in the file's order and calls each node's operator on the
// tensors of its operands. Where a trace is open that writes the graph down as
// ops of the dialect, elsewhere it runs it.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_ONNX_INTERPRETER_H
#define MG_FRONTEND_ONNX_INTERPRETER_H

#include "frontend/onnx/Document.h"

#include <set>

namespace mg::onnx {

class Interpreter : public Host {
public:
  explicit Interpreter(const Document &document) : document(document) {}

  /// Stands in the place of the model's initializer of that name.
  void replace(std::string_view initializer, Tensor by) {
    replaced[initializer] = std::move(by);
  }
  /// Called with each initializer of a graph as it is bound.
  std::function<void(std::string_view name, const Tensor &)> onInitializer;

  /// The model's graph on `inputs`, one per graphInputs(). Throws
  /// io::FileError, which names the node: MG_ERROR_SHAPE where it breaks a
  /// rule, MG_ERROR_UNSUPPORTED where it means what we cannot do.
  Tensors operator()(const Tensors &inputs);

  Tensor tensor(const TensorData &data) override {
    return document.tensor(data);
  }
  Tensors run(const Graph &graph, const Tensors &inputs) override;
  ElementType elementType(std::string_view value) const override;

private:
  using Arguments = std::map<std::string_view, const Attribute *>;
  /// The names of one graph, or of a function's body.
  struct Names {
    std::unordered_map<std::string_view, Tensor> values = {};
    /// Null in a function.
    const Graph *graph = nullptr;
    /// Of the graph around this one; a function sees nothing around it.
    const Names *outer = nullptr;
    const FunctionDef *function = nullptr;
    /// The attributes that the function was called with.
    const Arguments *arguments = nullptr;
  };

  void checkTypes(const Tensors &results) const;
  Tensors runGraph(const Graph &graph,
                   const std::vector<std::string_view> &names,
                   const Tensors &inputs);
  void bind(Names &names, std::string_view name, Tensor value,
            const std::string &place) const;
  /// Null where nothing has the name; an empty tensor where it was left out.
  static const Tensor *find(const Names &names, std::string_view name);
  void visit(const Node &node, Names &names);
  Tensors call(const Node &node, Tensors operands);
  Tensors callFunction(const FunctionDef &function, const Node &node,
                       const Tensors &operands);
  Tensors collect(const Names &names, const Strings &results,
                  const std::string &place) const;

  const Document &document;
  std::map<std::string_view, Tensor> replaced;
  /// The innermost graph that is being walked.
  Names *current = nullptr;
  std::set<const FunctionDef *> active;
  unsigned visited = 0;
};

/// What a caller gives the model: the graph's inputs, less those that an
/// initializer has a value for.
std::vector<const ValueInfo *> graphInputs(const Document &document);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_INTERPRETER_H
