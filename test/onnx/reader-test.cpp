// Bytes to Model: every field, and bytes that are none.
#include "frontend/io/FileError.h"
#include "frontend/onnx/Model.h"
#include "test/onnx/Write.h"

#include <gtest/gtest.h>

#include <random>

namespace mg::onnx::test {
namespace {

using Sizes = std::vector<std::optional<std::int64_t>>;

/// What readModel says of bytes that are no model; "" if they are one.
std::string errorOf(const Bytes &bytes, mg_status status = MG_ERROR_FILE) {
  try {
    readModel(bytes, "m.onnx");
  } catch (const io::FileError &error) {
    EXPECT_EQ(error.status, status) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.reason;
  }
  return "";
}

void expectError(const Bytes &bytes, const std::string &part) {
  const std::string error = errorOf(bytes);
  EXPECT_NE(error.find(part), std::string::npos)
      << "got: '" << error << "', not: '" << part << "'";
}

/// A model and the bytes that it is a view of.
struct Parsed : std::shared_ptr<Bytes>, Model {
  explicit Parsed(const Bytes &bytes)
      : std::shared_ptr<Bytes>(std::make_shared<Bytes>(bytes)),
        Model(readModel(**this, "m.onnx")) {}
};

Bytes modelOf(const Bytes &node) {
  return model(
      graph({.nodes = {node}, .outputs = {value("y", ElementType::f32, {2})}}));
}

Bytes modelWith(const Bytes &attribute) {
  return modelOf(node("Op", {}, {"y"}, {attribute}));
}

/// A small model with something of everything.
Bytes smallModel() {
  const Bytes inner =
      graph({.nodes = {node("Neg", {"x"}, {"z"})},
             .outputs = {value("z", ElementType::f32, {2, "n"})},
             .initializers = {tensor<float>("w", {2}, {1, 2})}});
  return model(graph({.nodes = {node("Add", {"x", ""}, {"y"},
                                     {attribute("a", 3), attribute("b", 1.5f),
                                      attribute("c", "text"),
                                      attribute("d", Dims{1, -1}),
                                      attribute("e", std::vector<float>{1, 2}),
                                      graphAttribute("then_branch", inner),
                                      tensorAttribute("t", tensor<std::int64_t>(
                                                               "", {1}, {7}))}),
                                node("Own", {"y"}, {"v"}, {}, "here")},
                      .inputs = {value("x", ElementType::f16, {"batch", 2})},
                      .outputs = {value("y", ElementType::f32, {})},
                      .initializers = {tensor<float>("w", {1, 2}, {3, 4})}}),
               {opset(17), opset(1, "here")},
               {function({.domain = "here",
                          .name = "Own",
                          .inputs = {"a"},
                          .outputs = {"b"},
                          .nodes = {node("Exp", {"a"}, {"b"})}})});
}

TEST(Reader, ReadsEverything) {
  const Bytes bytes = smallModel();
  EXPECT_TRUE(looksLikeModel(bytes));
  const Parsed m(bytes);
  EXPECT_EQ(m.irVersion, 10);
  EXPECT_EQ(m.producer, "test");
  ASSERT_EQ(m.opsets.size(), 2u);
  EXPECT_EQ(m.opsets[0].version, 17);
  EXPECT_EQ(m.opsets[1].domain, "here");
  EXPECT_EQ(m.graph.name, "graph");
  ASSERT_EQ(m.graph.nodes.size(), 2u);
  const Node &node = m.graph.nodes[0];
  EXPECT_EQ(node.op, "Add");
  EXPECT_EQ(node.inputs, (Strings{"x", ""}));
  EXPECT_EQ(node.outputs, Strings{"y"});
  ASSERT_EQ(node.attributes.size(), 7u);
  EXPECT_EQ(node.attributes[0].integer, 3);
  EXPECT_EQ(node.attributes[0].kind, 2);
  EXPECT_EQ(node.attributes[1].number, 1.5f);
  EXPECT_EQ(node.attributes[2].text, "text");
  EXPECT_EQ(node.attributes[3].integers, (Dims{1, -1}));
  EXPECT_EQ(node.attributes[4].numbers, (std::vector<float>{1, 2}));
  ASSERT_TRUE(node.attributes[5].graph);
  const Graph &inner = *node.attributes[5].graph;
  EXPECT_EQ(inner.nodes.at(0).op, "Neg");
  EXPECT_EQ(inner.outputs.at(0).shape->at(1).symbol, "n");
  EXPECT_FALSE(inner.outputs.at(0).shape->at(1).size);
  EXPECT_EQ(inner.initializers.at(0).raw->size(), 8u);
  ASSERT_TRUE(node.attributes[6].tensor);
  EXPECT_EQ(node.attributes[6].tensor->type, ElementType::i64);
  EXPECT_EQ(m.graph.nodes[1].domain, "here");
  const ValueInfo &input = m.graph.inputs.at(0);
  EXPECT_EQ(input.name, "x");
  EXPECT_EQ(input.kind, TypeKind::tensor);
  EXPECT_EQ(input.type, ElementType::f16);
  EXPECT_EQ(input.shape->at(0).symbol, "batch");
  EXPECT_EQ(input.shape->at(1).size, 2);
  EXPECT_EQ(m.graph.outputs.at(0).shape->size(), 0u);
  EXPECT_EQ(m.graph.initializers.at(0).dims, (Dims{1, 2}));
  ASSERT_EQ(m.functions.size(), 1u);
  EXPECT_EQ(m.functions[0].nodes.at(0).op, "Exp");
  EXPECT_EQ(m.functions[0].inputs, Strings{"a"});
  EXPECT_EQ(m.functions[0].opsets.at(0).version, 21);
}

TEST(Reader, ListsMayBePackedOrNot) {
  const Bytes packed =
      Message().bytes(1, "a").packed(8, Dims{1, 300, -7}).integer(20, 7);
  const Bytes numbers =
      Message().bytes(1, "a").number(7, 2).number(7, 3).integer(20, 6);
  const Parsed m(modelWith(packed));
  EXPECT_EQ(m.graph.nodes[0].attributes[0].integers, (Dims{1, 300, -7}));
  const Parsed n(modelWith(numbers));
  EXPECT_EQ(n.graph.nodes[0].attributes[0].numbers, (std::vector<float>{2, 3}));
}

TEST(Reader, ListsOfTextsTensorsAndGraphs) {
  const Bytes g = graph({.nodes = {node("Neg", {"a"}, {"b"})}});
  const Bytes all = Message()
                        .bytes(1, "a")
                        .bytes(9, "one")
                        .bytes(9, Bytes("\xff\0", 2))
                        .bytes(10, tensor<float>("", {1}, {1}))
                        .bytes(10, tensor<float>("", {1}, {2}))
                        .bytes(11, g)
                        .bytes(11, g)
                        .bytes(11, g);
  const Parsed m(modelWith(all));
  const Attribute &a = m.graph.nodes[0].attributes[0];
  EXPECT_EQ(a.texts, (Strings{"one", std::string_view("\xff\0", 2)}));
  EXPECT_EQ(a.tensors.size(), 2u);
  ASSERT_EQ(a.graphs.size(), 3u);
  EXPECT_EQ(a.graphs[2]->nodes.size(), 1u);
  EXPECT_FALSE(a.other);
}

TEST(Reader, KindsWeDoNotKnowAreTold) {
  for (const int field : {14, 15, 22, 23}) {
    const Parsed m(modelWith(Message().bytes(1, "a").bytes(field, "")));
    EXPECT_TRUE(m.graph.nodes[0].attributes[0].other) << field;
  }
}

// Writers of proto3 leave a 0 out.
TEST(Reader, ZerosThatWereLeftOut) {
  const auto read = [](int kind) {
    const Bytes bytes = modelWith(Message().bytes(1, "a").integer(20, kind));
    const Parsed m(bytes);
    return std::tuple(m.graph.nodes[0].attributes[0].number,
                      m.graph.nodes[0].attributes[0].integer,
                      m.graph.nodes[0].attributes[0].text.has_value());
  };
  EXPECT_EQ(read(1), std::tuple(0.0f, std::nullopt, false));
  EXPECT_EQ(read(2), std::tuple(std::nullopt, 0, false));
  EXPECT_EQ(read(3), std::tuple(std::nullopt, std::nullopt, true));
}

TEST(Reader, TypesThatAreNoTensors) {
  const std::pair<int, TypeKind> kinds[] = {{4, TypeKind::sequence},
                                            {5, TypeKind::map},
                                            {7, TypeKind::opaque},
                                            {8, TypeKind::sparse},
                                            {9, TypeKind::optional}};
  for (const auto &[field, kind] : kinds) {
    const Bytes value =
        Message().bytes(1, "x").bytes(2, Message().bytes(field, ""));
    const Bytes bytes = model(graph({.outputs = {value}}));
    EXPECT_EQ(Parsed(bytes).graph.outputs[0].kind, kind);
  }
  const Bytes bytes = model(graph({.outputs = {Message().bytes(1, "x")}}));
  const Parsed m(bytes);
  EXPECT_EQ(m.graph.outputs[0].kind, TypeKind::none);
  EXPECT_FALSE(m.graph.outputs[0].shape);
}

TEST(Reader, MessagesOfOneFieldJoin) {
  const Bytes first = graph({.nodes = {node("A", {}, {"a"})}, .name = "one"});
  const Bytes second = graph({.nodes = {node("B", {}, {"b"})}, .name = "two"});
  const Bytes bytes = Message().bytes(7, first).bytes(7, second);
  const Parsed m(bytes);
  ASSERT_EQ(m.graph.nodes.size(), 2u);
  EXPECT_EQ(m.graph.nodes[1].op, "B");
  EXPECT_EQ(m.graph.name, "two");
}

TEST(Reader, WhatItDoesNotKnowIsSkipped) {
  const Bytes g = Message()
                      .bytes(1, Message(Message().bytes(4, "Exp"))
                                    .integer(99, 5)
                                    .number(98, 1)
                                    .bytes(97, "more"))
                      .bytes(14, "annotation");
  EXPECT_EQ(Parsed(model(g)).graph.nodes.at(0).op, "Exp");
}

TEST(Reader, SparseInitializersAreCounted) {
  const Bytes g =
      Message().bytes(1, node("Exp", {"x"}, {"y"})).bytes(15, "").bytes(15, "");
  EXPECT_EQ(Parsed(model(g)).graph.sparse, 2u);
}

TEST(Reader, EveryTruncation) {
  const Bytes whole = smallModel();
  int refused = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of just this size: reading on would be seen by a sanitizer.
    const std::vector<char> part(whole.begin(), whole.begin() + size);
    refused += !errorOf(Bytes(part.begin(), part.end())).empty();
  }
  // Only a cut between fields of the ModelProto after the graph leaves a model.
  EXPECT_GE(refused, static_cast<int>(whole.size()) - 3);
}

TEST(Reader, BitFlips) {
  const Bytes whole = smallModel();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ 1 << (bit % 8));
    try {
      readModel(broken, "m.onnx");
    } catch (const io::FileError &error) {
      EXPECT_TRUE(error.status == MG_ERROR_FILE ||
                  error.status == MG_ERROR_UNSUPPORTED);
    }
  }
}

