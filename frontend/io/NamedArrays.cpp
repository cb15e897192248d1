//===- NamedArrays.cpp - files of arrays of whatever format ---------------===//
#include "frontend/io/NamedArrays.h"

#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/io/Npy.h"
#include "frontend/io/Npz.h"
#include "frontend/io/Safetensors.h"

namespace mg::io {

NamedArrays loadArrays(const std::string &path) {
  MappedFile file = mapFile(path);
  std::string_view bytes = file.bytes;
  if (bytes.starts_with("\x93NUMPY"))
    return {{"", loadNpy(path)}};
  if (bytes.starts_with("PK"))
    return loadNpz(path);
  // The JSON header's length comes before it.
  if (bytes.size() > 8 && bytes[8] == '{')
    return loadSafetensors(path);
  throw FileError(MG_ERROR_FILE, path,
                  "is none of .npy, .npz and .safetensors");
}

void saveArrays(const std::string &path, const NamedArrays &arrays) {
  if (path.ends_with(".npz"))
    return saveNpz(path, arrays);
  if (path.ends_with(".safetensors"))
    return saveSafetensors(path, arrays);
  throw FileError(MG_ERROR_WRITE, path,
                  "the name of a set of arrays ends in .npz or .safetensors");
}

} // namespace mg::io
