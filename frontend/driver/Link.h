//===- Link.h - objects to archives, shared libraries, executables --------===//
#ifndef MG_FRONTEND_DRIVER_LINK_H
#define MG_FRONTEND_DRIVER_LINK_H

#include <string>
#include <string_view>

namespace mg::driver {

/// The bytes of a static library with one member.
std::string archive(const std::string &member, std::string_view object);

/// Both link with the system's compiler ($CC, $CXX; else cc, c++) and our
/// static runtime, so that what comes out needs nothing of minigrad's. Throw
/// Failure (Write) with the linker's first words.
void linkSharedLibrary(std::string_view object, const std::string &out);

/// With a main() that reads and writes .npy by the options of `mgc run`.
void linkExecutable(std::string_view object, const std::string &name,
                    const std::string &out);

/// The file `name` of our own library folder; empty where it is missing.
std::string findLibrary(const std::string &name);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_LINK_H
