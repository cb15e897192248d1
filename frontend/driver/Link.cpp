//===- Link.cpp - objects to archives, shared libraries, executables ------===//
#include "frontend/driver/Link.h"

#include "frontend/driver/Failure.h"
#include "frontend/io/WholeFile.h"

#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

namespace mg::driver {

namespace {

std::string compilerFrom(const char *variable, const char *otherwise) {
  const char *chosen = std::getenv(variable);
  std::string name = chosen && *chosen ? chosen : otherwise;
  auto path = llvm::sys::findProgramByName(name);
  if (!path)
    throw Failure(Exit::Write, "mgc",
                  fmt::format("linking needs a compiler: no '{}' found", name),
                  fmt::format("set {} to one, or write a .o", variable));
  return *path;
}

std::string neededLibrary(const std::string &name) {
  std::string path = findLibrary(name);
  if (path.empty())
    throw Failure(Exit::Write, "mgc",
                  fmt::format("linking needs {}, which is not installed beside "
                              "mgc",
                              name));
  return path;
}

/// A file that is gone at the end of the scope.
struct ScratchFile {
  explicit ScratchFile(const std::string &near) : file(near) {}
  const std::string &path() const { return file.temporaryPath(); }
  io::WholeFile file;
};

/// Runs the linker; its words are shown only where it fails.
void link(std::vector<std::string> words, const std::string &out) {
  ScratchFile said(out);
  std::vector<llvm::StringRef> arguments(words.begin(), words.end());
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, said.path(),
                                                said.path()};
  std::string error;
  int status = llvm::sys::ExecuteAndWait(words[0], arguments, std::nullopt,
                                         redirects, 0, 0, &error);
  if (status == 0)
    return;
  if (auto buffer = llvm::MemoryBuffer::getFile(said.path()); buffer)
    if (error.empty())
      error = (*buffer)->getBuffer().split('\n').first.str();
  throw Failure(Exit::Write, "mgc", "linking failed: " + error);
}

void linkWith(const std::string &compiler, std::vector<std::string> options,
              std::string_view object, const std::string &out) {
  if (out.empty())
    throw Failure(Exit::Write, "mgc", "what is linked goes to a regular file");
  ScratchFile input(out);
  input.file.write(object);
  std::vector<std::string> words = {compiler, input.path(), "-o", out};
  words.insert(words.end(), options.begin(), options.end());
  link(words, out);
}

} // namespace

std::string archive(const std::string &member, std::string_view object) {
  std::vector<llvm::NewArchiveMember> members;
  members.emplace_back(llvm::MemoryBufferRef(llvm::StringRef(object), member));
  auto buffer = llvm::writeArchiveToBuffer(
      members, llvm::SymtabWritingMode::NormalSymtab,
      llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
  if (!buffer)
    throw Failure(Exit::Internal, "mgc",
                  "internal: " + llvm::toString(buffer.takeError()));
  return (*buffer)->getBuffer().str();
}

void linkSharedLibrary(std::string_view object, const std::string &out) {
  // What we bring of the runtime is this library's own affair.
  linkWith(compilerFrom("CC", "cc"),
           {"-shared", neededLibrary("libmgrt.a"), "-Wl,--exclude-libs,ALL",
            "-Wl,-z,defs", "-lpthreadpool", "-lpthread", "-lm"},
           object, out);
}

void linkExecutable(std::string_view object, const std::string &name,
                    const std::string &out) {
  // The runner's main() calls one function by a name it knows.
  linkWith(compilerFrom("CXX", "c++"),
           {fmt::format("-Wl,--defsym=mg_runner_model={}_model", name),
            neededLibrary("libmgrunner.a"), neededLibrary("libmgrt.a"),
            "-lpthreadpool", "-lfmt", "-lzip", "-lpthread", "-lm"},
           object, out);
}

std::string findLibrary(const std::string &name) {
  static int here;
  std::filesystem::path binary = llvm::sys::fs::getMainExecutable("mgc", &here);
  for (const char *folder : {"lib", MG_INSTALL_LIBDIR}) {
    std::filesystem::path path =
        binary.parent_path().parent_path() / folder / name;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored))
      return path.string();
  }
  return "";
}

} // namespace mg::driver
