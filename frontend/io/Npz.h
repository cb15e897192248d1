//===- Npz.h - named arrays in NumPy's zip archives -----------------------===//
#ifndef MG_FRONTEND_IO_NPZ_H
#define MG_FRONTEND_IO_NPZ_H

#include "frontend/io/NamedArrays.h"

namespace mg::io {

/// Stored and deflated members, in the order of the archive. What a member
/// says it inflates to is held against what deflate can do with its bytes and
/// against its own npy header before anything is allocated.
NamedArrays loadNpz(const std::string &path);

/// Stored, not deflated, as np.savez does; the same arrays give the same
/// bytes.
void saveNpz(const std::string &path, const NamedArrays &arrays);

} // namespace mg::io

#endif // MG_FRONTEND_IO_NPZ_H
