//===- Document.h - an ONNX file, open ------------------------------------===//
//
// The file stays mapped while the document lives; the model's names and bytes
// are views of it, and so are the tensors of its initializers where their bytes
// lie as ours do.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_ONNX_DOCUMENT_H
#define MG_FRONTEND_ONNX_DOCUMENT_H

#include "frontend/onnx/Operators.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <unordered_map>

namespace mg::onnx {

class Document {
public:
  /// Parses `bytes`, which `owner` keeps in memory; external data lies beside
  /// `path`. Throws io::FileError: MG_ERROR_FILE where the bytes are malformed,
  /// MG_ERROR_UNSUPPORTED for an opset that we do not know and for more nodes
  /// than a model needs, MG_ERROR_SHAPE where functions are defined twice or
  /// call themselves, and where outputs have one name.
  Document(std::string path, std::string_view bytes,
           std::shared_ptr<void> owner);

  const std::string &path() const { return file; }
  const Model &model() const { return parsed; }

  /// The version of `domain` that the model imports, or a function of the
  /// model's does; 0 where neither does.
  int version(std::string_view domain,
              const FunctionDef *inside = nullptr) const;
  /// The model's own operator of the node's name, or null.
  const FunctionDef *function(const Node &node) const;

  /// The tensor of `data`, the same each time.
  Tensor tensor(const TensorData &data) const;

private:
  std::string file;
  std::shared_ptr<void> owner;
  Model parsed;
  mutable ExternalFiles external;
  using Name = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Name, const FunctionDef *> functions;
  /// A model is called from several threads.
  mutable std::mutex mutex;
  mutable std::unordered_map<const TensorData *, Tensor> tensors;
};

/// "model.onnx: node 'conv1' (Conv)", where the model is not enough. A node
/// without a name is called by its first result.
std::string placeOf(const Document &document, const Node &node);
/// "node 'conv1' (Conv)".
std::string titleOf(const Node &node);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_DOCUMENT_H
