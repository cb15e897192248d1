//===- ExternalFiles.cpp - the files beside a model -----------------------===//
//
// A model is a file from somewhere: it must not make us read what it could not
// bring along. A location is walked one name at a time from the model's folder,
// each name opened relative to the folder before it and never through a
// symbolic link, so nobody can exchange a folder between a check and its use.
//
//===----------------------------------------------------------------------===//
#include "frontend/io/ArrayBytes.h"
#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/onnx/Tensors.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace mg::onnx {

namespace {

struct Descriptor {
  int fd;
  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(Descriptor &&other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Descriptor() {
    if (fd >= 0)
      close(fd);
  }
};

/// Where the bytes should be; what errors say.
struct Location {
  const std::string &model;
  std::string_view text;

  [[noreturn]] void fail(const std::string &reason) const {
    throw io::FileError(MG_ERROR_FILE, model,
                        "external data '" + io::printable(text) + "' " +
                            reason);
  }
};

/// Opens `name` in a folder.
Descriptor openIn(const Descriptor &folder, const std::string &name, int flags,
                  const Location &location) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait.
  Descriptor opened(
      openat(folder.fd, name.c_str(),
             O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | flags));
  if (opened.fd >= 0)
    return opened;
  const int error = errno;
  struct stat info;
  if (fstatat(folder.fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(info.st_mode))
    location.fail("is reached by a symbolic link");
  location.fail(std::string("cannot be opened: ") + std::strerror(error));
}

Descriptor openLocation(const std::string &folder, const Location &location) {
  std::string_view rest = location.text;
  if (rest.empty() || rest.front() == '/')
    location.fail("is no relative path");
  Descriptor here(open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (here.fd < 0)
    location.fail(std::string("cannot be opened: ") + std::strerror(errno));
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    if (name == "..")
      location.fail("leaves the model's folder");
    const bool last = slash == rest.npos;
    if (last || (!name.empty() && name != "."))
      here = openIn(here, name, last ? 0 : O_DIRECTORY, location);
    if (last)
      return here;
    rest.remove_prefix(slash + 1);
  }
}

/// A hard link to a file elsewhere is as good as a path that leaves the folder.
void checkLinks(const Descriptor &file, const Location &location) {
  struct stat info;
  if (fstat(file.fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink > 1)
    location.fail("has another name (a hard link)");
}

} // namespace

ExternalFiles::ExternalFiles(const std::string &model) : model(model) {
  const std::size_t slash = model.rfind('/');
  folder = slash == model.npos ? "." : model.substr(0, slash + 1);
}

ExternalFiles::~ExternalFiles() = default;

ExternalFiles::Bytes ExternalFiles::read(std::string_view text,
                                         std::uint64_t offset,
                                         std::optional<std::uint64_t> length) {
  const Location location{model, text};
  auto found = mapped.find(text);
  if (found == mapped.end()) {
    const Descriptor file = openLocation(folder, location);
    checkLinks(file, location);
    io::MappedFile whole = io::mapDescriptor(
        file.fd, model + ": external data '" + io::printable(text) + "'");
    found =
        mapped.emplace(text, Bytes{std::move(whole.owner), whole.bytes}).first;
  }
  const std::string_view whole = found->second.bytes;
  if (offset > whole.size())
    location.fail("ends before the tensor's elements begin");
  const std::uint64_t rest = whole.size() - offset;
  if (length.value_or(rest) > rest)
    location.fail("ends before the tensor's elements do");
  return {found->second.owner, whole.substr(offset, length.value_or(rest))};
}

} // namespace mg::onnx
