//===- Npy.cpp - one array in NumPy's format ------------------------------===//
#include "frontend/io/Npy.h"

#include "frontend/io/ArrayBytes.h"
#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/io/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace mg::io {

static_assert(std::endian::native == std::endian::little);

namespace {

constexpr std::string_view magic = "\x93NUMPY";

/// NumPy's names, in the order of mg_dtype; bf16 is ml_dtypes' one.
constexpr std::string_view typeNames[MG_DTYPE_COUNT] = {
    "b1", "i1", "i2", "i4", "i8", "u1", "u2",
    "u4", "u8", "f2", "V2", "f4", "f8"};

/// Reads the Python dictionary of the header:
///   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
/// in any order, each key once.
class HeaderParser {
public:
  HeaderParser(std::string_view text, const std::string &path)
      : text(text), path(path) {}

  NpyHeader parse() {
    expect('{');
    while (!accept('}')) {
      std::string_view key = string();
      expect(':');
      value(key);
      if (!accept(',') && peek() != '}')
        malformed("expected ',' or '}' in the header");
    }
    skipSpace();
    if (!text.empty())
      malformed("something follows the header's dictionary");
    if (!hasDescr || !hasOrder || !hasShape)
      malformed("the header lacks 'descr', 'fortran_order' or 'shape'");
    return header;
  }

private:
  [[noreturn]] void malformed(std::string_view reason) {
    throw FileError(MG_ERROR_FILE, path,
                    fmt::format("malformed npy file: {}", reason));
  }

  void skipSpace() {
    while (!text.empty() && (text[0] == ' ' || text[0] == '\n'))
      text.remove_prefix(1);
  }
  char peek() {
    skipSpace();
    return text.empty() ? '\0' : text[0];
  }
  bool accept(char c) {
    bool found = peek() == c && !text.empty();
    if (found)
      text.remove_prefix(1);
    return found;
  }
  bool accept(std::string_view word) {
    skipSpace();
    bool found = text.starts_with(word);
    if (found)
      text.remove_prefix(word.size());
    return found;
  }
  void expect(char c) {
    if (!accept(c))
      malformed(fmt::format("expected '{}' in the header", c));
  }

  std::string_view string() {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      malformed("expected a string in the header");
    std::size_t end = text.find(quote, 1);
    if (end == std::string_view::npos)
      malformed("a string in the header does not end");
    std::string_view content = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return content;
  }

  void once(bool &seen, std::string_view key) {
    if (seen)
      malformed(fmt::format("'{}' appears twice in the header", key));
    seen = true;
  }

  void value(std::string_view key) {
    if (key == "descr") {
      once(hasDescr, key);
      descr();
    } else if (key == "fortran_order") {
      once(hasOrder, key);
      header.fortranOrder = accept("True");
      if (!header.fortranOrder && !accept("False"))
        malformed("'fortran_order' is neither True nor False");
    } else if (key == "shape") {
      once(hasShape, key);
      shape();
    } else {
      malformed("unknown key in the header");
    }
  }

  void descr() {
    if (peek() == '[')
      throw FileError(MG_ERROR_UNSUPPORTED, path,
                      "structured NumPy arrays are not supported");
    std::string_view name = string(), type = name;
    char order = name.empty() ? '\0' : name[0];
    if (std::string_view("<>=|").find(order) != std::string_view::npos)
      type.remove_prefix(1);
    for (int i = 0; i < MG_DTYPE_COUNT; ++i) {
      if (type == typeNames[i]) {
        header.dtype = static_cast<mg_dtype>(i);
        header.swapped = order == '>' && mg_dtype_size(header.dtype) > 1;
        return;
      }
    }
    throw FileError(
        MG_ERROR_UNSUPPORTED, path,
        fmt::format("NumPy's dtype '{}' is not supported", printable(name)));
  }

  void shape() {
    expect('(');
    while (!accept(')')) {
      if (header.rank == MG_MAX_RANK)
        throw FileError(MG_ERROR_UNSUPPORTED, path,
                        fmt::format("more than {} dimensions are not supported",
                                    MG_MAX_RANK));
      header.shape[header.rank++] = dimension();
      accept('L'); // Python 2 wrote long numbers so
      if (!accept(',') && peek() != ')')
        malformed("expected ',' or ')' in the shape");
    }
  }

  std::int64_t dimension() {
    skipSpace();
    std::int64_t size = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9';
         ++digits)
      if (__builtin_mul_overflow(size, 10, &size) ||
          __builtin_add_overflow(size, text[digits] - '0', &size))
        malformed("a dimension is too large");
    if (digits == 0)
      malformed("expected a dimension in the shape");
    text.remove_prefix(digits);
    return size;
  }

