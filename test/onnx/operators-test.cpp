// Operators one at a time, by nodes made here: the versions and forms that
// ONNX's own tests no longer have, and what is refused. Each runs at once and
// compiled.
#include "frontend/onnx/Operators.h"
#include "mg/mg.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mg::onnx::test {
namespace {

using Attributes = std::vector<Attribute>;
using Values = std::vector<double>;

Attribute ints(std::string_view name, std::vector<std::int64_t> list) {
  return {.name = name, .kind = 7, .integers = std::move(list)};
}
Attribute integer(std::string_view name, std::int64_t value) {
  return {.name = name, .integer = value};
}
Attribute number(std::string_view name, float value) {
  return {.name = name, .number = value};
}
Attribute text(std::string_view name, std::string_view value) {
  return {.name = name, .text = value};
}

/// Nodes of these tests have neither tensors nor graphs.
struct NoHost : Host {
  Tensor tensor(const TensorData &) override {
    throw std::logic_error("no tensor");
  }
  Tensors run(const Graph &, const Tensors &) override {
    throw std::logic_error("no graph");
  }
  ElementType elementType(std::string_view value) const override {
    return value == "i4" ? ElementType::i4 : ElementType::undefined;
  }
};

/// A node of one operator.
struct Operation {
  std::string_view op;
  int version;
  Attributes attributes = {};
  std::size_t results = 1;
  Strings names = {"a", "b", "c", "d", "e"};

  Tensors operator()(const Tensors &inputs) const {
    Node node{.op = op, .inputs = names, .attributes = attributes};
    node.outputs.resize(results, "y");
    const Definition *definition = findOperator("", op, version);
    if (!definition)
      throw std::logic_error("no such operator");
    NoHost host;
    return definition->function({node, version, inputs, host});
  }

  /// Compiled, the first operand not known before.
  Tensors compiled(const Tensors &inputs) const {
    const auto run = jit([&](Tensor x) {
      Tensors all = inputs;
      all.front() = x;
      return (*this)(all);
    });
    return run(inputs.front());
  }
};

testing::AssertionResult equals(const Tensor &t, DType dtype,
                                const Shape &shape, const Values &want) {
  const Values got = t.to_vector<double>();
  bool ok =
      t.dtype() == dtype && t.shape() == shape && got.size() == want.size();
  for (std::size_t i = 0; ok && i < got.size(); ++i)
    ok = got[i] == want[i] || std::fabs(got[i] - want[i]) <= 1e-6;
  if (ok)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "got " << t;
}

/// The first result, both ways: of the type and the elements of `want`.
void expect(const Operation &operation, const Tensors &inputs,
            const Tensor &want) {
  SCOPED_TRACE(std::string(operation.op) + " " +
               std::to_string(operation.version));
  const Values values = want.to_vector<double>();
  EXPECT_TRUE(equals(operation(inputs)[0], want.dtype(), want.shape(), values));
  EXPECT_TRUE(equals(operation.compiled(inputs)[0], want.dtype(), want.shape(),
                     values));
}

void expectError(const Operation &operation, const Tensors &inputs,
                 const std::string &part, mg_status status = MG_ERROR_SHAPE) {
  SCOPED_TRACE(operation.op);
  try {
    operation(inputs);
    ADD_FAILURE() << "no error";
  } catch (const NodeError &error) {
    EXPECT_EQ(error.status, status);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos)
        << error.what();
  }
}

Tensor f32(std::vector<float> elements, Shape shape) {
  return from(elements, std::move(shape));
}
Tensor f32(std::vector<float> elements) { return from(elements); }
Tensor i64(std::vector<std::int64_t> elements) { return from(elements); }
Tensor i32(std::vector<std::int32_t> elements) { return from(elements); }

/// 0, 1, .. of that shape.
Tensor counted(const Shape &shape) {
  std::vector<float> elements(static_cast<std::size_t>(zeros(shape).size()));
  for (std::size_t i = 0; i < elements.size(); ++i)
    elements[i] = static_cast<float>(i);
  return from(elements, shape);
}

