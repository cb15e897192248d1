//===- Tensors.cpp - the elements of a TensorProto as a tensor ------------===//
#include "frontend/onnx/Tensors.h"

#include "frontend/io/ArrayBytes.h"
#include "frontend/io/FileError.h"
#include "frontend/tensor/Value.h"

#include <fmt/format.h>
#include <protozero/pbf_reader.hpp>

#include <charconv>
#include <cstring>
#include <limits>

namespace mg::onnx {

namespace {

/// The fields of TensorProto that hold elements.
enum TypedField : std::uint32_t {
  floatData = 4,
  int32Data = 5,
  int64Data = 7,
  doubleData = 10,
  uint64Data = 11
};

/// Bits of an element that lies packed in bytes, which is 8 for all others.
int packedBits(ElementType type) {
  const int bits = narrowBits(type);
  return bits ? bits : 8;
}

bool isPacked(ElementType type) { return packedBits(type) < 8; }

/// A tensor in the making.
class Maker {
public:
  Maker(const TensorData &data, const std::string &path);
  Tensor make(const std::shared_ptr<void> &owner, ExternalFiles &files) const;

private:
  [[noreturn]] void fail(const std::string &reason) const {
    throw io::FileError(MG_ERROR_FILE, path,
                        "the tensor '" + io::printable(data.name) + "' " +
                            reason);
  }
  [[noreturn]] void unsupported(const std::string &what) const {
    throw io::FileError(MG_ERROR_UNSUPPORTED, path,
                        fmt::format("the tensor '{}' has {}, which is not "
                                    "supported",
                                    io::printable(data.name), what));
  }
  void checkCount(std::size_t wanted, std::size_t got, const char *unit) const {
    if (wanted != got)
      fail(fmt::format("has {} {}, but its shape and type need {}", got, unit,
                       wanted));
  }

  std::size_t storedBytes() const;
  ExternalFiles::Bytes external(ExternalFiles &files) const;
  std::uint64_t entry(std::string_view value) const;
  eager::Array fromRaw(std::string_view raw,
                       const std::shared_ptr<void> &owner) const;
  eager::Array fromTyped(const std::shared_ptr<void> &owner) const;
  template <class Wire, class Element> eager::Array decode() const;
  eager::Array decodePacked() const;
  eager::Array unpack(std::string_view bytes) const;
  void checkField() const;

