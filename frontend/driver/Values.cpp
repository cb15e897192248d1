//===- Values.cpp - arrays as they are written on the command line --------===//
#include "frontend/driver/Values.h"

#include "frontend/driver/Elements.h"
#include "frontend/driver/Failure.h"
#include "frontend/io/FileError.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace mg::driver {

namespace {

/// Printing more than this helps nobody.
constexpr std::int64_t mostPrinted = 1000;

[[noreturn]] void badValue(std::string_view text, std::string_view reason) {
  throw Failure(Exit::Usage, "mgc", fmt::format("'{}': {}", text, reason),
                "values are @FILE, f32[2,2]:1,2,3,4, random:SEED or zeros");
}

/// Cuts what stands before `separator` off `text`; all of it where there is
/// none.
std::string_view cut(std::string_view &text, char separator) {
  std::size_t end = std::min(text.find(separator), text.size());
  std::string_view head = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return head;
}

template <class T> bool parseNumber(std::string_view text, T &value) {
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty();
}

template <class T> bool parseElement(std::string_view text, T &value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = text == "1" || text == "true";
    return value || text == "0" || text == "false";
  } else if constexpr (std::is_same_v<T, _Float16> ||
                       std::is_same_v<T, BFloat>) {
    float wide;
    bool ok = parseNumber(text, wide);
    value = T(wide);
    return ok;
  } else {
    return parseNumber(text, value);
  }
}

mg_dtype parseDtype(std::string_view name, std::string_view text) {
  for (int i = 0; i < MG_DTYPE_COUNT; ++i)
    if (name == mg_dtype_name(static_cast<mg_dtype>(i)))
      return static_cast<mg_dtype>(i);
  badValue(text, fmt::format("'{}' is no dtype", name));
}

std::vector<std::int64_t> parseShape(std::string_view dimensions,
                                     std::string_view text) {
  std::vector<std::int64_t> shape;
  std::int64_t product = 1;
  while (!dimensions.empty()) {
    std::int64_t size;
    if (!parseNumber(cut(dimensions, ','), size) || size < 0 ||
        __builtin_mul_overflow(product, size, &product))
      badValue(text, "the shape is not right");
    shape.push_back(size);
  }
  if (shape.size() > MG_MAX_RANK)
    badValue(text, fmt::format("more than {} dimensions", MG_MAX_RANK));
  return shape;
}

/// "f32[2,2]:1,2,3,4"
eager::Array parseLiteral(std::string_view text) {
  std::string_view rest = text;
  std::string_view type = cut(rest, ':');
  if (type.empty() || type.back() != ']')
    badValue(text, "expected a value");
  type.remove_suffix(1);
  mg_dtype dtype = parseDtype(cut(type, '['), text);
  std::vector<std::int64_t> shape = parseShape(type, text);
  // Elements cost two characters, all but the last: a shape that promises more
  // than there is text is refused before memory is asked for.
  std::int64_t count = 1;
  for (std::int64_t size : shape)
    count *= size;
  std::int64_t given =
      rest.empty() ? 0 : std::count(rest.begin(), rest.end(), ',') + 1;
  if (given != count)
    badValue(text,
             fmt::format("{} elements where the shape needs {}", given, count));
  eager::Array array = eager::allocate(dtype, shape);
  withElement(dtype, [&](auto element) {
    auto *data = static_cast<decltype(element) *>(array.view.data);
    for (std::int64_t i = 0; i < count; ++i) {
      std::string_view number = cut(rest, ',');
      if (!parseElement(number, data[i]))
        badValue(text,
                 fmt::format("'{}' is no {}", number, mg_dtype_name(dtype)));
    }
  });
  return array;
}

