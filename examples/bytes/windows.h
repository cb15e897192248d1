// Windows of a text: whole characters, as many as fit.
#pragma once
#include "text.h"

#include <mg/mg.h>

#include <memory>

/// Bytes before (0 before the first one) and the bytes to predict; -1 behind
/// the window's end.
struct Window {
  mg::Tensor x, y; // (length) i32
};
inline Window window_of(const Text &text, std::int64_t begin, std::int64_t end,
                        std::int64_t length) {
  std::vector<std::int32_t> x(std::size_t(length), 0),
      y(std::size_t(length), -1);
  for (std::int64_t i = 0; i < end - begin; ++i) {
    y[std::size_t(i)] = std::uint8_t(text.bytes[std::size_t(begin + i)]);
    if (i + 1 < length)
      x[std::size_t(i + 1)] = y[std::size_t(i)];
  }
  return {mg::from(x), mg::from(y)};
}

/// A data set: windows that begin anywhere, as many as fit side by side.
struct RandomWindows {
  std::shared_ptr<const Text> text;
  std::int64_t length;

  std::int64_t size() const {
    return std::max<std::int64_t>(1, text->size() / length);
  }
  Window get(std::int64_t, const mg::Key &key) const {
    const auto last =
        std::int32_t(std::max<std::int64_t>(1, text->size() - length + 1));
    const std::int64_t begin =
        text->boundary_before(randint(key, 0, last, {}).item<int>());
    return window_of(*text, begin, text->boundary_before(begin + length),
                     length);
  }
};

/// A data set: one window after the other, each byte once.
struct AllWindows {
  std::shared_ptr<const Text> text;
  std::int64_t length;
  std::vector<std::int64_t> edges = {0};

  AllWindows(std::shared_ptr<const Text> given, std::int64_t length)
      : text(std::move(given)), length(length) {
    while (edges.back() < text->size())
      edges.push_back(text->boundary_before(edges.back() + length));
  }
  std::int64_t size() const { return std::int64_t(edges.size()) - 1; }
  Window operator[](std::int64_t i) const {
    return window_of(*text, edges[std::size_t(i)], edges[std::size_t(i + 1)],
                     length);
  }
};
