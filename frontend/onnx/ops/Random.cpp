//===- Random.cpp - RandomUniform, Bernoulli, Dropout, Multinomial --------===//
//
// Numbers come from a key made of `seed`, and without one of the name of the
// node's result: a model gives the same numbers each time that it runs, and two
// nodes give different ones.
//
//===----------------------------------------------------------------------===//
#include "mg/random.h"
#include "frontend/onnx/Operators.h"
#include "mg/composite.h"

#include <bit>

namespace mg::onnx {

namespace {

/// FNV-1a.
std::uint64_t hashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

Key keyOf(const Call &call) {
  const Attribute *seed = call.attribute("seed");
  if (!seed)
    return Key(hashOf(call.node.outputs.empty() ? call.node.name
                                                : call.node.outputs.front()));
  if (seed->integer)
    return Key(static_cast<std::uint64_t>(*seed->integer));
  const auto number = static_cast<float>(call.number("seed", 0));
  return Key(std::bit_cast<std::uint32_t>(number));
}

DType realDType(const Call &call, DType otherwise) {
  const DType dtype = call.dtype("dtype", otherwise);
  if (dtype < DType::f16)
    call.fail(std::string("random numbers of ") + mg::to_string(dtype));
  return dtype;
}

Tensor uniformNumbers(const Call &call, const Shape &shape) {
  const double low = call.number("low", 0), high = call.number("high", 1);
  return uniform(keyOf(call), shape) * (high - low) + low;
}
Tensor normalNumbers(const Call &call, const Shape &shape) {
  return normal(keyOf(call), shape) * call.number("scale", 1) +
         call.number("mean", 0);
}

using Numbers = Tensor (*)(const Call &call, const Shape &shape);

template <Numbers numbers> Tensors ofShape(const Call &call) {
  const auto shape = call.integers("shape");
  if (!shape)
    call.fail("there is no shape");
  return {astype(numbers(call, *shape), realDType(call, DType::f32))};
}

template <Numbers numbers> Tensors like(const Call &call) {
  const DType own = call[0].dtype();
  const DType dtype = realDType(call, own < DType::f16 ? DType::f32 : own);
  return {astype(numbers(call, call[0].shape()), dtype)};
}

Tensors bernoulliTrials(const Call &call) {
  const Tensor &p = call[0];
  return {astype(uniform(keyOf(call), p.shape()) < p,
                 call.dtype("dtype", p.dtype()))};
}

/// Numbers of classes, by the cumulated probabilities that lie below uniform
/// numbers.
Tensors multinomial(const Call &call) {
  const Tensor &logits = call[0];
  if (logits.rank() != 2)
    call.fail("logits (batch, classes) are wanted, not " + type_string(logits));
  const std::int64_t batch = logits.shape()[0], classes = logits.shape()[1];
  const std::int64_t count = call.integer("sample_size", 1);
  if (count < 1)
    call.fail("a sample of " + std::to_string(count));
  const Tensor up = cumsum(softmax(astype(logits, DType::f32)), 1);
  const Tensor at = uniform(keyOf(call), {batch, count});
  const Tensor below = expand_dims(up, 1) <= expand_dims(at, 2);
  // The last sum may be a little less than 1.
  return {astype(minimum(sum(below, 2), static_cast<int>(classes) - 1),
                 call.dtype("dtype", DType::i32))};
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

/// As a function of inference; the mask was of x' dtype at first.
Tensors keepAll(const Call &call) {
  return {call[0], full(call[0].shape(), 1,
                        call.version < 10 ? call[0].dtype() : DType::b1)};
}

Tensors dropoutInTraining(const Call &call) {
  const Tensor &x = call[0];
  const Tensor training = call.has(2) ? reshape(call[2], {}) : Tensor(false);
  if (Call::isKnown(training) && !training.item<bool>())
    return keepAll(call);
  const Tensor rate =
      call.has(1) ? reshape(astype(call[1], DType::f32), {}) : Tensor(0.5f);
  const Tensor keep = (uniform(keyOf(call), x.shape()) >= rate) | !training;
  const Tensor scale = where(training, 1 / (1 - rate), 1);
  return {where(keep, x * astype(scale, x.dtype()), 0), keep};
}

} // namespace

Family families::random() {
  static constexpr Definition table[] = {
      {"", "Bernoulli", 15, bernoulliTrials},
      {"", "Dropout", 7, keepAll},
      {"", "Dropout", 12, dropoutInTraining},
      {"", "Multinomial", 7, multinomial},
      {"", "RandomNormal", 1, ofShape<normalNumbers>},
      {"", "RandomNormalLike", 1, like<normalNumbers>},
      {"", "RandomUniform", 1, ofShape<uniformNumbers>},
      {"", "RandomUniformLike", 1, like<uniformNumbers>}};
  return table;
}

} // namespace mg::onnx