TEST(Reader, Noise) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    Bytes noise(random() % 200, '\0');
    for (char &c : noise)
      c = static_cast<char>(random());
    EXPECT_NE(errorOf(noise), "");
  }
}

TEST(Reader, NamesTheByteAndTheMessage) {
  Bytes bytes = modelOf(node("Op", {"x"}, {"y"}));
  const std::size_t name = bytes.find("Op");
  bytes[name] = '\xff';
  expectError(bytes, "a name is not UTF-8 at byte " + std::to_string(name - 2) +
                         " (NodeProto)");
}

TEST(Reader, NamesAreText) {
  expectError(modelOf(node(Bytes("a\0b", 3), {}, {"y"})), "not UTF-8");
  expectError(modelOf(node("\xc0\x80", {}, {"y"})), "not UTF-8");
  EXPECT_EQ(errorOf(modelOf(node("größe", {}, {"y"}))), "");
}

TEST(Reader, WhatMustHaveAName) {
  expectError(modelOf(node("", {}, {"y"})), "a node has no operator");
  expectError(modelWith(attribute("", 1)), "an attribute has no name");
  expectError(model(graph({.inputs = {value("", ElementType::f32, {})}})),
              "a value has no name");
  expectError(model(graph({.initializers = {tensor<float>("", {}, {1})}})),
              "an initializer has no name");
  expectError(model(graph({}), {}, {function({.domain = "d", .name = ""})}),
              "a function has no name");
}

