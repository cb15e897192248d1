#include "text.h"

#include <algorithm>
#include <stdexcept>
#include <utf8proc.h>

namespace {

/// The length of the first character of `text`, or -1.
std::int64_t decode(std::string_view text, utf8proc_int32_t &code) {
  return utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
      utf8proc_ssize_t(text.size()), &code);
}

} // namespace

Text::Text(std::string given) : bytes(std::move(given)) {
  const std::string_view view = bytes;
  utf8proc_int32_t before = -1, state = 0, code = 0;
  for (std::int64_t at = 0; at < size();) {
    const std::int64_t length = decode(view.substr(std::size_t(at)), code);
    if (length < 1 || code == 0)
      throw std::invalid_argument("byte " + std::to_string(at) +
                                  " of the text is not UTF-8");
    if (before < 0 || utf8proc_grapheme_break_stateful(before, code, &state))
      boundaries.push_back(at);
    before = code;
    at += length;
  }
  boundaries.push_back(size());
}

std::int64_t Text::boundary_before(std::int64_t at) const {
  return *std::prev(std::upper_bound(boundaries.begin(), boundaries.end(), at));
}

std::int64_t Text::longest_character() const {
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < boundaries.size(); ++i)
    longest = std::max(longest, boundaries[i] - boundaries[i - 1]);
  return longest;
}

bool is_character(std::string_view bytes) {
  utf8proc_int32_t code = 0;
  return decode(bytes, code) == std::int64_t(bytes.size());
}

bool begins_character(std::string_view bytes) {
  // Only the second byte's range depends on the first one's, and it has one of
  // these two ends.
  for (const char second : {'\x80', '\xbf'}) {
    std::string whole(bytes);
    for (; whole.size() <= 4; whole += whole.size() == 1 ? second : '\x80')
      if (is_character(whole))
        return true;
  }
  return false;
}
