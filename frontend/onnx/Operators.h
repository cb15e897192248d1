//===- Operators.h - what each operator of ONNX means ---------------------===//
//
// An operator is a function from a Call to tensors, written in the DSL's ops.
// It does not know whether it is traced or runs at once: operands whose values
// are known at import (constants, shapes, and what is computed of them) are
// eager tensors, and what is computed of eager tensors only is computed then
// (frontend/dsl/Folding.h). So the shape that a subgraph of Shape, Gather and
// Concat computes is there when Reshape asks for it.
//
// Operators stand in tables by family, ops/*.cpp; an entry holds from its
// version of the domain on, until the next entry of that name.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_ONNX_OPERATORS_H
#define MG_FRONTEND_ONNX_OPERATORS_H

#include "frontend/onnx/CausalMasks.h"
#include "frontend/onnx/Model.h"
#include "frontend/onnx/Tensors.h"
#include "mg/ops.h"
#include "minigrad/status.h"

#include <functional>
#include <span>

namespace mg::onnx {

using Tensors = std::vector<Tensor>;

/// What is wrong with a node; the importer says which node. `status` is
/// MG_ERROR_SHAPE for one that breaks a rule, MG_ERROR_UNSUPPORTED for a
/// meaning that we do not have.
struct NodeError : std::runtime_error {
  NodeError(mg_status status, const std::string &reason)
      : std::runtime_error(reason), status(status) {}
  mg_status status;
};

/// What an operator asks of the importer.
class Host {
public:
  virtual ~Host() = default;
  /// The elements of an attribute's tensor.
  virtual Tensor tensor(const TensorData &data) = 0;
  /// Runs a graph of the node's on `inputs`, in number as the graph has them;
  /// it sees the values around the node.
  virtual Tensors run(const Graph &graph, const Tensors &inputs) = 0;
  /// The type that the file says a value has, where it does: a tensor does not
  /// tell an integer of 4 bits from one of 8.
  virtual ElementType elementType(std::string_view) const {
    return ElementType::undefined;
  }
  /// What the operators of this graph found out about their results.
  CausalMasks causal;
};

/// A node to be computed: attributes, operands, and the version of its domain.
class Call {
public:
  const Node &node;
  /// As the model imports the node's domain.
  int version;
  /// One that was left out is an empty tensor; trailing ones may be missing.
  Tensors inputs;
  Host &host;

  /// Throws NodeError: `rule` is broken.
  [[noreturn]] void fail(const std::string &rule) const;
  /// Throws NodeError: `what` is legal, but not supported.
  [[noreturn]] void unsupported(const std::string &what) const;

  // Operands.
  bool has(std::size_t i) const {
    return i < inputs.size() && !inputs[i].empty();
  }
  /// Operand i, which must be there.
  const Tensor &operator[](std::size_t i) const;
  /// Operand i, or an empty tensor.
  Tensor optional(std::size_t i) const { return has(i) ? inputs[i] : Tensor(); }
  /// Whether the node names result i.
  bool wants(std::size_t i) const {
    return i < node.outputs.size() && !node.outputs[i].empty();
  }
  /// Whether the value of `t` is known at import.
  static bool isKnown(const Tensor &t);
  /// The elements of operand i, which must be known: unsupported otherwise,
  /// `what` says which it is ("the shape").
  std::vector<std::int64_t> integers(std::size_t i, const char *what) const;
  std::vector<double> numbers(std::size_t i, const char *what) const;
  std::int64_t integer(std::size_t i, const char *what) const;
  double number(std::size_t i, const char *what) const;

  // Attributes. Of another kind than asked for: fail.
  const Attribute *attribute(std::string_view name) const;
  bool has(std::string_view name) const { return attribute(name) != nullptr; }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
  bool flag(std::string_view name, bool otherwise = false) const {
    return integer(name, otherwise) != 0;
  }
  double number(std::string_view name, double otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::optional<std::vector<std::int64_t>>
  integers(std::string_view name) const;
  std::optional<std::vector<double>> numbers(std::string_view name) const;
  Tensor tensor(std::string_view name) const;
  const Graph &graph(std::string_view name) const;
  /// The dtype that an integer attribute such as `to` names; unsupported where
  /// we have none of it.
  DType dtype(std::string_view name, DType otherwise) const;

  /// Attribute `name` until `since`, from then on operand i: how axes, pads and
  /// ratios moved. None where neither is given.
  std::optional<std::vector<std::int64_t>>
  moved(std::string_view name, int since, std::size_t i) const;

  /// `axis` counted from the front, within 0 .. rank - 1; fails otherwise.
  int axis(std::int64_t axis, std::int64_t rank) const;
};

using Operator = Tensors (*)(const Call &);

struct Definition {
  /// "" is ONNX's own.
  std::string_view domain;
  std::string_view name;
  /// The first version of the domain at which it means this.
  int since;
  Operator function;
};

/// The operator that `name` means at `version`; null where there is none.
const Definition *findOperator(std::string_view domain, std::string_view name,
                               int version);
/// All of them, ordered by domain, name and version.
std::span<const Definition> allOperators();

/// The newest version of ONNX's own domain that the tables know.
inline constexpr int newestOpset = 28;
/// Below 7 there are the operators whose meaning has not changed until then.
inline constexpr int oldestOpset = 1;

using Family = std::span<const Definition>;
/// Each is a file of the same name in ops/.
namespace families {
Family elementwise();
Family activation();
Family shape();
Family movement();
Family indexing();
Family reduction();
Family contraction();
Family convolution();
Family pooling();
Family normalization();
Family resizing();
Family signal();
Family detection();
Family loss();
Family recurrent();
Family control();
Family quantized();
Family integerProducts();
Family attention();
Family contrib();
Family contribAttention();
Family contribQuantized();
Family random();
Family training();
} // namespace families

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_OPERATORS_H
