//===- ArrayBytes.cpp - arrays as the bytes of a file, and back -----------===//
#include "frontend/io/ArrayBytes.h"

#include "frontend/io/FileError.h"

#include <algorithm>
#include <cstring>

namespace mg::io {

bool checkedBytes(mg_dtype dtype, std::span<const std::int64_t> shape,
                  std::size_t &bytes) {
  std::int64_t product = static_cast<std::int64_t>(mg_dtype_size(dtype));
  bool empty = false;
  for (std::int64_t size : shape) {
    if (size < 0)
      return false;
    empty |= size == 0;
    if (__builtin_mul_overflow(product, std::max<std::int64_t>(size, 1),
                               &product))
      return false;
  }
  bytes = empty ? 0 : static_cast<std::size_t>(product);
  return true;
}

eager::Array viewBytes(mg_dtype dtype, std::span<const std::int64_t> shape,
                       std::string_view bytes, std::shared_ptr<void> owner) {
  eager::Array array;
  array.owner = std::move(owner);
  array.view.data = const_cast<char *>(bytes.data());
  array.view.dtype = dtype;
  array.view.rank = static_cast<std::int32_t>(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    array.view.shape[i] = shape[i];
    array.view.strides[i] = stride;
    stride *= std::max<std::int64_t>(shape[i], 1);
  }
  return array;
}

std::string_view bytesOf(const eager::Array &array) {
  return {static_cast<const char *>(array.view.data), array.bytes()};
}

bool isAligned(const eager::Array &array) {
  return reinterpret_cast<std::uintptr_t>(array.view.data) %
             mg_dtype_size(array.view.dtype) ==
         0;
}

eager::Array copyBytes(const eager::Array &array) {
  eager::Array copy = eager::allocate(array.view.dtype, array.shape());
  std::string_view bytes = bytesOf(array);
  if (!bytes.empty())
    std::memcpy(copy.view.data, bytes.data(), bytes.size());
  return copy;
}

void checkBools(const eager::Array &array, const std::string &path) {
  if (array.view.dtype != MG_BOOL)
    return;
  for (char byte : bytesOf(array))
    if (byte != 0 && byte != 1)
      throw FileError(MG_ERROR_FILE, path,
                      "a bool is neither 0 nor 1 but another byte");
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string result(text.substr(0, longest));
  for (char &c : result)
    if (c < ' ' || c > '~')
      c = '?';
  if (text.size() > longest)
    result += "...";
  return result;
}

} // namespace mg::io
