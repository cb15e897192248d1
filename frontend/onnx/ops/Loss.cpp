//===- Loss.cpp - what training minimises ---------------------------------===//
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"

namespace mg::onnx {

/// The loss of log-probabilities (n, c, ..) at labels (n, ..), weighted by
/// class; labels of ignore_index count for nothing.
static Tensor reducedLoss(const Call &call, const Tensor &logs) {
  const Tensor &labels = call[1];
  Shape shape = logs.shape();
  if (shape.size() < 2)
    call.fail("an operand (n, c, ..) is wanted, not " + type_string(logs));
  shape.erase(shape.begin() + 1);
  if (labels.shape() != shape)
    call.fail("labels " + type_string(labels) + " for " + type_string(logs));
  const bool ignores = call.has("ignore_index");
  const Tensor counts = labels != call.integer("ignore_index", 0);
  const Tensor label = ignores ? where(counts, labels, 0) : labels;
  Tensor loss =
      -squeeze(take_along_axis(logs, expand_dims(label, 1), 1), Axes(1));
  Tensor weight;
  if (call.has(2))
    weight = take(call[2], label);
  if (ignores)
    weight = weight.empty() ? astype(counts, logs.dtype())
                            : where(counts, weight, 0);
  if (!weight.empty())
    loss = loss * weight;
  const std::string reduction = call.text("reduction", "mean");
  if (reduction == "none")
    return loss;
  if (reduction == "sum")
    return sum(loss);
  if (reduction != "mean")
    call.fail("reduction is '" + reduction + "'");
  return weight.empty() ? mean(loss) : sum(loss) / sum(weight);
}

static Tensors negativeLogLikelihood(const Call &call) {
  return {reducedLoss(call, call[0])};
}

static Tensors softmaxCrossEntropy(const Call &call) {
  if (call[0].rank() < 2)
    call.fail("an operand (n, c, ..) is wanted, not " + type_string(call[0]));
  const Tensor logs = log_softmax(call[0], 1);
  return {reducedLoss(call, logs), logs};
}

static constexpr Definition table[] = {
    {"", "NegativeLogLikelihoodLoss", 12, negativeLogLikelihood},
    {"", "SoftmaxCrossEntropyLoss", 12, softmaxCrossEntropy}};

Family families::loss() { return table; }

} // namespace mg::onnx
