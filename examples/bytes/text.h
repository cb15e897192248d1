// A text as UTF-8 bytes, and where its characters begin: what a reader sees as
// one (an extended grapheme cluster), so an accent stays with its letter.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct Text {
  std::string bytes;
  /// Ascending; the last one is the size.
  std::vector<std::int64_t> boundaries;

  /// Throws std::invalid_argument at the first byte that is no UTF-8, and at
  /// 0, which begins a window.
  explicit Text(std::string bytes);

  std::int64_t size() const { return std::int64_t(bytes.size()); }
  /// The last boundary that is not behind `at`.
  std::int64_t boundary_before(std::int64_t at) const;
  std::int64_t longest_character() const;
};

/// Whether some UTF-8 character begins with these bytes, or is them.
bool begins_character(std::string_view bytes);
/// Whether they are one UTF-8 character.
bool is_character(std::string_view bytes);
