//===- MappedFile.cpp - the bytes of a regular file, mapped ---------------===//
#include "frontend/io/MappedFile.h"

#include "frontend/io/FileError.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mg::io {

namespace {

/// Closes a descriptor at the end of its scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
};

[[noreturn]] void throwSystemError(const std::string &path) {
  throw FileError(MG_ERROR_FILE, path, std::strerror(errno));
}

} // namespace

MappedFile mapFile(const std::string &path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0)
    throwSystemError(path);
  return mapDescriptor(file.fd, path);
}

MappedFile mapDescriptor(int descriptor, const std::string &path) {
  struct stat info;
  if (fstat(descriptor, &info) != 0)
    throwSystemError(path);
  if (S_ISDIR(info.st_mode))
    throw FileError(MG_ERROR_FILE, path, "is a directory");
  if (!S_ISREG(info.st_mode))
    throw FileError(MG_ERROR_FILE, path, "is not a regular file");
  if (info.st_size == 0)
    return {};
  std::size_t size = static_cast<std::size_t>(info.st_size);
  void *data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (data == MAP_FAILED)
    throwSystemError(path);
  return {{data, [size](void *p) { munmap(p, size); }},
          {static_cast<const char *>(data), size}};
}

} // namespace mg::io
