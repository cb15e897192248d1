//===- Reader.cpp - a ModelProto's bytes to the structs of Model.h --------===//
//
// One table per message says which field goes into which member; how a field is
// coded follows from the member's type. What no table names is skipped. A field
// that is coded otherwise than onnx.proto says, a message that ends inside a
// field, a name that is no text: all of it is an error that tells the byte.
//
// Memory grows with what was read, never with a length that a file claims.
//
//===----------------------------------------------------------------------===//
#include "frontend/io/FileError.h"
#include "frontend/onnx/Model.h"

#include "llvm/Support/JSON.h"

#include <fmt/format.h>
#include <protozero/pbf_reader.hpp>

#include <algorithm>
#include <limits>
#include <span>

namespace mg::onnx {

namespace {

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

constexpr int deepestNesting = 64;

/// The bytes that are read, and how far reading has come.
struct Source {
  std::string_view bytes;
  const std::string &path;
  const char *message = "";
  const char *at = bytes.data();

  [[noreturn]] void fail(std::string_view reason) const {
    throw io::FileError(MG_ERROR_FILE, path,
                        fmt::format("is no ONNX model: {} at byte {} ({})",
                                    reason, at - bytes.data(), message));
  }
};

/// A message, field by field: `next`, then one of the readers or `skip`.
class Message {
public:
  Message(Source &source, std::string_view bytes, const char *name, int depth)
      : source(source), name(name), depth(depth),
        reader(bytes.data(), bytes.size()) {}

  bool next() {
    source.message = name;
    source.at = reader.data().data();
    start = source.at;
    return reader.next();
  }
  std::uint32_t field() const { return reader.tag(); }
  bool isPacked() const {
    return reader.wire_type() == protozero::pbf_wire_type::length_delimited;
  }
  void skip() { reader.skip(); }

