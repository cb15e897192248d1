//===- Load.cpp - ONNX models as functions of the DSL ---------------------===//
#include "mg/onnx.h"

#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/onnx/Interpreter.h"
#include "frontend/onnx/Survey.h"
#include "frontend/tensor/Value.h"

#include <fmt/format.h>

namespace mg::onnx {

struct Network::State {
  State(const std::string &path, const io::MappedFile &file)
      : document(path, file.bytes, file.owner) {}

  Document document;
  std::vector<const ValueInfo *> arguments = {};
  std::vector<std::string> inputs = {}, outputs = {};
  Weights weights = {};
};

namespace {

bool isFloat(DType dtype) { return dtype >= DType::f16; }

void checkOperators(const Document &document, Where where) {
  std::string missing;
  for (const OperatorUse &use : survey(document))
    if (!use.supported)
      missing +=
          fmt::format("{}{} (version {}, {})", missing.empty() ? "" : ", ",
                      use.name, use.version, titleOf(*use.first));
  if (!missing.empty())
    throw Error(where, "onnx",
                document.path() + ": not supported: operators " + missing);
}

/// What the file says of an input, where it says it.
void checkInput(const ValueInfo &wanted, const Tensor &given, Where where) {
  const detail::Spec &spec = detail::get(given, "onnx", where).spec;
  bool fits =
      wanted.kind == TypeKind::tensor && dtypeOf(wanted.type) == spec.dtype;
  if (wanted.shape)
    fits &= wanted.shape->size() == spec.shape.size();
  for (std::size_t i = 0; fits && wanted.shape && i < spec.shape.size(); ++i) {
    const auto &size = (*wanted.shape)[i].size;
    fits = !size || *size < 0 || *size == spec.shape[i];
  }
  if (!fits)
    throw Error(where, "onnx",
                fmt::format("input '{}' is {}, the model wants another type",
                            wanted.name, detail::toString(spec)),
                detail::origin(given, "it"));
}

} // namespace

const std::vector<std::string> &Network::inputs() const {
  return state->inputs;
}
const std::vector<std::string> &Network::outputs() const {
  return state->outputs;
}
const Weights &Network::weights() const { return state->weights; }

std::vector<Tensor> Network::operator()(const std::vector<Tensor> &inputs,
                                        Where where) const {
  return (*this)({}, inputs, where);
}

std::vector<Tensor> Network::operator()(const Weights &weights,
                                        const std::vector<Tensor> &inputs,
                                        Where where) const {
  if (inputs.size() != state->arguments.size())
    throw Error(where, "onnx",
                fmt::format("the model has {} inputs, {} are given",
                            state->arguments.size(), inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    checkInput(*state->arguments[i], inputs[i], where);
  Interpreter interpreter(state->document);
  for (const auto &[name, value] : weights) {
    const auto own = state->weights.find(name);
    if (own == state->weights.end())
      throw Error(where, "onnx", "the model has no weight '" + name + "'");
    if (value.shape() != own->second.shape())
      throw Error(where, "onnx",
                  fmt::format("the weight '{}' is {}, not {}", name,
                              type_string(own->second), type_string(value)),
                  detail::origin(value, "it"));
    interpreter.replace(own->first, value);
  }
  try {
    return interpreter(inputs);
  } catch (const io::FileError &error) {
    throw Error(where, "onnx", error.what());
  }
}

Network load(const std::string &path, Where where) {
  try {
    auto state = std::make_shared<Network::State>(path, io::mapFile(path));
    checkOperators(state->document, where);
    state->arguments = graphInputs(state->document);
    for (const ValueInfo *input : state->arguments)
      state->inputs.emplace_back(input->name);
    for (const ValueInfo &output : state->document.model().graph.outputs)
      state->outputs.emplace_back(output.name);
    for (const TensorData &data : state->document.model().graph.initializers) {
      const auto dtype = dtypeOf(data.type);
      if (dtype && isFloat(*dtype))
        state->weights.emplace(data.name, state->document.tensor(data));
    }
    Network network;
    network.state = std::move(state);
    return network;
  } catch (const io::FileError &error) {
    throw Error(where, "onnx", error.what());
  }
}

} // namespace mg::onnx
