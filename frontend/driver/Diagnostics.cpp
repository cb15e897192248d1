//===- Diagnostics.cpp - MLIR's diagnostics as lines like clang's ---------===//
#include "frontend/driver/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace mg::driver {

namespace {

/// "FILE:LINE:COL" of the first place in `location` that is one; "FILE: node
/// 'n' (Op)" for what was imported (a named place without a column).
std::string placeOf(mlir::Location location, const std::string &unknown) {
  mlir::FileLineColLoc found;
  std::string name;
  location->walk([&](mlir::Location part) {
    if (auto named = llvm::dyn_cast<mlir::NameLoc>(part))
      name = named.getName().str();
    found = llvm::dyn_cast<mlir::FileLineColLoc>(part);
    return found ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
  });
  if (!found)
    return unknown;
  if (found.getColumn() == 0 && !name.empty())
    return fmt::format("{}: {}", found.getFilename().str(), name);
  // Bytecode has no lines.
  if (found.getLine() == 0)
    return found.getFilename().str();
  return fmt::format("{}:{}:{}", found.getFilename().str(), found.getLine(),
                     found.getColumn());
}

/// An error is one line, and no dump of the IR.
std::string oneLine(std::string text) {
  constexpr std::size_t longest = 500;
  if (text.size() > longest)
    text = text.substr(0, longest) + "...";
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

void printLine(const std::string &where, const char *kind, const char *escape,
               const std::string &text, bool color) {
  if (color)
    fmt::print(stderr, "\033[1m{}: {}{}:\033[0m {}\n", where, escape, kind,
               text);
  else
    fmt::print(stderr, "{}: {}: {}\n", where, kind, text);
}

constexpr const char *red = "\033[1;31m", *cyan = "\033[1;36m";

bool startsWithAny(const std::string &text,
                   std::initializer_list<const char *> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](const char *start) {
    return text.starts_with(start);
  });
}

bool isUnsupported(const std::string &text) {
  return startsWithAny(text, {"not supported", "unsupported"});
}

bool isInternal(const std::string &text) {
  return startsWithAny(text, {"internal", "failed to legalize",
                              "LLVM Translation failed", "cannot be converted",
                              "missing `LLVMTranslationDialectInterface`"});
}

} // namespace

void printFailure(const Failure &failure, bool color) {
  if (*failure.what())
    printLine(oneLine(failure.where), "error", red, oneLine(failure.what()),
              color);
  if (!failure.help.empty())
    printLine(oneLine(failure.where), "help", cyan, oneLine(failure.help),
              color);
}

Diagnostics::Diagnostics(mlir::MLIRContext *context, std::string source,
                         bool color)
    : source(std::move(source)), color(color),
      handler(context, [this](mlir::Diagnostic &diagnostic) {
        return handle(diagnostic);
      }) {}

mlir::LogicalResult Diagnostics::handle(mlir::Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
    return mlir::success();
  Error error{placeOf(diagnostic.getLocation(), source),
              oneLine(diagnostic.str()), "", ""};
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    std::string text = note.str();
    // MLIR's own, with the whole op or all dialects in them.
    if (startsWithAny(text, {"see current operation", "Registered dialects"}))
      continue;
    error.noteWhere = placeOf(note.getLocation(), source);
    error.note = oneLine(text);
    break;
  }
  errors.push_back(std::move(error));
  return mlir::success();
}

void Diagnostics::print(const Error &error) const {
  printLine(oneLine(error.where), "error", red, error.text, color);
  if (!error.note.empty())
    printLine(oneLine(error.noteWhere), "note", cyan, error.note, color);
}

void Diagnostics::fail(Exit status) const {
  if (errors.empty())
    throw Failure(Exit::Internal, source,
                  "internal: something failed without saying why");
  bool unsupported = false;
  for (const Error &error : errors) {
    if (!isUnsupported(error.text))
      continue;
    unsupported = true;
    print(error);
  }
  if (unsupported)
    throw Failure(Exit::Unsupported, source, "");
  print(errors.front());
  throw Failure(isInternal(errors.front().text) ? Exit::Internal : status,
                source, "");
}

} // namespace mg::driver
