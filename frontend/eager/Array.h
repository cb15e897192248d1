//===- Array.h - a strided host array that owns its memory ----------------===//
//
// What eager mode computes with and what files are read into. Knows no MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_EAGER_ARRAY_H
#define MG_FRONTEND_EAGER_ARRAY_H

#include "minigrad/array.h"

#include <cstdint>
#include <memory>
#include <span>

struct mg_pool;

namespace mg::eager {

/// A view of memory and a share in whatever keeps that memory alive. Copies
/// share; the elements of a shared array are never written.
struct Array {
  std::shared_ptr<void> owner;
  mg_array view{};

  std::span<const std::int64_t> shape() const {
    return {view.shape, static_cast<std::size_t>(view.rank)};
  }
  std::span<const std::int64_t> strides() const {
    return {view.strides, static_cast<std::size_t>(view.rank)};
  }
  std::int64_t size() const;
  std::size_t bytes() const { return size() * mg_dtype_size(view.dtype); }
  /// True where the elements lie one after the other in row-major order.
  bool isRowMajor() const;
};

/// Fresh row-major memory, 64-byte aligned, uninitialised. The shape's product
/// must not overflow and its rank be at most MG_MAX_RANK; throws
/// std::bad_alloc where there is no memory.
Array allocate(mg_dtype dtype, std::span<const std::int64_t> shape);

/// `array` itself where it is row-major, else a copy that is.
Array rowMajor(const Array &array, mg_pool *pool = nullptr);

} // namespace mg::eager

#endif // MG_FRONTEND_EAGER_ARRAY_H
