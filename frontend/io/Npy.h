//===- Npy.h - one array in NumPy's format --------------------------------===//
//
// Versions 1, 2 and 3; every dtype of minigrad. bf16 has no name in NumPy: it
// is written as '<V2', two bytes without a meaning, as ml_dtypes does, and V2
// is read as bf16. Bytes in the other order are swapped while reading; Fortran
// order becomes strides.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_IO_NPY_H
#define MG_FRONTEND_IO_NPY_H

#include "frontend/eager/Array.h"

#include <string>
#include <string_view>

namespace mg::io {

/// What stands before the elements.
struct NpyHeader {
  mg_dtype dtype = MG_F32;
  /// The elements' bytes are in the other order than this machine's.
  bool swapped = false;
  bool fortranOrder = false;
  int rank = 0;
  std::int64_t shape[MG_MAX_RANK] = {};
  /// Offset of the elements in the file, and how many bytes they are.
  std::size_t dataOffset = 0, dataBytes = 0;
};

/// The longest header we read: those of real arrays have 128 bytes.
constexpr std::size_t maxNpyHeader = 1 << 16;

/// Reads the header at the start of `bytes`, which may end anywhere after it.
/// `path` is for errors (FileError).
NpyHeader parseNpyHeader(std::string_view bytes, const std::string &path);

/// The array whose elements are `data`, exactly header.dataBytes of it, kept
/// alive by `owner`: a view where bytes and alignment allow, else a copy.
eager::Array npyArray(const NpyHeader &header, std::string_view data,
                      std::shared_ptr<void> owner, const std::string &path);

eager::Array loadNpy(const std::string &path);

/// Magic, version and dictionary for a row-major array, padded so that the
/// elements start at a multiple of 64.
std::string formatNpyHeader(const eager::Array &array);

void saveNpy(const std::string &path, const eager::Array &array);

} // namespace mg::io

#endif // MG_FRONTEND_IO_NPY_H
