// onnx-models FOLDER: writes sizes.onnx, y = relu(x w) for any number of rows;
// large.onnx, the same with 1.2 MB of weights; lite0.onnx, which looks from
// outside like the network of examples/photo.
#include "test/onnx/Write.h"

#include <fstream>
#include <numeric>

using namespace mg::onnx::test;

constexpr auto f32 = mg::onnx::ElementType::f32;

/// Whole numbers from -3 to 3.
static Bytes weights(const std::string &name, const Dims &shape) {
  std::vector<float> values;
  const auto count = std::accumulate(shape.begin(), shape.end(),
                                     std::int64_t(1), std::multiplies());
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(i % 7 - 3));
  return tensor<float>(name, shape, values);
}

static Bytes layer(std::int64_t inputs, std::int64_t outputs) {
  return model(graph(
      {{node("MatMul", {"x", "fc.weight"}, {"h"}), node("Relu", {"h"}, {"y"})},
       {value("x", f32, {"batch", inputs})},
       {value("y", f32, {"batch", outputs})},
       {weights("fc.weight", {inputs, outputs})}}));
}

/// Squares of 16 pixels, their mean, 1,000 logits.
static Bytes classifier() {
  return model(graph(
      {{node("Conv", {"image", "patch"}, {"h"},
             {attribute("strides", Dims{16, 16})}),
        node("GlobalAveragePool", {"h"}, {"m"}), node("Flatten", {"m"}, {"f"}),
        node("Gemm", {"f", "fc"}, {"logits"})},
       {value("image", f32, {1, 3, 224, 224})},
       {value("logits", f32, {1, 1000})},
       {weights("patch", {512, 3, 16, 16}), weights("fc", {512, 1000})}}));
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  const std::string folder = arguments[1];
  std::ofstream(folder + "/sizes.onnx", std::ios::binary) << layer(5, 3);
  std::ofstream(folder + "/large.onnx", std::ios::binary) << layer(500, 600);
  std::ofstream(folder + "/lite0.onnx", std::ios::binary) << classifier();
}
