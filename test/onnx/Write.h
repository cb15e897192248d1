//===- Write.h - ONNX models for tests, byte by byte ----------------------===//
//
// Each function makes the bytes of one message of onnx.proto. What they write
// is protobuf, whether or not it means anything: broken models are made of the
// same parts.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_ONNX_WRITE_H
#define MG_TEST_ONNX_WRITE_H

#include "frontend/onnx/Model.h"

#include <protozero/pbf_writer.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace mg::onnx::test {

using Bytes = std::string;
using Names = std::vector<std::string>;
using Dims = std::vector<std::int64_t>;

/// A message, field by field.
class Message {
public:
  Message &integer(std::uint32_t field, std::int64_t value) {
    writer().add_int64(field, value);
    return *this;
  }
  Message &number(std::uint32_t field, float value) {
    writer().add_float(field, value);
    return *this;
  }
  /// A text, bytes, or a message.
  Message &bytes(std::uint32_t field, const Bytes &value) {
    writer().add_bytes(field, value);
    return *this;
  }
  Message &bytes(std::uint32_t field, const std::vector<Bytes> &values) {
    for (const Bytes &value : values)
      bytes(field, value);
    return *this;
  }
  Message &integers(std::uint32_t field, const Dims &values) {
    for (const std::int64_t value : values)
      integer(field, value);
    return *this;
  }
  Message &packed(std::uint32_t field, const Dims &values) {
    writer().add_packed_int64(field, values.begin(), values.end());
    return *this;
  }
  Message &packed(std::uint32_t field, const std::vector<float> &values) {
    writer().add_packed_float(field, values.begin(), values.end());
    return *this;
  }
  Message &packed(std::uint32_t field, const std::vector<double> &values) {
    writer().add_packed_double(field, values.begin(), values.end());
    return *this;
  }
  operator Bytes() const { return data; }

private:
  protozero::pbf_writer writer() { return protozero::pbf_writer(data); }
  Bytes data;
};

template <class T> Bytes rawBytes(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(T)};
}

template <class T> constexpr ElementType elementType() {
  if constexpr (std::is_same_v<T, float>)
    return ElementType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return ElementType::f64;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return ElementType::i64;
  else if constexpr (std::is_same_v<T, std::int32_t>)
    return ElementType::i32;
  else if constexpr (std::is_same_v<T, std::int8_t>)
    return ElementType::i8;
  else {
    static_assert(std::is_same_v<T, std::uint8_t>);
    return ElementType::u8;
  }
}

/// A TensorProto without elements.
inline Message tensor(const std::string &name, ElementType type,
                      const Dims &dims) {
  Message message;
  message.integers(1, dims).integer(2, static_cast<int>(type)).bytes(8, name);
  return message;
}
inline Bytes tensor(const std::string &name, ElementType type, const Dims &dims,
                    const Bytes &raw) {
  return tensor(name, type, dims).bytes(9, raw);
}
template <class T>
Bytes tensor(const std::string &name, const Dims &dims,
             const std::vector<T> &values) {
  return tensor(name, elementType<T>(), dims, rawBytes(values));
}
/// One with elements in another file.
inline Bytes
externalTensor(const std::string &name, ElementType type, const Dims &dims,
               const std::vector<std::pair<std::string, std::string>> &where) {
  Message message = tensor(name, type, dims);
  message.integer(14, 1);
  for (const auto &[key, value] : where)
    message.bytes(13, Message().bytes(1, key).bytes(2, value));
  return message;
}

/// AttributeProtos.
inline Bytes attribute(const std::string &name, std::int64_t value) {
  return Message().bytes(1, name).integer(3, value).integer(20, 2);
}
inline Bytes attribute(const std::string &name, int value) {
  return attribute(name, std::int64_t{value});
}
inline Bytes attribute(const std::string &name, float value) {
  return Message().bytes(1, name).number(2, value).integer(20, 1);
}
inline Bytes attribute(const std::string &name, const char *value) {
  return Message().bytes(1, name).bytes(4, value).integer(20, 3);
}
inline Bytes attribute(const std::string &name, const Dims &values) {
  return Message().bytes(1, name).integers(8, values).integer(20, 7);
}
inline Bytes attribute(const std::string &name,
                       const std::vector<float> &values) {
  return Message().bytes(1, name).packed(7, values).integer(20, 6);
}
inline Bytes tensorAttribute(const std::string &name, const Bytes &tensor) {
  return Message().bytes(1, name).bytes(5, tensor).integer(20, 4);
}
inline Bytes graphAttribute(const std::string &name, const Bytes &graph) {
  return Message().bytes(1, name).bytes(6, graph).integer(20, 5);
}

inline Bytes node(const std::string &op, const Names &inputs,
                  const Names &outputs,
                  const std::vector<Bytes> &attributes = {},
                  const std::string &domain = "") {
  Message message;
  message.bytes(1, inputs).bytes(2, outputs).bytes(4, op);
  message.bytes(5, attributes);
  if (!domain.empty())
    message.bytes(7, domain);
  return message;
}

/// A size, or the name of one.
struct Size {
  std::int64_t size = 0;
  std::string symbol = {};
  Size(std::int64_t size) : size(size) {}
  Size(const char *symbol) : symbol(symbol) {}
};

/// A ValueInfoProto of a tensor.
inline Bytes value(const std::string &name, ElementType type,
                   const std::vector<Size> &shape) {
  Message dims;
  for (const Size &size : shape)
    dims.bytes(1, size.symbol.empty() ? Message().integer(1, size.size)
                                      : Message().bytes(2, size.symbol));
  const Message tensorType =
      Message().integer(1, static_cast<int>(type)).bytes(2, dims);
  return Message().bytes(1, name).bytes(2, Message().bytes(1, tensorType));
}

struct GraphParts {
  std::vector<Bytes> nodes = {}, inputs = {}, outputs = {}, initializers = {};
  std::string name = "graph";
};
inline Bytes graph(const GraphParts &parts) {
  Message message;
  message.bytes(1, parts.nodes).bytes(2, parts.name);
  message.bytes(5, parts.initializers);
  message.bytes(11, parts.inputs).bytes(12, parts.outputs);
  return message;
}

inline Bytes opset(std::int64_t version, const std::string &domain = "") {
  return Message().bytes(1, domain).integer(2, version);
}

struct FunctionParts {
  std::string domain, name;
  Names inputs = {}, outputs = {};
  std::vector<Bytes> nodes = {}, opsets = {opset(21)};
};
inline Bytes function(const FunctionParts &parts) {
  Message message;
  message.bytes(1, parts.name).bytes(4, parts.inputs).bytes(5, parts.outputs);
  message.bytes(7, parts.nodes).bytes(9, parts.opsets).bytes(10, parts.domain);
  return message;
}

inline Bytes model(const Bytes &graph,
                   const std::vector<Bytes> &opsets = {opset(21)},
                   const std::vector<Bytes> &functions = {}) {
  Message message;
  message.integer(1, 10).bytes(2, "test").bytes(7, graph).bytes(8, opsets);
  message.bytes(25, functions);
  return message;
}

} // namespace mg::onnx::test

#endif // MG_TEST_ONNX_WRITE_H
