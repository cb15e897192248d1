//===- Print.cpp - tensors as NumPy prints them ---------------------------===//
#include "frontend/tensor/Element.h"
#include "frontend/tensor/Value.h"

#include <fmt/format.h>

#include <ostream>

namespace mg {

namespace {

/// Over this many elements a dimension shows its first and last three only.
constexpr std::int64_t threshold = 1000, edge = 3;

struct Printer {
  std::ostream &out;
  const mg_array &view;
  bool shortened;

  void element(std::int64_t offset) {
    detail::withType(static_cast<DType>(view.dtype), [&](auto *type) {
      using T = std::remove_reference_t<decltype(*type)>;
      const T value = static_cast<const T *>(view.data)[offset];
      if constexpr (std::is_same_v<T, bool>)
        out << (value ? "true" : "false");
      else if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>)
        out << fmt::format("{}", value);
      else
        out << fmt::format("{}", static_cast<float>(value));
    });
  }
  void dimension(int d, std::int64_t offset) {
    if (d == view.rank)
      return element(offset);
    const std::int64_t n = view.shape[d];
    // Matrices stand in rows.
    const std::string comma =
        d + 1 == view.rank ? ", " : ",\n" + std::string(d + 1, ' ');
    out << "[";
    for (std::int64_t i = 0; i < n; ++i) {
      out << (i ? comma : "");
      if (shortened && i == edge && n > 2 * edge) {
        out << "..." << comma;
        i = n - edge;
      }
      dimension(d + 1, offset + i * view.strides[d]);
    }
    out << "]";
  }
};

} // namespace

std::ostream &operator<<(std::ostream &out, const Tensor &t) {
  if (t.empty())
    return out << "empty";
  const detail::Value &v = *t.value();
  if (v.isEager())
    Printer{out, v.array.view, t.size() > threshold}.dimension(0, 0);
  else
    out << (v.frame ? "traced" : "spec");
  return out << " " << type_string(t);
}

} // namespace mg
