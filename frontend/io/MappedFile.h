//===- MappedFile.h - the bytes of a regular file, mapped -----------------===//
#ifndef MG_FRONTEND_IO_MAPPEDFILE_H
#define MG_FRONTEND_IO_MAPPEDFILE_H

#include <memory>
#include <string>
#include <string_view>

namespace mg::io {

/// Read-only bytes and a share in the mapping they lie in. As with every
/// mapping, whoever truncates the file meanwhile ends its readers.
struct MappedFile {
  std::shared_ptr<void> owner;
  std::string_view bytes;
};

/// Maps a whole regular file; throws FileError (directories, pipes and devices
/// are refused, they could block or never end).
MappedFile mapFile(const std::string &path);

/// The same for a file that is open already, and stays so; `path` is for
/// errors.
MappedFile mapDescriptor(int descriptor, const std::string &path);

} // namespace mg::io

#endif // MG_FRONTEND_IO_MAPPEDFILE_H
