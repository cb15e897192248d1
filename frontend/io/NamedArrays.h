//===- NamedArrays.h - what a file of several arrays holds ----------------===//
#ifndef MG_FRONTEND_IO_NAMEDARRAYS_H
#define MG_FRONTEND_IO_NAMEDARRAYS_H

#include "frontend/eager/Array.h"

#include <string>
#include <utility>
#include <vector>

namespace mg::io {

/// Names are unique; the order is the file's.
using NamedArrays = std::vector<std::pair<std::string, eager::Array>>;

/// Null where there is none of that name.
inline const eager::Array *find(const NamedArrays &arrays,
                                std::string_view name) {
  for (const auto &[key, array] : arrays)
    if (key == name)
      return &array;
  return nullptr;
}

/// The arrays of an npy (one, without a name), npz or safetensors file, told
/// apart by their first bytes.
NamedArrays loadArrays(const std::string &path);

/// By the ending of `path`: .npz or .safetensors; throws FileError
/// (MG_ERROR_WRITE) for another.
void saveArrays(const std::string &path, const NamedArrays &arrays);

} // namespace mg::io

#endif // MG_FRONTEND_IO_NAMEDARRAYS_H
