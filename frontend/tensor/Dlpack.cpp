//===- Dlpack.cpp - DLPack's managed tensors in and out -------------------===//
#include "mg/dlpack.h"

#include "frontend/tensor/Value.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

namespace mg::dlpack {
namespace {

enum Code : std::uint8_t { Int = 0, UInt = 1, Float = 2, BFloat = 4, Bool = 6 };

DataType describe(DType dtype) {
  const Code code = dtype == DType::b1     ? Bool
                    : dtype == DType::bf16 ? BFloat
                    : dtype >= DType::f16  ? Float
                    : dtype >= DType::u8   ? UInt
                                           : Int;
  return {code, static_cast<std::uint8_t>(8 * size_of(dtype)), 1};
}

std::optional<DType> dtypeOf(const DataType &type) {
  for (int i = 0; i < MG_DTYPE_COUNT; ++i) {
    const DataType known = describe(static_cast<DType>(i));
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1)
      return static_cast<DType>(i);
  }
  return std::nullopt;
}

/// What an exported view points to.
struct Exported {
  Managed managed;
  Tensor tensor; // keeps the memory alive
  Shape shape, strides;
};

} // namespace

Tensor import_tensor(Managed *managed, Where where) {
  const View &view = managed->view;
  const auto dtype = dtypeOf(view.dtype);
  if (view.device.type != 1)
    throw Error(
        where, "dlpack",
        fmt::format("device type {} is not host memory", view.device.type));
  if (!dtype)
    throw Error(where, "dlpack",
                fmt::format("no dtype for code {}, {} bits, {} lanes",
                            view.dtype.code, view.dtype.bits,
                            view.dtype.lanes));
  if (view.rank < 0 || view.rank > MG_MAX_RANK)
    throw Error(where, "dlpack", fmt::format("rank {}", view.rank));
  Shape shape(view.shape, view.shape + view.rank), strides;
  if (view.strides)
    strides.assign(view.strides, view.strides + view.rank);
  detail::checkedSize(shape, *dtype, "dlpack", where); // before taking over
  const char *data = static_cast<const char *>(view.data) + view.byte_offset;
  return borrow(
      data, std::move(shape), std::move(strides), *dtype,
      [managed] {
        if (managed->deleter)
          managed->deleter(managed);
      },
      where);
}

Managed *export_tensor(const Tensor &t, Where where) {
  const detail::Value &v = detail::known(t, "dlpack", where);
  auto exported = std::make_unique<Exported>();
  exported->tensor = t;
  exported->shape = t.shape();
  exported->strides = t.strides();
  Managed &managed = exported->managed;
  managed.view = {v.array.view.data,
                  Device{},
                  t.rank(),
                  describe(t.dtype()),
                  exported->shape.data(),
                  exported->strides.data(),
                  0};
  managed.context = exported.get();
  managed.deleter = [](Managed *self) {
    delete static_cast<Exported *>(self->context);
  };
  return &exported.release()->managed;
}

} // namespace mg::dlpack
