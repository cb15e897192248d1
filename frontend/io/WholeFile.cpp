//===- WholeFile.cpp - a file that appears whole or not at all ------------===//
#include "frontend/io/WholeFile.h"

#include "frontend/io/FileError.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace mg::io {

namespace {

std::string folderOf(const std::string &path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// Creates a file that did not exist, "PATH.PID-N.tmp".
int createBeside(const std::string &path, std::string &name) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    name = path + "." + std::to_string(getpid()) + "-" +
           std::to_string(attempt) + ".tmp";
    int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
  return -1;
}

/// /dev/stdout may lead to a regular file, but it is not one to be replaced.
bool isDevice(const std::string &path) {
  return path.starts_with("/dev/") || path.starts_with("/proc/");
}

/// Where `path` leads to; itself where it does not exist.
std::string followLinks(const std::string &path) {
  std::unique_ptr<char, decltype(&std::free)> real(
      realpath(path.c_str(), nullptr), std::free);
  return real ? real.get() : path;
}

bool syncPath(const std::string &path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  bool ok = fd >= 0 && fsync(fd) == 0;
  int error = errno;
  if (fd >= 0)
    close(fd);
  errno = error;
  return ok;
}

} // namespace

WholeFile::WholeFile(std::string path) : path(std::move(path)) {
  struct stat info;
  bool exists = stat(this->path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    errno = EISDIR;
    fail();
  }
  inPlace = exists && (!S_ISREG(info.st_mode) || isDevice(this->path));
  if (inPlace) {
    fd = open(this->path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  } else {
    this->path = followLinks(this->path);
    fd = createBeside(this->path, temporary);
  }
  if (fd < 0) {
    temporary.clear();
    fail();
  }
}

WholeFile::~WholeFile() {
  if (fd >= 0)
    close(fd);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void WholeFile::write(std::string_view bytes) {
  // The kernel writes at most 2 GiB - 4 KiB at once.
  constexpr std::size_t most = std::size_t(1) << 30;
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), std::min(bytes.size(), most));
    if (written < 0 && errno != EINTR)
      fail();
    bytes.remove_prefix(std::max<ssize_t>(written, 0));
  }
}

void WholeFile::makeExecutable() {
  struct stat info;
  if (fstat(fd, &info) != 0)
    fail();
  // Whoever may read may execute.
  mode_t readers = info.st_mode & 0444;
  if (!inPlace && fchmod(fd, info.st_mode | readers >> 2) != 0)
    fail();
}

void WholeFile::commit() {
  if (inPlace)
    return;
  // By name: a library may have put another file where ours was.
  if (!syncPath(temporary) || rename(temporary.c_str(), path.c_str()) != 0)
    fail();
  temporary.clear();
  // The name is durable when its folder is; some file systems cannot say so.
  syncPath(folderOf(path));
}

void WholeFile::fail() const {
  throw FileError(MG_ERROR_WRITE, path,
                  std::string("cannot be written: ") + std::strerror(errno));
}

void writeWholeFile(const std::string &path, std::string_view bytes) {
  WholeFile file(path);
  file.write(bytes);
  file.commit();
}

} // namespace mg::io
