//===- Safetensors.h - named arrays in the safetensors format -------------===//
#ifndef MG_FRONTEND_IO_SAFETENSORS_H
#define MG_FRONTEND_IO_SAFETENSORS_H

#include "frontend/io/NamedArrays.h"

namespace mg::io {

/// Views of the mapped file (the runtime's mg_weights_open), in the order of
/// the names.
NamedArrays loadSafetensors(const std::string &path);

/// Wide elements first, then by name, so that every array is aligned.
void saveSafetensors(const std::string &path, const NamedArrays &arrays);

} // namespace mg::io

#endif // MG_FRONTEND_IO_SAFETENSORS_H
