//===- FileError.h - why a file was not read or written -------------------===//
#ifndef MG_FRONTEND_IO_FILEERROR_H
#define MG_FRONTEND_IO_FILEERROR_H

#include "minigrad/status.h"

#include <stdexcept>
#include <string>

namespace mg::io {

/// `status` is MG_ERROR_FILE where the file is unreadable or malformed,
/// MG_ERROR_UNSUPPORTED where it is valid but holds what we have no type for,
/// MG_ERROR_WRITE where it cannot be written. what() is "PATH: REASON".
struct FileError : std::runtime_error {
  FileError(mg_status status, std::string path, std::string reason)
      : std::runtime_error(path + ": " + reason), status(status),
        path(std::move(path)), reason(std::move(reason)) {}

  mg_status status;
  std::string path, reason;
};

} // namespace mg::io

#endif // MG_FRONTEND_IO_FILEERROR_H