TEST(Operators, AxesMoveFromAttributesToOperands) {
  const Tensor x = counted({2, 3}), wide = reshape(x, {2, 1, 3});
  expect({"Unsqueeze", 11, {ints("axes", {1})}}, {x}, wide);
  expect({"Unsqueeze", 13}, {x, i64({-2})}, wide);
  expect({"Squeeze", 11, {ints("axes", {-2})}}, {wide}, x);
  expect({"Squeeze", 13}, {wide, i64({1})}, x);
  expect({"Squeeze", 13}, {wide}, x);
  const Tensor sums = f32({3, 5, 7}, {1, 3}), most = f32({2, 5});
  expect({"ReduceSum", 11, {ints("axes", {0})}}, {x}, sums);
  expect({"ReduceSum", 13}, {x, i64({-2})}, sums);
  expect({"ReduceMax", 13, {ints("axes", {1}), integer("keepdims", 0)}}, {x},
         most);
  expect({"ReduceMax", 18, {integer("keepdims", 0)}}, {x, i64({1})}, most);
}

TEST(Operators, ReductionsOverNoAxes) {
  const Tensor x = f32({1, -2});
  expect({"ReduceL1", 18}, {x}, f32({3}));
  expect({"ReduceL1", 18}, {x, i64({})}, f32({3}));
  // What is done to each element is done.
  expect({"ReduceL1", 18, {integer("noop_with_empty_axes", 1)}}, {x},
         f32({1, 2}));
}

TEST(Operators, ReductionsOfIntegers) {
  const Tensor x = i32({-3, -4});
  expect({"ReduceMean", 13}, {x}, i32({-3})); // -3.5 rounded toward zero
  expect({"ReduceL2", 13}, {x}, i32({5}));
  const Tensor huge = astype(f32({300, 400}), DType::f16);
  expect({"ReduceL2", 13}, {huge}, astype(f32({500}), DType::f16));
}

TEST(Operators, ArgMaxOfTheLast) {
  const Tensor x = f32({1, 2, 2, 3, 3, 1}, {2, 3});
  expect({"ArgMax", 12, {integer("axis", 1), integer("keepdims", 0)}}, {x},
         i64({1, 0}));
  expect({"ArgMax",
          12,
          {integer("axis", 1), integer("keepdims", 0),
           integer("select_last_index", 1)}},
         {x}, i64({2, 1}));
}

TEST(Operators, Slices) {
  const Tensor x = counted({2, 3});
  expect({"Slice", 9, {ints("starts", {1, -2}), ints("ends", {9, -1})}}, {x},
         f32({4}, {1, 1}));
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  expect({"Slice", 13}, {x, i64({-1}), i64({least}), i64({1}), i64({-2})},
         f32({2, 0, 5, 3}, {2, 2}));
  // NumPy has none of these; a start before the first is the first.
  expect({"Slice", 13}, {x, i64({-9}), i64({least}), i64({1}), i64({-1})},
         f32({0, 3}, {2, 1}));
  expect({"Slice", 13}, {x, i64({9}), i64({1}), i64({1}), i64({-1})},
         f32({2, 5}, {2, 1}));
}

TEST(Operators, PaddingByCopies) {
  const Tensor x = f32({1, 2, 3});
  const Attribute pads = ints("pads", {1, 2});
  expect({"Pad", 7, {pads, text("mode", "edge")}}, {x},
         f32({1, 1, 2, 3, 3, 3}));
  expect({"Pad", 7, {pads, text("mode", "reflect")}}, {x},
         f32({2, 1, 2, 3, 2, 1}));
  expect({"Pad", 7, {pads, number("value", 9)}}, {x}, f32({9, 1, 2, 3, 9, 9}));
  expect({"Pad", 19, {text("mode", "wrap")}}, {x, i64({-1, 5})},
         f32({2, 3, 2, 3, 2, 3, 2}));
  // More mirrors than there are elements.
  std::vector<float> mirrors;
  for (int i = 0; i < 62; ++i)
    mirrors.push_back(i % 2 ? 7.f : 5.f);
  expect({"Pad", 11, {text("mode", "reflect")}}, {f32({5, 7}), i64({20, 40})},
         from(mirrors));
}

