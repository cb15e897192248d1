// What goes wrong is an mg::Error whose text is one clang-like line, at most
// one note and one help line.
#pragma once
#include <source_location>
#include <stdexcept>
#include <string>

namespace mg {

using Where = std::source_location;

/// The place, and why it matters ("rhs is the result of exp").
struct Note {
  Where where;
  std::string text;
};

/// `file:line:col: error: OP: RULE`, then the note's line, then `help: ...`.
class Error : public std::runtime_error {
public:
  Error(Where where, std::string op, std::string rule);
  Error(Where where, std::string op, std::string rule, Note note,
        std::string help = "");
  const Where where;
  const std::string op;
};

/// `file:line:col`, the file as the compiler was given it.
std::string to_string(const Where &where);

} // namespace mg