  const TensorData &data;
  const std::string &path;
  mg_dtype dtype = MG_F32;
  std::size_t bytes = 0; // of the elements, each in its dtype
};

Maker::Maker(const TensorData &data, const std::string &path)
    : data(data), path(path) {
  if (data.type == ElementType::undefined)
    fail("has no element type");
  const auto known = dtypeOf(data.type);
  if (!known)
    unsupported("elements of type " + to_string(data.type));
  dtype = detail::cDType(*known);
  if (data.dims.size() > MG_MAX_RANK)
    unsupported(fmt::format("{} dimensions", data.dims.size()));
  if (!io::checkedBytes(dtype, data.dims, bytes))
    fail("has a negative dimension or more bytes than memory has");
}

/// How many bytes the elements take in raw data.
std::size_t Maker::storedBytes() const {
  const std::size_t perByte =
      8 / static_cast<std::size_t>(packedBits(data.type));
  return bytes / perByte + (bytes % perByte != 0);
}

Tensor Maker::make(const std::shared_ptr<void> &owner,
                   ExternalFiles &files) const {
  if ((data.raw && !data.raw->empty()) + !data.typed.empty() + data.external >
      1)
    fail("has its elements in several places");
  eager::Array array;
  if (data.external) {
    const ExternalFiles::Bytes found = external(files);
    array = fromRaw(found.bytes, found.owner);
  } else if (!data.typed.empty()) {
    array = fromTyped(owner);
  } else {
    array = fromRaw(data.raw.value_or(std::string_view()), owner);
  }
  io::checkBools(array, path);
  return detail::makeEager(std::move(array), {},
                           "'" + std::string(data.name) + "'");
}

//===----------------------------------------------------------------------===//
// Raw bytes, here and in other files
//===----------------------------------------------------------------------===//

std::uint64_t Maker::entry(std::string_view value) const {
  std::uint64_t number = 0;
  const char *end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, number);
  if (error != std::errc() || at != end)
    fail("has an offset or a length in external data that is no number: '" +
         io::printable(value) + "'");
  return number;
}

ExternalFiles::Bytes Maker::external(ExternalFiles &files) const {
  std::optional<std::string_view> location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  for (const auto &[key, value] : data.externalData)
    if (key == "location")
      location = value;
    else if (key == "offset")
      offset = entry(value);
    else if (key == "length")
      length = entry(value);
  if (!location)
    fail("lies in external data without a location");
  return files.read(*location, offset, length);
}

eager::Array Maker::fromRaw(std::string_view raw,
                            const std::shared_ptr<void> &owner) const {
  checkCount(storedBytes(), raw.size(), "bytes");
  if (isPacked(data.type))
    return unpack(raw);
  if (raw.empty())
    return eager::allocate(dtype, data.dims);
  const eager::Array shown = io::viewBytes(dtype, data.dims, raw, owner);
  return owner && io::isAligned(shown) ? shown : io::copyBytes(shown);
}

/// Elements of 4 or 2 bits, the first in the lowest bits of its byte.
eager::Array Maker::unpack(std::string_view packed) const {
  const int width = packedBits(data.type), perByte = 8 / width;
  const bool isSigned = dtype == MG_I8;
  eager::Array array = eager::allocate(dtype, data.dims);
  auto *out = static_cast<std::int8_t *>(array.view.data);
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto place = static_cast<int>(i % perByte);
    const auto byte = static_cast<std::uint8_t>(packed[i / perByte]);
    // The element's bits, moved to the byte's top and down again: the way down
    // repeats the sign.
    const auto top =
        static_cast<std::uint8_t>(byte << (8 - width * (place + 1)));
    out[i] = static_cast<std::int8_t>(
        isSigned ? static_cast<std::int8_t>(top) >> (8 - width)
                 : top >> (8 - width));
  }
  return array;
}

//===----------------------------------------------------------------------===//
// Typed fields
//===----------------------------------------------------------------------===//

template <class Wire> constexpr bool isFixed = std::is_floating_point_v<Wire>;

template <class Wire> Wire elementOf(protozero::pbf_reader &reader) {
  if constexpr (std::is_same_v<Wire, float>)
    return reader.get_float();
  else if constexpr (std::is_same_v<Wire, double>)
    return reader.get_double();
  else if constexpr (std::is_same_v<Wire, std::uint64_t>)
    return reader.get_uint64();
  else
    return reader.get_int64();
}

template <class Wire>
constexpr protozero::pbf_wire_type wireType =
    std::is_same_v<Wire, float>    ? protozero::pbf_wire_type::fixed32
    : std::is_same_v<Wire, double> ? protozero::pbf_wire_type::fixed64
                                   : protozero::pbf_wire_type::varint;

/// Calls `take` for each element of a piece; throws protozero's exceptions, and
/// what `take` throws.
template <class Wire, class Take>
void forEachElement(const TensorData::Piece &piece, Take take) {
  if (!piece.packed) {
    protozero::pbf_reader reader(piece.bytes.data(), piece.bytes.size());
    while (reader.next()) {
      if (!reader.has_wire_type(wireType<Wire>))
        throw protozero::unknown_pbf_wire_type_exception();
      take(elementOf<Wire>(reader));
    }
    return;
  }
  const char *at = piece.bytes.data(), *end = at + piece.bytes.size();
  while (at != end) {
    Wire element;
    if constexpr (isFixed<Wire>) {
      if (end - at < static_cast<std::ptrdiff_t>(sizeof element))
        throw protozero::end_of_buffer_exception();
      std::memcpy(&element, at, sizeof element);
      at += sizeof element;
    } else {
      element = static_cast<Wire>(protozero::decode_varint(&at, end));
    }
    take(element);
  }
}

