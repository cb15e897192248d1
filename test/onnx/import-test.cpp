// Whole models: as functions of the DSL, and as modules of the dialect.
#include "frontend/dsl/Context.h"
#include "frontend/io/FileError.h"
#include "frontend/onnx/Importer.h"
#include "ir/Ops.h"
#include "mg/composite.h"
#include "mg/onnx.h"
#include "mg/transforms.h"
#include "test/onnx/Write.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace {

using namespace mg::onnx::test;
using mg::Tensor;
using mg::onnx::ElementType;

constexpr auto f32 = ElementType::f32;

/// A file of these bytes, as long as the test runs.
class File {
public:
  explicit File(const Bytes &bytes)
      : path(std::filesystem::temp_directory_path() /
             ("import-test-" + std::to_string(getpid()) + ".onnx")) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~File() { std::filesystem::remove(path); }
  const std::string path;
};

/// y = relu(x w), w (2, 3).
Bytes layer(const Size &batch) {
  return model(
      graph({{node("MatMul", {"x", "w"}, {"h"}), node("Relu", {"h"}, {"y"})},
             {value("x", f32, {batch, 2})},
             {value("y", f32, {batch, 3})},
             {tensor<float>("w", {2, 3}, {1, -2, 3, -4, 5, -6})}}));
}

TEST(Load, RunsEagerAndCompiled) {
  const File file(layer("n"));
  const auto net = mg::onnx::load(file.path);
  EXPECT_EQ(net.inputs(), std::vector<std::string>{"x"});
  EXPECT_EQ(net.outputs(), std::vector<std::string>{"y"});
  const Tensor x = mg::from({1.0f, 2.0f, -1.0f, 0.5f}, {2, 2});
  const std::vector<float> expected = {0, 8, 0, 0, 4.5, 0};
  EXPECT_EQ(net({x})[0].to_vector(), expected);
  const auto compiled = mg::jit([&](Tensor x) { return net({x})[0]; });
  EXPECT_EQ(compiled(x).to_vector(), expected);
}

TEST(Load, SizesAreThoseOfTheCall) {
  const File file(layer("n"));
  const auto net = mg::onnx::load(file.path);
  for (const std::int64_t n : {1, 5})
    EXPECT_EQ(net({mg::ones({n, 2})})[0].shape(), (mg::Shape{n, 3}));
  EXPECT_THROW(net({mg::ones({1, 3})}), mg::Error);
  EXPECT_THROW(net({mg::ones({2}, mg::DType::i32)}), mg::Error);
  EXPECT_THROW(net({}), mg::Error);
}

TEST(Load, WeightsAreTheFilesAndMayBeReplaced) {
  const File file(layer("n"));
  const auto net = mg::onnx::load(file.path);
  ASSERT_EQ(net.weights().count("w"), 1u);
  const mg::onnx::Weights other = {{"w", mg::ones({2, 3})}};
  EXPECT_EQ(net(other, {mg::ones({1, 2})})[0].to_vector(),
            (std::vector<float>{2, 2, 2}));
  EXPECT_THROW(net({{"w", mg::ones({2, 2})}}, {mg::ones({1, 2})}), mg::Error);
  EXPECT_THROW(net({{"v", mg::ones({2, 3})}}, {mg::ones({1, 2})}), mg::Error);
}