TEST(Operators, Splits) {
  const Tensor x = f32({1, 2, 3, 4, 5});
  const Operation uneven{"Split", 18, {integer("num_outputs", 3)}, 3};
  const Tensors parts = uneven({x});
  EXPECT_TRUE(equals(parts.at(0), DType::f32, {2}, {1, 2}));
  EXPECT_TRUE(equals(parts.at(2), DType::f32, {1}, {5}));
  expect({"Split", 7, {ints("split", {4, 1})}, 2}, {x}, f32({1, 2, 3, 4}));
  expect({"Split", 13, {}, 2}, {x, i64({2, 3})}, f32({1, 2}));
  expectError({"Split", 13, {}, 3}, {x}, "5 elements do not split into 3");
  expectError({"Split", 13, {}, 2}, {x, i64({2, 2})}, "the parts [2,2]");
  expectError({"Split", 13, {}, 2}, {x, i64({9, -4})}, "the parts [9,-4]");
}

TEST(Operators, TopKOfEachVersion) {
  const Tensor x = f32({3, 1, 2});
  expect({"TopK", 7, {integer("k", 2)}, 2}, {x}, f32({3, 2}));
  expect({"TopK", 11, {integer("largest", 0)}, 2}, {x, i64({2})}, f32({1, 2}));
  expectError({"TopK", 11, {}, 2}, {x, i64({4})}, "k is 4 for 3 elements");
}

TEST(Operators, ClipOfEachVersion) {
  const Tensor x = f32({-2, 0, 2});
  expect({"Clip", 7, {number("min", -1), number("max", 1)}}, {x},
         f32({-1, 0, 1}));
  expect({"Clip", 11}, {x, Tensor(), Tensor(1.f)}, f32({-2, 0, 1}));
  expect({"Clip", 11}, {x, Tensor(3.f), Tensor(1.f)}, f32({1, 1, 1}));
}

TEST(Operators, ArithmeticOfIntegers) {
  const Tensor a = i32({7, -7, 7, -7}), b = i32({2, 2, -2, -2});
  expect({"Div", 7}, {a, b}, i32({3, -3, -3, 3}));
  expect({"Mod", 10}, {a, b}, i32({1, 1, -1, -1}));
  expect({"Mod", 10, {integer("fmod", 1)}}, {a, b}, i32({1, -1, 1, -1}));
  expect({"Pow", 13}, {b, i32({3, 2, 3, 0})}, i32({8, 4, -8, 1}));
  expect({"Pow", 13}, {b, f32({3, 2, 3, 0})}, i32({8, 4, -8, 1}));
  expect({"Pow", 13}, {f32({2, 3}), i64({3})}, f32({8, 27}));
  // An exponent that the base's type cannot hold.
  const Tensor half = astype(f32({1000}), DType::f16);
  expect({"Pow", 15}, {half, f32({1.2f})},
         astype(f32({3981.0717f}), DType::f16));
  const Tensor u8 = astype(i32({200, 100}), DType::u8);
  expect({"Add", 14}, {u8, u8}, astype(i32({144, 200}), DType::u8));
}

TEST(Operators, Casts) {
  const auto to = [](ElementType type) {
    return integer("to", static_cast<std::int64_t>(type));
  };
  expect({"Cast", 13, {to(ElementType::i8)}}, {i32({200})},
         astype(i32({-56}), DType::i8));
  expect({"Cast", 21, {to(ElementType::i4)}}, {f32({-9, 7.5, 8})},
         astype(i32({7, 7, -8}), DType::i8));
  const Tensor bytes = astype(i32({-9, 7, 8}), DType::i8);
  const Tensor nibbles = astype(i32({7, 7, -8}), DType::i8);
  const Tensor unsignedOnes = astype(i32({7, 7, 8}), DType::u8);
  expect({"BitCast", 26, {to(ElementType::u4)}}, {bytes}, unsignedOnes);
  expect({"CastLike", 21, {}, 1, {"x", "i4"}}, {bytes, bytes}, nibbles);
  expect({"CastLike", 21, {}, 1, {"x", "i8"}}, {bytes, bytes}, bytes);
  expectError({"Cast", 19, {to(ElementType::f8e5m2)}}, {f32({1})}, "float8e5m2",
              MG_ERROR_UNSUPPORTED);
}

