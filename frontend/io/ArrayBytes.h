//===- ArrayBytes.h - arrays as the bytes of a file, and back -------------===//
//
// What every format needs: checked sizes, views of bytes, checks of what the
// bytes hold.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_IO_ARRAYBYTES_H
#define MG_FRONTEND_IO_ARRAYBYTES_H

#include "frontend/eager/Array.h"

#include <string>
#include <string_view>

namespace mg::io {

/// The bytes of a row-major array; false where the product overflows. A 0
/// among the dimensions does not excuse the others: strides need products.
bool checkedBytes(mg_dtype dtype, std::span<const std::int64_t> shape,
                  std::size_t &bytes);

/// The row-major array that `bytes` are.
eager::Array viewBytes(mg_dtype dtype, std::span<const std::int64_t> shape,
                       std::string_view bytes, std::shared_ptr<void> owner);

/// The elements of a row-major array.
std::string_view bytesOf(const eager::Array &array);

/// True where the elements lie at multiples of their size.
bool isAligned(const eager::Array &array);

/// A row-major array's bytes in memory of its own, which is aligned.
eager::Array copyBytes(const eager::Array &array);

/// Throws FileError where a bool of a row-major array is neither 0 nor 1:
/// everything behind relies on it.
void checkBools(const eager::Array &array, const std::string &path);

/// `text` with what no terminal should get replaced by '?', cut to a line.
std::string printable(std::string_view text);

} // namespace mg::io

#endif // MG_FRONTEND_IO_ARRAYBYTES_H