/// The i-th number of a stream: SplitMix64's mixing of a counter (Steele, Lea,
/// Flood, "Fast splittable pseudorandom number generators", 2014).
std::uint64_t randomBits(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed * 0xd1342543de82ef95 + index * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

eager::Array allocateFor(const mg_argument &wanted) {
  return eager::allocate(static_cast<mg_dtype>(wanted.dtype),
                         {wanted.shape, static_cast<std::size_t>(wanted.rank)});
}

} // namespace

Binding parseBinding(std::string_view option, std::string_view text) {
  if (text.starts_with('@'))
    return {"", std::string(text)};
  std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    throw Failure(Exit::Usage, "mgc",
                  fmt::format("{} '{}': expected NAME=VALUE", option, text));
  return {std::string(text.substr(0, equals)),
          std::string(text.substr(equals + 1))};
}

eager::Array loadArray(const std::string &path, std::string_view name) {
  io::NamedArrays arrays = io::loadArrays(path);
  if (arrays.size() == 1 && arrays[0].first.empty())
    return arrays[0].second;
  if (const eager::Array *found = io::find(arrays, name))
    return *found;
  throw io::FileError(MG_ERROR_FILE, path,
                      fmt::format("holds no array named '{}'", name));
}

eager::Array randomArray(const mg_argument &wanted, std::uint64_t seed) {
  eager::Array array = allocateFor(wanted);
  withElement(array.view.dtype, [&](auto element) {
    using T = decltype(element);
    auto *data = static_cast<T *>(array.view.data);
    for (std::int64_t i = 0; i < array.size(); ++i) {
      std::uint64_t bits = randomBits(seed, static_cast<std::uint64_t>(i));
      if constexpr (isFloat<T>)
        data[i] = static_cast<T>(
            static_cast<float>(static_cast<std::int64_t>(bits) >> 40) /
            0x1p23f);
      else if constexpr (std::is_same_v<T, bool>)
        data[i] = bits >> 63;
      else
        data[i] = static_cast<T>((bits >> 32) * 10 >> 32);
    }
  });
  return array;
}

eager::Array parseValue(std::string_view text, const mg_argument &wanted) {
  if (text.starts_with('@'))
    return loadArray(std::string(text.substr(1)), wanted.name);
  if (text == "zeros") {
    eager::Array array = allocateFor(wanted);
    std::fill_n(static_cast<char *>(array.view.data), array.bytes(), '\0');
    return array;
  }
  constexpr std::string_view random = "random:";
  if (text.starts_with(random)) {
    std::uint64_t seed;
    if (!parseNumber(text.substr(random.size()), seed))
      badValue(text, "the seed is no number");
    return randomArray(wanted, seed);
  }
  return parseLiteral(text);
}

std::string formatType(mg_dtype dtype, std::span<const std::int64_t> shape) {
  std::string text = std::string(mg_dtype_name(dtype)) + '[';
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += fmt::format("{}{}", i ? "," : "", shape[i]);
  return text + ']';
}

std::string formatType(const mg_argument &argument) {
  return formatType(static_cast<mg_dtype>(argument.dtype),
                    {argument.shape, static_cast<std::size_t>(argument.rank)});
}

std::string formatElement(const eager::Array &rowMajor, std::int64_t index) {
  return withElement(rowMajor.view.dtype, [&](auto element) {
    using T = decltype(element);
    T value = static_cast<const T *>(rowMajor.view.data)[index];
    if constexpr (std::is_same_v<T, double>)
      return fmt::format("{}", value);
    else if constexpr (isFloat<T>)
      return fmt::format("{}", static_cast<float>(value));
    else
      return fmt::format("{}", static_cast<T>(value));
  });
}

std::string formatValue(const eager::Array &array) {
  eager::Array whole = eager::rowMajor(array);
  std::string text = formatType(whole.view.dtype, whole.shape()) + ':';
  std::int64_t printed = std::min(whole.size(), mostPrinted);
  for (std::int64_t i = 0; i < printed; ++i)
    text += (i ? "," : "") + formatElement(whole, i);
  return printed < whole.size() ? text + ",..." : text;
}

} // namespace mg::driver