TEST(Operators, ScattersCountDuplicates) {
  const Tensor x = f32({1, 2, 3}), at = i64({1, -2}), v = f32({10, 20});
  expect({"Scatter", 9}, {x, i64({0, 1}), v}, f32({10, 20, 3}));
  expect({"ScatterElements", 16, {text("reduction", "add")}}, {x, at, v},
         f32({1, 32, 3}));
  expect({"ScatterElements", 18, {text("reduction", "max")}}, {x, at, v},
         f32({1, 20, 3}));
  expect({"ScatterND", 18, {text("reduction", "mul")}},
         {x, reshape(at, {2, 1}), v}, f32({1, 400, 3}));
  expectError({"ScatterElements", 16, {text("reduction", "max")}}, {x, at, v},
              "no reduction 'max'");
}

TEST(Operators, ShapesThatDependOnValues) {
  const Tensor x = f32({0, 2, 0, 2}, {2, 2});
  const auto places = Operation{"NonZero", 9}({x});
  EXPECT_TRUE(equals(places[0], DType::i64, {2, 2}, {0, 1, 1, 1}));
  const auto unique =
      Operation{"Unique", 11, {}, 4}({f32({2, NAN, 1, 2, NAN})});
  EXPECT_EQ(unique[0].shape(), Shape{3});
  EXPECT_TRUE(equals(unique[1], DType::i64, {3}, {2, 0, 1}));
  EXPECT_TRUE(equals(unique[2], DType::i64, {5}, {1, 2, 0, 1, 2}));
  EXPECT_TRUE(equals(unique[3], DType::i64, {3}, {1, 2, 2}));
  expect({"Compress", 11, {integer("axis", 1)}}, {x, from({false, true})},
         f32({2, 2}, {2, 1}));
  for (const char *op : {"NonZero", "Unique"})
    try {
      Operation{op, 11}.compiled({x});
      ADD_FAILURE() << op;
    } catch (const NodeError &error) {
      EXPECT_EQ(error.status, MG_ERROR_UNSUPPORTED);
    }
}

TEST(Operators, BrokenRules) {
  const Tensor x = counted({2, 3}), whole = i32({1, 2});
  expectError({"Add", 7}, {x}, "operand 1 is missing");
  expectError({"Add", 7}, {x, whole}, "operand 1 is i32[2], operand 0 f32");
  expectError({"Concat", 7}, {x, x}, "'axis' is missing");
  expectError({"Concat", 7, {integer("axis", 2)}}, {x}, "axis 2 is out of");
  expectError({"Concat", 7, {text("axis", "x")}}, {x}, "'axis' is no integer");
  expectError({"Transpose", 7, {ints("perm", {0, 0})}}, {x}, "named twice");
  expectError({"Transpose", 7, {ints("perm", {0})}}, {x}, "is not of");
  expectError({"Reshape", 13}, {x, i64({-1, -1})}, "more than one size");
  expectError({"Reshape", 13}, {x, i64({-1, 4})}, "does not fill");
  expectError({"Reshape", 13}, {x, i64({6, 1, 0})}, "no dimension 2");
  expectError({"Expand", 8}, {x, i64({4, 3})}, "does not broadcast");
  expectError({"Tile", 7}, {x, i64({2})}, "1 repeats for 2 axes");
  expectError({"Slice", 10}, {x, i64({0}), i64({1}), i64({0}), i64({0})},
              "a step is zero");
  expectError({"Pad", 11}, {x, i64({1, 2})}, "2 pads for 2 axes");
  expectError({"Pad", 11}, {x, i64({-2, 0, -1, 0})}, "more than all");
  expectError({"Pad", 13, {text("mode", "wrap")}}, {x, i64({0, 0, 0, 1})},
              "no mode 'wrap'");
  expectError({"PRelu", 9}, {x, counted({2, 2, 3})}, "does not broadcast");
  expectError({"GatherND", 12}, {x, i64({0, 0, 0})}, "no indices of");
  expectError({"OneHot", 11}, {whole, i64({-1}), f32({0, 1})}, "depth is -1");
  expectError({"Range", 11}, {Tensor(0), Tensor(4), Tensor(0)}, "step is zero");
  expectError({"DepthToSpace", 11, {integer("blocksize", 2)}}, {x}, "(n, c, h");
}

} // namespace
} // namespace mg::onnx::test
