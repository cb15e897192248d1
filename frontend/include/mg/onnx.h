// Models of ONNX as functions: eager, in `jit`, under `grad`.
//
//   auto net = onnx::load("resnet50.onnx");
//   auto loss = [&](const onnx::Weights &w, Tensor x, Tensor labels) {
//     return mean(cross_entropy(net(w, {x})[0], labels));
//   };
//   auto step = jit([&](onnx::Weights w, Tensor x, Tensor labels) {
//     auto [l, g] = value_and_grad(loss)(w, x, labels);
//     ...
//
// The sizes that a model leaves open are those of the tensors it is called
// with.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mg/tensor.h"

namespace mg::onnx {

/// By the names of the model's initializers: a tree, as `grad` takes it.
using Weights = std::map<std::string, Tensor>;

class Network {
public:
  /// In the order of calls and of results.
  const std::vector<std::string> &inputs() const;
  const std::vector<std::string> &outputs() const;
  /// The initializers that hold floats. They show the file's bytes, which must
  /// not change while a tensor of them lives.
  const Weights &weights() const;

  /// The model's outputs; its own weights stand where `weights` has none of the
  /// name. An Error names the node where one does not fit or is not supported.
  std::vector<Tensor> operator()(const Weights &weights,
                                 const std::vector<Tensor> &inputs,
                                 Where where = Where::current()) const;
  std::vector<Tensor> operator()(const std::vector<Tensor> &inputs,
                                 Where where = Where::current()) const;

private:
  struct State;
  friend Network load(const std::string &path, Where where);
  std::shared_ptr<const State> state;
};

/// An Error where the file cannot be read or has operators that are not
/// supported (all of them are named).
Network load(const std::string &path, Where where = Where::current());

} // namespace mg::onnx
