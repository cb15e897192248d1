// DLPack: tensors from and to other libraries without a copy. The structs are
// our own declaration of its ABI, version 0 (managed tensors without flags).
#pragma once
#include <cstdint>

#include "mg/tensor.h"

namespace mg::dlpack {

struct Device {
  std::int32_t type = 1; // 1 is host memory
  std::int32_t id = 0;
};
struct DataType {
  std::uint8_t code; // 0 signed, 1 unsigned, 2 float, 4 bfloat, 6 bool
  std::uint8_t bits;
  std::uint16_t lanes = 1;
};
struct View {
  void *data;
  Device device;
  std::int32_t rank;
  DataType dtype;
  std::int64_t *shape;
  std::int64_t *strides; // in elements; null: row-major
  std::uint64_t byte_offset;
};
struct Managed {
  View view;
  void *context;
  void (*deleter)(Managed *self);
};

/// Takes over `managed`: its deleter is called when the last tensor that shows
/// the memory is gone. An error where it is not in host memory or has a dtype
/// that is none of ours; then the caller still owns it.
Tensor import_tensor(Managed *managed, Where where = Where::current());
/// A view of the tensor's memory that keeps it alive until its deleter is
/// called. Nobody may write to it.
Managed *export_tensor(const Tensor &t, Where where = Where::current());

} // namespace mg::dlpack