/// The elements, from `Wire` in the file to `Element` in memory. Nothing is
/// allocated before as many of them as the shape says have been seen.
template <class Wire, class Element> eager::Array Maker::decode() const {
  const std::size_t count = bytes / sizeof(Element);
  std::size_t seen = 0;
  try {
    for (const auto &piece : data.typed)
      forEachElement<Wire>(piece, [&](Wire element) {
        ++seen;
        if constexpr (!isFixed<Wire>)
          if (static_cast<Wire>(static_cast<Element>(element)) != element)
            fail(fmt::format("has an element that is no {}: {}",
                             to_string(data.type), element));
      });
  } catch (const protozero::exception &) {
    fail("has malformed elements");
  }
  checkCount(count, seen, "elements");
  eager::Array array = eager::allocate(dtype, data.dims);
  auto *out = static_cast<Element *>(array.view.data);
  for (const auto &piece : data.typed)
    forEachElement<Wire>(
        piece, [&](Wire element) { *out++ = static_cast<Element>(element); });
  return array;
}

/// Each element of the field holds one byte of packed elements.
eager::Array Maker::decodePacked() const {
  std::string packed;
  try {
    for (const auto &piece : data.typed)
      forEachElement<std::int64_t>(piece, [&](std::int64_t element) {
        if (element < std::numeric_limits<std::int8_t>::min() ||
            element > std::numeric_limits<std::uint8_t>::max())
          fail(fmt::format("has an element that is no byte: {}", element));
        packed += static_cast<char>(element);
      });
  } catch (const protozero::exception &) {
    fail("has malformed elements");
  }
  checkCount(storedBytes(), packed.size(), "bytes");
  return unpack(packed);
}

/// Which field holds elements of `type`.
TypedField fieldOf(ElementType type) {
  switch (type) {
  case ElementType::f32:
    return floatData;
  case ElementType::f64:
    return doubleData;
  case ElementType::i64:
    return int64Data;
  case ElementType::u32:
  case ElementType::u64:
    return uint64Data;
  default:
    return int32Data;
  }
}

void Maker::checkField() const {
  for (const auto &piece : data.typed)
    if (piece.field != fieldOf(data.type))
      fail("has elements in a field that is not for " + to_string(data.type));
}

eager::Array Maker::fromTyped(const std::shared_ptr<void> &owner) const {
  checkField();
  const bool fixed =
      data.type == ElementType::f32 || data.type == ElementType::f64;
  if (fixed && data.typed.size() == 1 && data.typed.front().packed)
    return fromRaw(data.typed.front().bytes, owner);
  if (isPacked(data.type))
    return decodePacked();
  switch (dtype) {
  case MG_BOOL:
  case MG_U8:
    return decode<std::int64_t, std::uint8_t>();
  case MG_I8:
    return decode<std::int64_t, std::int8_t>();
  case MG_I16:
    return decode<std::int64_t, std::int16_t>();
  case MG_U16:
  case MG_F16:
  case MG_BF16: // as bits
    return decode<std::int64_t, std::uint16_t>();
  case MG_I32:
    return decode<std::int64_t, std::int32_t>();
  case MG_I64:
    return decode<std::int64_t, std::int64_t>();
  case MG_U32:
    return decode<std::uint64_t, std::uint32_t>();
  case MG_U64:
    return decode<std::uint64_t, std::uint64_t>();
  case MG_F32:
    return decode<float, float>();
  case MG_F64:
    return decode<double, double>();
  default:
    unsupported("elements of type " + to_string(data.type));
  }
}

} // namespace

Tensor tensorOf(const TensorData &data, const std::shared_ptr<void> &owner,
                ExternalFiles &files, const std::string &path) {
  return Maker(data, path).make(owner, files);
}

} // namespace mg::onnx
