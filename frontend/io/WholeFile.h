//===- WholeFile.h - a file that appears whole or not at all --------------===//
#ifndef MG_FRONTEND_IO_WHOLEFILE_H
#define MG_FRONTEND_IO_WHOLEFILE_H

#include <string>
#include <string_view>

namespace mg::io {

/// Collects bytes in a temporary beside `path`; commit() makes them durable and
/// gives them their name, in this order, so at every moment there is the old
/// file or the new one. Without a commit the temporary goes away. Errors are
/// FileErrors with MG_ERROR_WRITE.
///
/// A link keeps its place: what it points to is replaced. What exists and is
/// no regular file (a pipe, anything below /dev) has no other version to keep:
/// it is written in place.
class WholeFile {
public:
  explicit WholeFile(std::string path);
  ~WholeFile();
  WholeFile(const WholeFile &) = delete;
  WholeFile &operator=(const WholeFile &) = delete;

  void write(std::string_view bytes);
  /// Marks the file as one that may be executed.
  void makeExecutable();
  void commit();

  /// Where the bytes are until commit(), for libraries that write by name;
  /// they may replace the file.
  const std::string &temporaryPath() const { return temporary; }

private:
  [[noreturn]] void fail() const;

  std::string path, temporary;
  int fd = -1;
  bool inPlace = false;
};

/// All of `bytes` to `path` at once.
void writeWholeFile(const std::string &path, std::string_view bytes);

} // namespace mg::io

#endif // MG_FRONTEND_IO_WHOLEFILE_H
