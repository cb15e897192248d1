//===- Tensors.h - the elements of a TensorProto as a tensor --------------===//
#ifndef MG_FRONTEND_ONNX_TENSORS_H
#define MG_FRONTEND_ONNX_TENSORS_H

#include "frontend/onnx/Model.h"
#include "mg/tensor.h"

#include <map>
#include <memory>
#include <string>

namespace mg::onnx {

/// The files beside a model in which its weights may lie. Each is opened and
/// mapped once, and stays mapped while a tensor shows it.
class ExternalFiles {
public:
  /// `model` is the path of the model; only its folder and what is below it may
  /// be read (no symbolic link, no hard link to a file from outside, no
  /// device).
  explicit ExternalFiles(const std::string &model);
  ~ExternalFiles();
  ExternalFiles(const ExternalFiles &) = delete;
  ExternalFiles &operator=(const ExternalFiles &) = delete;

  struct Bytes {
    std::shared_ptr<void> owner;
    std::string_view bytes;
  };
  /// `length` bytes from `offset` of the file; without a length all to its end.
  /// Throws io::FileError (MG_ERROR_FILE) that names the file and the reason.
  Bytes read(std::string_view location, std::uint64_t offset,
             std::optional<std::uint64_t> length);

private:
  std::string folder, model;
  std::map<std::string, Bytes, std::less<>> mapped;
};

/// The DSL's dtype of an element type: that of the same values, and i8 or u8
/// for the integers of 2 and 4 bits; none for strings, complex numbers, and
/// floats of 8 bits and less.
std::optional<DType> dtypeOf(ElementType type);

/// Bits of an integer that its dtype has more of than it (4 or 2); 0 for all
/// others.
int narrowBits(ElementType type);

/// The tensor that `data` describes. Elements that lie in memory as ours do are
/// shown where they are (`owner` keeps them alive); packed nibbles, typed
/// fields that the wire codes otherwise, and misaligned bytes are copied.
/// Throws io::FileError: MG_ERROR_FILE where the elements are not as many as
/// the shape says or do not fit their type, MG_ERROR_UNSUPPORTED for an element
/// type without a dtype and for a rank over MG_MAX_RANK.
Tensor tensorOf(const TensorData &data, const std::shared_ptr<void> &owner,
                ExternalFiles &files, const std::string &path);

} // namespace mg::onnx

#endif // MG_FRONTEND_ONNX_TENSORS_H
