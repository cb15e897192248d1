//===- Safetensors.h - named arrays in the safetensors format -------------===//
#ifndef MG_FRONTEND_IO_SAFETENSORS_H
#define MG_FRONTEND_IO_SAFETENSORS_H

#include "frontend/io/NamedArrays.h"

#include <map>

namespace mg::io {

/// What a file says beside its arrays, text by name.
using Metadata = std::map<std::string, std::string>;

/// Views of the mapped file (the runtime's mg_weights_open), in the order of
/// the names. `metadata`, unless null, is filled.
NamedArrays loadSafetensors(const std::string &path,
                            Metadata *metadata = nullptr);

/// Wide elements first, then by name, so that every array is aligned.
void saveSafetensors(const std::string &path, const NamedArrays &arrays,
                     const Metadata &metadata = {});

} // namespace mg::io

#endif // MG_FRONTEND_IO_SAFETENSORS_H
