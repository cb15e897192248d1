// onnx-models FOLDER: writes sizes.onnx, y = relu(x w) for any number of rows,
// and large.onnx, the same with 1.2 MB of weights.
#include "test/onnx/Write.h"

#include <fstream>

using namespace mg::onnx::test;

static Bytes layer(std::int64_t inputs, std::int64_t outputs) {
  constexpr auto f32 = mg::onnx::ElementType::f32;
  std::vector<float> weights;
  for (std::int64_t i = 0; i < inputs * outputs; ++i)
    weights.push_back(static_cast<float>(i % 7 - 3));
  return model(graph(
      {{node("MatMul", {"x", "fc.weight"}, {"h"}), node("Relu", {"h"}, {"y"})},
       {value("x", f32, {"batch", inputs})},
       {value("y", f32, {"batch", outputs})},
       {tensor<float>("fc.weight", {inputs, outputs}, weights)}}));
}

int main(int count, char **arguments) {
  if (count != 2)
    return 2;
  const std::string folder = arguments[1];
  std::ofstream(folder + "/sizes.onnx", std::ios::binary) << layer(5, 3);
  std::ofstream(folder + "/large.onnx", std::ios::binary) << layer(500, 600);
}