TEST(Load, IsDifferentiatedByItsWeights) {
  const File file(layer("n"));
  const auto net = mg::onnx::load(file.path);
  const Tensor x = mg::from({1.0f, 2.0f, -1.0f, 0.5f}, {2, 2});
  const auto loss = [&](const mg::onnx::Weights &w, Tensor x) {
    return sum(square(net(w, {x})[0]));
  };
  const auto gradient = mg::jit([&](mg::onnx::Weights w, Tensor x) {
    return mg::grad(loss)(w, x);
  })(net.weights(), x);
  const std::vector<float> w = net.weights().at("w").to_vector();
  for (std::size_t i = 0; i < w.size(); ++i) {
    const float step = 1.0f / 64;
    auto moved = [&](float by) {
      std::vector<float> values = w;
      values[i] += by;
      return loss({{"w", mg::from(values, {2, 3})}}, x).item<float>();
    };
    EXPECT_NEAR(gradient.at("w").to_vector()[i],
                (moved(step) - moved(-step)) / (2 * step), 1e-2);
  }
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

struct Module {
  mlir::MLIRContext context;
  mg::onnx::Imported imported;

  Module(const Bytes &bytes, const mg::onnx::ImportOptions &options = {}) {
    const mg::onnx::Document document("test.onnx", bytes, nullptr);
    auto result = mg::onnx::importModel(document, options, "test", &context);
    if (mlir::succeeded(result))
      imported = std::move(*result);
  }
  template <class Op> int count() {
    int found = 0;
    imported.module->walk([&](Op) { ++found; });
    return found;
  }
  std::vector<std::string> entries() {
    std::vector<std::string> names;
    for (auto f : imported.module->getOps<mlir::func::FuncOp>())
      if (f.isPublic())
        names.push_back(f.getName().str());
    return names;
  }
  std::vector<std::string> weights() const {
    std::vector<std::string> names;
    for (const auto &[name, array] : imported.weights)
      names.push_back(name);
    return names;
  }
};

/// Reshapes x (n, 6) to (n / 2, 12) by a shape that the graph computes.
Bytes computedShape() {
  return model(graph(
      {{node("Shape", {"x"}, {"s"}),
        node("Gather", {"s", "zero"}, {"n"}, {attribute("axis", 0)}),
        node("Div", {"n", "two"}, {"half"}),
        node("Concat", {"half", "twelve"}, {"shape"}, {attribute("axis", 0)}),
        node("Reshape", {"x", "shape"}, {"y"})},
       {value("x", f32, {"n", 6})},
       {value("y", f32, {"m", 12})},
       {tensor<std::int64_t>("zero", {1}, {0}),
        tensor<std::int64_t>("two", {1}, {2}),
        tensor<std::int64_t>("twelve", {1}, {12})}}));
}

TEST(Import, ShapesThatAGraphComputesAreKnown) {
  Module m(computedShape(), {{{{"n", {8}}}, {}}, {}});
  ASSERT_TRUE(m.imported.module);
  EXPECT_EQ(m.count<mlir::mg::ReshapeOp>(), 1);
  EXPECT_EQ(m.count<mlir::mg::GatherOp>(), 0);
  EXPECT_EQ(m.count<mlir::mg::DivOp>(), 0);
  EXPECT_EQ(m.count<mlir::mg::ConcatOp>(), 0);
}

TEST(Import, EachSizeIsAnEntryOfTheSameWeights) {
  Module m(layer("n"), {{{{"n", {1, 8}}}, {}}, {"w"}});
  EXPECT_EQ(m.entries(), (std::vector<std::string>{"infer_n1", "infer_n8"}));
  EXPECT_EQ(m.weights(), std::vector<std::string>{"w"});
  Module one(layer("n"), {{{{"n", {8}}}, {}}, {}});
  EXPECT_EQ(one.entries(), std::vector<std::string>{"infer"});
}

mg_status refusal(const Bytes &bytes,
                  const mg::onnx::ImportOptions &options = {}) {
  try {
    Module m(bytes, options);
    return MG_OK;
  } catch (const mg::io::FileError &error) {
    return error.status;
  }
}

TEST(Import, OpenSizesAreAskedFor) {
  EXPECT_EQ(refusal(layer("n")), MG_ERROR_SHAPE);
  EXPECT_EQ(refusal(layer("n"), {{{{"m", {1}}}, {}}, {}}), MG_ERROR_SHAPE);
  EXPECT_EQ(refusal(layer("n"), {{{}, {{"x", {4, 2}}}}, {}}), MG_OK);
  EXPECT_EQ(refusal(layer("n"), {{{}, {{"x", {4, 3}}}}, {}}), MG_ERROR_SHAPE);
}

/// What depends on weights alone is computed at import, but not for those that
/// somebody derives by.
TEST(Import, KeptWeightsStayOps) {
  const Bytes bytes =
      model(graph({{node("Exp", {"w"}, {"e"}), node("Mul", {"x", "e"}, {"y"})},
                   {value("x", f32, {3})},
                   {value("y", f32, {3})},
                   {tensor<float>("w", {3}, {1, 2, 3})}}));
  EXPECT_EQ(Module(bytes).count<mlir::mg::ExpOp>(), 0);
  Module kept(bytes, {{}, {"w"}});
  EXPECT_EQ(kept.count<mlir::mg::ExpOp>(), 1);
  EXPECT_EQ(kept.weights(), std::vector<std::string>{"w"});
}

/// A kernel reads 64 floats for an image of 262 kB.
TEST(Import, WhatIsKnownIsNotSpreadOut) {
  std::vector<float> bias;
  for (int i = 0; i < 64; ++i)
    bias.push_back(static_cast<float>(i));
  Module m(model(graph({{node("Add", {"x", "b"}, {"y"})},
                        {value("x", f32, {1, 64, 32, 32})},
                        {value("y", f32, {1, 64, 32, 32})},
                        {tensor<float>("b", {64, 1, 1}, bias)}})));
  for (const auto &[name, array] : m.imported.weights)
    EXPECT_LE(array.bytes(), 64 * sizeof(float)) << name;
  EXPECT_EQ(m.count<mlir::mg::BroadcastOp>(), 1);
}

//===----------------------------------------------------------------------===//
// Functions and graphs in nodes
//===----------------------------------------------------------------------===//

/// y = f(x) of domain "local", whose body is `nodes` from a to b.
Bytes withFunction(const std::vector<Bytes> &nodes) {
  return model(graph({{node("f", {"x"}, {"y"}, {}, "local")},
                      {value("x", f32, {2})},
                      {value("y", f32, {2})}}),
               {opset(21), opset(1, "local")},
               {function({"local", "f", {"a", "b"}, {"c"}, nodes})});
}

TEST(Functions, AreInlinedWithoutTheOperandsLeftOut) {
  const File file(withFunction({node("Clip", {"a", "b"}, {"c"})}));
  const auto net = mg::onnx::load(file.path);
  EXPECT_EQ(net({mg::from({-1.0f, 2.0f})})[0].to_vector(),
            (std::vector<float>{-1, 2}));
}

TEST(Functions, SeeNothingAroundThem) {
  EXPECT_EQ(refusal(withFunction({node("Relu", {"x"}, {"c"})})),
            MG_ERROR_SHAPE);
}

TEST(Functions, DoNotCallThemselves) {
  EXPECT_EQ(refusal(withFunction({node("f", {"a"}, {"c"}, {}, "local")})),
            MG_ERROR_SHAPE);
}

TEST(Graphs, AreInTheOrderOfTheirNodes) {
  EXPECT_EQ(refusal(model(
                graph({{node("Relu", {"h"}, {"y"}), node("Exp", {"x"}, {"h"})},
                       {value("x", f32, {2})},
                       {value("y", f32, {2})}}))),
            MG_ERROR_SHAPE);
}

TEST(Graphs, DefineANameOnce) {
  EXPECT_EQ(refusal(model(
                graph({{node("Relu", {"x"}, {"y"}), node("Exp", {"x"}, {"y"})},
                       {value("x", f32, {2})},
                       {value("y", f32, {2})}}))),
            MG_ERROR_SHAPE);
}

} // namespace
