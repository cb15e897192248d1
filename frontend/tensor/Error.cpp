//===- Error.cpp - the text of an mg::Error -------------------------------===//
#include "mg/error.h"

#include <fmt/format.h>

namespace mg {

std::string to_string(const Where &where) {
  return fmt::format("{}:{}:{}", where.file_name(), where.line(),
                     where.column());
}

static std::string text(const Where &where, const std::string &op,
                        const std::string &rule) {
  return fmt::format("{}: error: {}: {}", to_string(where), op, rule);
}
static std::string text(const Note &note, const std::string &help) {
  return fmt::format("\n{}: note: {}{}{}", to_string(note.where), note.text,
                     help.empty() ? "" : "\nhelp: ", help);
}

Error::Error(Where w, std::string op, std::string rule)
    : std::runtime_error(text(w, op, rule)), where(w), op(std::move(op)) {}
Error::Error(Where w, std::string op, std::string rule, Note note,
             std::string help)
    : std::runtime_error(text(w, op, rule) + text(note, help)), where(w),
      op(std::move(op)) {}

} // namespace mg