  std::string_view text;
  const std::string &path;
  NpyHeader header;
  bool hasDescr = false, hasOrder = false, hasShape = false;
};

/// Little-endian, as the format wants it.
std::size_t readLength(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

/// Reverses the bytes of every element in place.
void swapBytes(char *data, std::size_t bytes, std::size_t elementSize) {
  for (char *end = data + bytes; data != end; data += elementSize)
    std::reverse(data, data + elementSize);
}

} // namespace

NpyHeader parseNpyHeader(std::string_view bytes, const std::string &path) {
  auto malformed = [&](std::string_view reason) {
    throw FileError(MG_ERROR_FILE, path,
                    fmt::format("malformed npy file: {}", reason));
  };
  if (!bytes.starts_with(magic))
    malformed("it does not start as one");
  if (bytes.size() < magic.size() + 2)
    malformed("it ends inside the header");
  int version = static_cast<unsigned char>(bytes[magic.size()]);
  if (version < 1 || version > 3 || bytes[magic.size() + 1] != 0)
    throw FileError(MG_ERROR_UNSUPPORTED, path,
                    "this version of the npy format is not supported");
  std::size_t start = magic.size() + 2, lengthBytes = version == 1 ? 2 : 4;
  if (bytes.size() - start < lengthBytes)
    malformed("it ends inside the header");
  std::size_t length = readLength(bytes.substr(start, lengthBytes));
  start += lengthBytes;
  if (length > maxNpyHeader)
    malformed("the header is too long");
  if (length > bytes.size() - start)
    malformed("it ends inside the header");

  NpyHeader header = HeaderParser(bytes.substr(start, length), path).parse();
  header.dataOffset = start + length;
  if (!checkedBytes(header.dtype,
                    {header.shape, static_cast<std::size_t>(header.rank)},
                    header.dataBytes))
    malformed("the shape is too large");
  return header;
}

eager::Array npyArray(const NpyHeader &header, std::string_view data,
                      std::shared_ptr<void> owner, const std::string &path) {
  std::span<const std::int64_t> shape(header.shape,
                                      static_cast<std::size_t>(header.rank));
  eager::Array array = viewBytes(header.dtype, shape, data, std::move(owner));
  if (header.swapped || !isAligned(array)) {
    array = copyBytes(array);
    if (header.swapped)
      swapBytes(static_cast<char *>(array.view.data), data.size(),
                mg_dtype_size(header.dtype));
  }
  checkBools(array, path);
  if (header.fortranOrder) {
    std::int64_t stride = 1;
    for (int i = 0; i < header.rank; ++i) {
      array.view.strides[i] = stride;
      stride *= header.shape[i];
    }
  }
  return array;
}

eager::Array loadNpy(const std::string &path) {
  MappedFile file = mapFile(path);
  NpyHeader header = parseNpyHeader(file.bytes, path);
  std::string_view data = file.bytes.substr(header.dataOffset);
  if (data.size() != header.dataBytes)
    throw FileError(
        MG_ERROR_FILE, path,
        fmt::format("malformed npy file: it holds {} bytes of elements where "
                    "its shape needs {}",
                    data.size(), header.dataBytes));
  return npyArray(header, data, file.owner, path);
}

std::string formatNpyHeader(const eager::Array &array) {
  char order = mg_dtype_size(array.view.dtype) == 1 ? '|' : '<';
  std::string shape;
  for (std::int64_t size : array.shape())
    shape += fmt::format("{}{}", shape.empty() ? "" : " ", size) + ",";
  // NumPy writes (3,) and (3, 4).
  if (array.view.rank > 1)
    shape.pop_back();
  std::string dictionary = fmt::format(
      "{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}", order,
      typeNames[array.view.dtype], shape);
  constexpr std::size_t before = magic.size() + 4, alignment = 64;
  std::size_t used = before + dictionary.size() + 1;
  dictionary.append((alignment - used % alignment) % alignment, ' ');
  dictionary += '\n';
  std::size_t length = dictionary.size();
  return std::string(magic) + '\1' + '\0' + static_cast<char>(length & 0xff) +
         static_cast<char>(length >> 8) + dictionary;
}

void saveNpy(const std::string &path, const eager::Array &array) {
  eager::Array whole = eager::rowMajor(array);
  WholeFile file(path);
  file.write(formatNpyHeader(whole));
  file.write(bytesOf(whole));
  file.commit();
}

} // namespace mg::io