  std::string_view bytes() {
    expect(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader.get_view();
    return {view.data(), view.size()};
  }
  std::string_view text() {
    const std::string_view text = bytes();
    if (!llvm::json::isUTF8(text) || text.find('\0') != text.npos)
      source.fail("a name is not UTF-8");
    return text;
  }
  std::int64_t integer() {
    expect(protozero::pbf_wire_type::varint);
    return reader.get_int64();
  }
  float number() {
    expect(protozero::pbf_wire_type::fixed32);
    return reader.get_float();
  }
  /// The elements of a repeated field, packed or one by one.
  void append(std::vector<std::int64_t> &integers) {
    if (!isPacked())
      return integers.push_back(integer());
    for (const std::int64_t each : reader.get_packed_int64())
      integers.push_back(each);
  }
  void append(std::vector<float> &numbers) {
    if (!isPacked())
      return numbers.push_back(number());
    for (const float each : reader.get_packed_float())
      numbers.push_back(each);
  }
  /// The field, its tag included.
  std::string_view whole() {
    skip();
    return {start, static_cast<std::size_t>(reader.data().data() - start)};
  }
  /// The message in this field.
  Message message(const char *name) {
    if (depth == deepestNesting)
      source.fail(
          fmt::format("messages are nested deeper than {}", deepestNesting));
    return {source, bytes(), name, depth + 1};
  }
  [[noreturn]] void fail(std::string_view reason) const {
    source.message = name;
    source.fail(reason);
  }
  [[noreturn]] void unsupported(const std::string &what) const {
    throw io::FileError(MG_ERROR_UNSUPPORTED, source.path,
                        what + " is not supported");
  }

private:
  void expect(protozero::pbf_wire_type type) const {
    if (!reader.has_wire_type(type))
      source.fail(fmt::format("field {} has the wrong type", field()));
  }

  Source &source;
  const char *name;
  int depth;
  protozero::pbf_reader reader;
  const char *start = nullptr;
};

//===----------------------------------------------------------------------===//
// Members by their types
//===----------------------------------------------------------------------===//

template <class T> struct Field {
  std::uint32_t number;
  void (*read)(Message &, T &);
};

/// A message: its name in onnx.proto, its fields, and what else must be true.
template <class T> struct Layout {
  const char *name;
  std::span<const Field<T>> fields;
  void (*check)(const Message &, T &) = nullptr;
};

const Layout<TensorData> &layoutOf(const TensorData *);
const Layout<ValueInfo> &layoutOf(const ValueInfo *);
const Layout<Dimension> &layoutOf(const Dimension *);
const Layout<Attribute> &layoutOf(const Attribute *);
const Layout<Node> &layoutOf(const Node *);
const Layout<Graph> &layoutOf(const Graph *);
const Layout<Opset> &layoutOf(const Opset *);
const Layout<FunctionDef> &layoutOf(const FunctionDef *);
const Layout<Model> &layoutOf(const Model *);
const Layout<Pairs::value_type> &layoutOf(const Pairs::value_type *);

/// As protobuf has it, what comes later wins, and repeated fields and messages
/// join what came before.
template <class T>
void readFields(Message message, T &into, const Layout<T> &layout) {
  while (message.next()) {
    const auto field = std::find_if(
        layout.fields.begin(), layout.fields.end(),
        [&](const Field<T> &f) { return f.number == message.field(); });
    if (field == layout.fields.end())
      message.skip();
    else
      field->read(message, into);
  }
  if (layout.check)
    layout.check(message, into);
}

template <class T>
void readMessage(Message &message, T &into, const Layout<T> &layout) {
  readFields(message.message(layout.name), into, layout);
}

void take(Message &m, std::string_view &into) { into = m.text(); }
void take(Message &m, Strings &into) { into.push_back(m.text()); }
void take(Message &m, std::optional<std::string_view> &into) {
  into = m.bytes();
}
void take(Message &m, std::int64_t &into) { into = m.integer(); }
void take(Message &m, std::optional<std::int64_t> &into) { into = m.integer(); }
void take(Message &m, std::int32_t &into) {
  into = static_cast<std::int32_t>(m.integer());
}
void take(Message &m, ElementType &into) {
  into = static_cast<ElementType>(m.integer());
}
void take(Message &m, std::optional<float> &into) { into = m.number(); }
void take(Message &m, std::vector<std::int64_t> &into) { m.append(into); }
void take(Message &m, std::vector<float> &into) { m.append(into); }
template <class T> void take(Message &m, T &into) {
  readMessage(m, into, layoutOf(&into));
}
template <class T> void take(Message &m, std::vector<T> &into) {
  take(m, into.emplace_back());
}
template <class T> void take(Message &m, std::shared_ptr<T> &into) {
  if (!into)
    into = std::make_shared<T>();
  take(m, *into);
}

template <auto member, class T> void into(Message &m, T &object) {
  take(m, object.*member);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

void readTyped(Message &m, TensorData &tensor) {
  const std::uint32_t field = m.field();
  // The elements of a field of strings are never packed.
  constexpr std::uint32_t strings = 6;
  if (m.isPacked() && field != strings) {
    tensor.typed.push_back({field, true, m.bytes()});
    return;
  }
  const std::string_view element = m.whole();
  auto &pieces = tensor.typed;
  if (!pieces.empty() && pieces.back().field == field &&
      !pieces.back().packed &&
      pieces.back().bytes.data() + pieces.back().bytes.size() == element.data())
    pieces.back().bytes = {pieces.back().bytes.data(),
                           pieces.back().bytes.size() + element.size()};
  else
    pieces.push_back({field, false, element});
}

void readLocation(Message &m, TensorData &tensor) {
  const std::int64_t location = m.integer();
  if (location != 0 && location != 1)
    m.fail("a tensor's elements lie at an unknown kind of place");
  tensor.external = location == 1;
}

const Layout<Pairs::value_type> &layoutOf(const Pairs::value_type *) {
  using Pair = Pairs::value_type;
  static constexpr Field<Pair> fields[] = {{1, into<&Pair::first>},
                                           {2, into<&Pair::second>}};
  static constexpr Layout<Pair> layout{"StringStringEntryProto", fields};
  return layout;
}

const Layout<TensorData> &layoutOf(const TensorData *) {
  static constexpr Field<TensorData> fields[] = {
      {1, into<&TensorData::dims>},
      {2, into<&TensorData::type>},
      {3,
       [](Message &m, TensorData &) { m.unsupported("a tensor's segment"); }},
      {4, readTyped},
      {5, readTyped},
      {6, readTyped},
      {7, readTyped},
      {8, into<&TensorData::name>},
      {9, into<&TensorData::raw>},
      {10, readTyped},
      {11, readTyped},
      {13, into<&TensorData::externalData>},
      {14, readLocation}};
  static constexpr Layout<TensorData> layout{"TensorProto", fields};
  return layout;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

const Layout<Dimension> &layoutOf(const Dimension *) {
  static constexpr Field<Dimension> fields[] = {{1, into<&Dimension::size>},
                                                {2, into<&Dimension::symbol>}};
  static constexpr Layout<Dimension> layout{"TensorShapeProto.Dimension",
                                            fields};
  return layout;
}

void readDimension(Message &m, ValueInfo &value) { take(m, *value.shape); }
constexpr Field<ValueInfo> shapeFields[] = {{1, readDimension}};
constexpr Layout<ValueInfo> shapeLayout{"TensorShapeProto", shapeFields};

void readShape(Message &m, ValueInfo &value) {
  if (!value.shape)
    value.shape.emplace();
  readMessage(m, value, shapeLayout);
}
constexpr Field<ValueInfo> tensorFields[] = {{1, into<&ValueInfo::type>},
                                             {2, readShape}};
constexpr Layout<ValueInfo> tensorLayout{"TypeProto.Tensor", tensorFields};

void readTensorType(Message &m, ValueInfo &value) {
  value.kind = TypeKind::tensor;
  readMessage(m, value, tensorLayout);
}
template <TypeKind kind> void readOtherType(Message &m, ValueInfo &value) {
  value.kind = kind;
  m.bytes();
}
constexpr Field<ValueInfo> typeFields[] = {
    {1, readTensorType},
    {4, readOtherType<TypeKind::sequence>},
    {5, readOtherType<TypeKind::map>},
    {7, readOtherType<TypeKind::opaque>},
    {8, readOtherType<TypeKind::sparse>},
    {9, readOtherType<TypeKind::optional>}};
constexpr Layout<ValueInfo> typeLayout{"TypeProto", typeFields};

void readType(Message &m, ValueInfo &value) {
  readMessage(m, value, typeLayout);
}

const Layout<ValueInfo> &layoutOf(const ValueInfo *) {
  static constexpr Field<ValueInfo> fields[] = {{1, into<&ValueInfo::name>},
                                                {2, readType}};
  static constexpr Layout<ValueInfo> layout{
      "ValueInfoProto", fields, [](const Message &m, ValueInfo &value) {
        if (value.name.empty())
          m.fail("a value has no name");
      }};
  return layout;
}

//===----------------------------------------------------------------------===//
// Nodes and graphs
//===----------------------------------------------------------------------===//

/// Writers that know no presence leave a 0 and an empty text out: the kind says
/// that they are there.
void completeAttribute(const Message &m, Attribute &attribute) {
  enum AttributeKind : std::int32_t { number = 1, integer, text };
  if (attribute.name.empty())
    m.fail("an attribute has no name");
  if (!attribute.reference.empty())
    return;
  if (attribute.kind == number && !attribute.number)
    attribute.number = 0;
  if (attribute.kind == integer && !attribute.integer)
    attribute.integer = 0;
  if (attribute.kind == text && !attribute.text)
    attribute.text = "";
}

void readTexts(Message &m, Attribute &attribute) {
  attribute.texts.push_back(m.bytes());
}

void readOther(Message &m, Attribute &attribute) {
  attribute.other = true;
  m.bytes();
}

const Layout<Attribute> &layoutOf(const Attribute *) {
  static constexpr Field<Attribute> fields[] = {
      {1, into<&Attribute::name>},
      {2, into<&Attribute::number>},
      {3, into<&Attribute::integer>},
      {4, into<&Attribute::text>},
      {5, into<&Attribute::tensor>},
      {6, into<&Attribute::graph>},
      {7, into<&Attribute::numbers>},
      {8, into<&Attribute::integers>},
      {9, readTexts},
      {10, into<&Attribute::tensors>},
      {11, into<&Attribute::graphs>},
      {14, readOther},
      {15, readOther},
      {20, into<&Attribute::kind>},
      {21, into<&Attribute::reference>},
      {22, readOther},
      {23, readOther}};
  static constexpr Layout<Attribute> layout{"AttributeProto", fields,
                                            completeAttribute};
  return layout;
}

void checkAttributes(const Message &m, const Node &node) {
  Strings names;
  for (const Attribute &attribute : node.attributes)
    names.push_back(attribute.name);
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    m.fail("a node has an attribute twice");
}

const Layout<Node> &layoutOf(const Node *) {
  static constexpr Field<Node> fields[] = {
      {1, into<&Node::inputs>},     {2, into<&Node::outputs>},
      {3, into<&Node::name>},       {4, into<&Node::op>},
      {5, into<&Node::attributes>}, {7, into<&Node::domain>},
      {8, into<&Node::overload>}};
  static constexpr Layout<Node> layout{"NodeProto", fields,
                                       [](const Message &m, Node &node) {
                                         if (node.op.empty())
                                           m.fail("a node has no operator");
                                         checkAttributes(m, node);
                                       }};
  return layout;
}

void readInitializer(Message &m, Graph &graph) {
  take(m, graph.initializers);
  if (graph.initializers.back().name.empty())
    m.fail("an initializer has no name");
}

void countSparse(Message &m, Graph &graph) {
  ++graph.sparse;
  m.bytes();
}

const Layout<Graph> &layoutOf(const Graph *) {
  static constexpr Field<Graph> fields[] = {{1, into<&Graph::nodes>},
                                            {2, into<&Graph::name>},
                                            {5, readInitializer},
                                            {11, into<&Graph::inputs>},
                                            {12, into<&Graph::outputs>},
                                            {13, into<&Graph::values>},
                                            {15, countSparse}};
  static constexpr Layout<Graph> layout{"GraphProto", fields};
  return layout;
}

const Layout<Opset> &layoutOf(const Opset *) {
  static constexpr Field<Opset> fields[] = {{1, into<&Opset::domain>},
                                            {2, into<&Opset::version>}};
  static constexpr Layout<Opset> layout{"OperatorSetIdProto", fields};
  return layout;
}

const Layout<FunctionDef> &layoutOf(const FunctionDef *) {
  static constexpr Field<FunctionDef> fields[] = {
      {1, into<&FunctionDef::name>},     {4, into<&FunctionDef::inputs>},
      {5, into<&FunctionDef::outputs>},  {6, into<&FunctionDef::attributes>},
      {7, into<&FunctionDef::nodes>},    {9, into<&FunctionDef::opsets>},
      {10, into<&FunctionDef::domain>},  {11, into<&FunctionDef::defaults>},
      {13, into<&FunctionDef::overload>}};
  static constexpr Layout<FunctionDef> layout{
      "FunctionProto", fields, [](const Message &m, FunctionDef &function) {
        if (function.name.empty())
          m.fail("a function has no name");
      }};
  return layout;
}

const Layout<Model> &layoutOf(const Model *) {
  static constexpr Field<Model> fields[] = {
      {1, into<&Model::irVersion>},       {2, into<&Model::producer>},
      {3, into<&Model::producerVersion>}, {7, into<&Model::graph>},
      {8, into<&Model::opsets>},          {25, into<&Model::functions>}};
  static constexpr Layout<Model> layout{"ModelProto", fields};
  return layout;
}

template <class T> T read(std::string_view bytes, const std::string &path) {
  T result;
  const Layout<T> &layout = layoutOf(&result);
  Source source{bytes, path};
  try {
    readFields(Message(source, bytes, layout.name, 1), result, layout);
  } catch (const protozero::end_of_buffer_exception &) {
    source.fail("a field goes beyond its message's end");
  } catch (const protozero::exception &) {
    source.fail("a field is malformed");
  }
  return result;
}

/// How a ModelProto codes a field; none for a field that it does not have.
std::optional<protozero::pbf_wire_type> wireTypeInModel(std::uint32_t field) {
  switch (field) {
  case 1:
  case 5:
    return protozero::pbf_wire_type::varint;
  case 2:
  case 3:
  case 4:
  case 6:
  case 7:
  case 8:
  case 14:
  case 20:
  case 25:
  case 26:
    return protozero::pbf_wire_type::length_delimited;
  }
  return std::nullopt;
}

} // namespace

bool looksLikeModel(std::string_view bytes) {
  // Text has no control characters; ModelProto's short fields have many.
  constexpr std::size_t looked = 64;
  const std::string_view head = bytes.substr(0, looked);
  const auto isControl = [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' &&
           c != '\t';
  };
  if (std::none_of(head.begin(), head.end(), isControl))
    return false;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  try {
    while (reader.next()) {
      if (wireTypeInModel(reader.tag()) != reader.wire_type())
        return false;
      reader.skip();
    }
  } catch (const protozero::end_of_buffer_exception &) {
    return true; // cut off: reading it will tell where
  } catch (const protozero::exception &) {
    return false;
  }
  return true;
}

Model readModel(std::string_view bytes, const std::string &path) {
  // protozero's lengths have 32 bits, and protobuf allows 31.
  if (bytes.size() > std::numeric_limits<std::int32_t>::max())
    throw io::FileError(MG_ERROR_FILE, path,
                        "is larger than 2 GB, which no ONNX model may be");
  Model model = read<Model>(bytes, path);
  if (model.graph.nodes.empty() && model.graph.outputs.empty())
    throw io::FileError(MG_ERROR_FILE, path, "holds no graph");
  return model;
}

TensorData readTensor(std::string_view bytes, const std::string &path) {
  return read<TensorData>(bytes, path);
}

} // namespace mg::onnx
