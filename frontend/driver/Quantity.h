//===- Quantity.h - numbers as people read them ---------------------------===//
#ifndef MG_FRONTEND_DRIVER_QUANTITY_H
#define MG_FRONTEND_DRIVER_QUANTITY_H

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace mg::driver {

/// Three digits and a prefix: "1.05 M", "37", "2.1 k".
inline std::string withPrefix(double value, double step = 1000) {
  constexpr const char *prefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t i = 0;
  for (; value >= 0.9995 * step && i + 1 < std::size(prefixes); ++i)
    value /= step;
  if (i == 0)
    return fmt::format("{:g}", value);
  return fmt::format("{:.{}f} {}", value,
                     value < 10    ? 2
                     : value < 100 ? 1
                                   : 0,
                     prefixes[i]);
}

/// "1.05 MB"
inline std::string formatBytes(double bytes) {
  std::string text = withPrefix(bytes);
  return text + (text.find(' ') == std::string::npos ? " B" : "B");
}

/// "8x64", "scalar"
inline std::string formatExtents(std::span<const std::int64_t> extents) {
  return extents.empty() ? "scalar"
                         : fmt::format("{}", fmt::join(extents, "x"));
}

/// At most `length` characters of ASCII.
inline std::string shortened(const std::string &text, std::size_t length) {
  return text.size() <= length ? text : text.substr(0, length - 2) + "..";
}

/// Safe between tags and in attributes of a page.
inline std::string escapeHtml(std::string_view text) {
  std::string safe;
  for (char c : text)
    switch (c) {
    case '<':
      safe += "&lt;";
      break;
    case '>':
      safe += "&gt;";
      break;
    case '&':
      safe += "&amp;";
      break;
    case '"':
      safe += "&quot;";
      break;
    default:
      safe += c;
    }
  return safe;
}

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_QUANTITY_H
