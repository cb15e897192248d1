//===- Model.h - what an ONNX file says, not yet judged -------------------===//
//
// The messages of onnx.proto as plain structs. Names and bytes are views of the
// file's memory: a Model lives no longer than the file it was read from. What
// the structs say has the right form (a name is UTF-8, a size fits its field);
// whether it means something is for those who read them.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_ONNX_MODEL_H
#define MG_FRONTEND_ONNX_MODEL_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mg::onnx {

/// TensorProto.DataType, by its numbers.
enum class ElementType : std::int32_t {
  undefined = 0,
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  string = 8,
  b1 = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  c64 = 14,
  c128 = 15,
  bf16 = 16,
  f8e4m3fn = 17,
  f8e4m3fnuz = 18,
  f8e5m2 = 19,
  f8e5m2fnuz = 20,
  u4 = 21,
  i4 = 22,
  f4e2m1 = 23,
  f8e8m0 = 24,
  u2 = 25,
  i2 = 26,
  f6e2m3 = 27,
  f6e3m2 = 28
};
/// "f32", "float8e4m3fn", "string"; a number for one that is not known.
std::string to_string(ElementType type);

using Strings = std::vector<std::string_view>;
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// A TensorProto. Its elements lie in one of three places.
struct TensorData {
  std::string_view name = {};
  ElementType type = ElementType::undefined;
  std::vector<std::int64_t> dims = {};
  /// The elements as they lie in memory, little-endian.
  std::optional<std::string_view> raw = {};
  /// A typed field (float_data, int32_data, ..), still as the wire has it, and
  /// the field's number: none where the tensor has no typed elements. Several
  /// pieces follow one another. The elements of a piece stand one after the
  /// other if it is `packed`; else a tag stands before each.
  struct Piece {
    std::uint32_t field;
    bool packed;
    std::string_view bytes;
  };
  std::vector<Piece> typed = {};
  /// location, offset, length, checksum of data in another file.
  bool external = false;
  Pairs externalData = {};
};

/// A size, or a name for one that the model leaves open; both empty: unknown.
struct Dimension {
  std::optional<std::int64_t> size = {};
  std::string_view symbol = {};
};

enum class TypeKind : std::uint8_t {
  none,
  tensor,
  sequence,
  map,
  optional,
  sparse,
  opaque
};
struct ValueInfo {
  std::string_view name = {};
  TypeKind kind = TypeKind::none;
  ElementType type = ElementType::undefined;
  /// None: of any rank.
  std::optional<std::vector<Dimension>> shape = {};
};

struct Graph;
/// An AttributeProto: whichever fields it has.
struct Attribute {
  std::string_view name = {};
  /// Of the function that the node stands in; then it has no value of its own.
  std::string_view reference = {};
  /// AttributeProto.AttributeType; 0 in files of IR version 1.
  std::int32_t kind = 0;
  std::optional<float> number = {};
  std::optional<std::int64_t> integer = {};
  std::optional<std::string_view> text = {};
  std::shared_ptr<TensorData> tensor = {};
  std::shared_ptr<Graph> graph = {};
  std::vector<float> numbers = {};
  std::vector<std::int64_t> integers = {};
  Strings texts = {};
  std::vector<TensorData> tensors = {};
  std::vector<std::shared_ptr<Graph>> graphs = {};
  /// A sparse tensor or a type: no operator that we know takes one.
  bool other = false;
};

struct Node {
  std::string_view name = {}, op = {}, domain = {}, overload = {};
  /// An empty name is an operand left out, or a result nobody wants.
  Strings inputs = {}, outputs = {};
  std::vector<Attribute> attributes = {};
};

struct Graph {
  std::string_view name = {};
  std::vector<Node> nodes = {};
  std::vector<TensorData> initializers = {};
  std::vector<ValueInfo> inputs = {}, outputs = {}, values = {};
  /// How many initializers are sparse.
  std::size_t sparse = 0;
};

struct Opset {
  std::string_view domain = {};
  std::int64_t version = 0;
};

/// A FunctionProto: an operator that the model itself defines.
struct FunctionDef {
  std::string_view name = {}, domain = {}, overload = {};
  Strings inputs = {}, outputs = {};
  /// Attributes without a default, and those with one.
  Strings attributes = {};
  std::vector<Attribute> defaults = {};
  std::vector<Node> nodes = {};
  std::vector<Opset> opsets = {};
};

struct Model {
  std::int64_t irVersion = 0;
  std::string_view producer = {}, producerVersion = {};
  std::vector<Opset> opsets = {};
  Graph graph = {};
  std::vector<FunctionDef> functions = {};
};

/// Whether the bytes could be an ONNX model: the first field is one that a
/// ModelProto has, coded as it must be, and they are no text.
bool looksLikeModel(std::string_view bytes);

/// Parses a ModelProto; `path` is for errors. Messages nested deeper than 64
/// (a graph in an attribute of a node in a graph is three) are refused. Throws
/// io::FileError: MG_ERROR_FILE where the bytes are malformed or hold no graph.
Model readModel(std::string_view bytes, const std::string &path);

/// Parses a TensorProto, as the standard's test data has them.
TensorData readTensor(std::string_view bytes, const std::string &path);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_MODEL_H