TEST(Reader, AttributesOfOneName) {
  expectError(
      modelOf(node("Op", {}, {"y"},
                   {attribute("a", 1), attribute("b", 1), attribute("a", 2)})),
      "an attribute twice");
}

TEST(Reader, FieldsOfAnotherType) {
  expectError(modelOf(Message().integer(4, 1)), "field 4 has the wrong type");
  expectError(modelWith(Message().bytes(1, "a").bytes(3, "1")),
              "field 3 has the wrong type");
  expectError(modelWith(Message().bytes(1, "a").integer(2, 1)),
              "field 2 has the wrong type");
  expectError(Message().integer(7, 1), "field 7 has the wrong type");
}

TEST(Reader, MalformedFields) {
  const auto expectMalformed = [](const char *bytes, std::size_t size) {
    expectError(modelOf(Bytes(bytes, size)), "a field");
  };
  expectMalformed("\x0a\x05x", 3);                // longer than its message
  expectMalformed("\x0a\xff\xff\xff\xff\x0f", 6); // 4 GB
  expectMalformed("\x00\x01", 2);                 // field 0
  expectMalformed("\x0b", 1);                     // a group
  expectMalformed("\x0f", 1);                     // no wire type
  expectMalformed("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11);
  // Packed floats of three bytes, a packed integer that does not end.
  expectError(modelWith(Message().bytes(1, "a").bytes(7, "abc")), "a field");
  expectError(modelWith(Message().bytes(1, "a").bytes(8, "\xff")), "a field");
}

Bytes nested(int graphs) {
  Bytes inner = graph({.nodes = {node("Neg", {"x"}, {"y"})}});
  for (int i = 1; i < graphs; ++i)
    inner = graph(
        {.nodes = {node("If", {"c"}, {"y"}, {graphAttribute("g", inner)})}});
  return model(inner);
}

TEST(Reader, Nesting) {
  // The model, then a graph, a node and an attribute per level.
  EXPECT_EQ(errorOf(nested(21)), "");
  expectError(nested(22), "messages are nested deeper than 64");
  expectError(nested(65), "messages are nested deeper than 64");
  expectError(nested(2000), "messages are nested deeper than 64");
}

TEST(Reader, NoGraph) {
  expectError("", "holds no graph");
  expectError(Message().integer(1, 8), "holds no graph");
  expectError(model(""), "holds no graph");
}

TEST(Reader, WhatLooksLikeAModel) {
  const Bytes whole = smallModel();
  EXPECT_TRUE(looksLikeModel(whole));
  EXPECT_TRUE(looksLikeModel(whole.substr(0, whole.size() / 2)));
  EXPECT_FALSE(looksLikeModel(""));
  EXPECT_FALSE(looksLikeModel("\"builtin.module\"() ({}) : () -> ()"));
  EXPECT_FALSE(looksLikeModel("module {\n  func.func @main() {}\n}\n"));
  EXPECT_FALSE(looksLikeModel(Bytes("\x08\x01\0\0\0\0\0\0{\"a\":{}}", 16)));
  EXPECT_FALSE(looksLikeModel("\x93NUMPY\x01"));
  EXPECT_FALSE(looksLikeModel("PK\x03\x04"));
  EXPECT_FALSE(looksLikeModel("\x7f"
                              "ELF\x02\x01"));
  EXPECT_FALSE(looksLikeModel("ML\xefR\x0dMLIR19"));
}

TEST(Reader, LengthsOfTensorsAreNotBelieved) {
  // A tensor that claims 2^62 elements has only its few bytes read.
  const Bytes bytes =
      model(graph({.nodes = {node("Neg", {"w"}, {"y"})},
                   .initializers = {tensor("w", ElementType::f32,
                                           {std::int64_t{1} << 62}, "abcd")}}));
  const Parsed m(bytes);
  EXPECT_EQ(m.graph.initializers[0].raw, "abcd");
}

} // namespace
} // namespace mg::onnx::test
