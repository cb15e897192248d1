//===- Safetensors.cpp - named arrays in the safetensors format -----------===//
#include "frontend/io/Safetensors.h"

#include "frontend/io/ArrayBytes.h"
#include "frontend/io/FileError.h"
#include "frontend/io/WholeFile.h"

#include "minigrad/weights_metadata.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mg::io {

namespace {

/// The format's names, in the order of mg_dtype.
constexpr std::string_view typeNames[MG_DTYPE_COUNT] = {
    "BOOL", "I8",  "I16", "I32",  "I64", "U8", "U16",
    "U32",  "U64", "F16", "BF16", "F32", "F64"};

/// A JSON string; the bytes above ASCII pass as they are.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (static_cast<unsigned char>(c) < ' ')
      result += fmt::format("\\u{:04x}", c);
    else
      result += c;
  }
  return result + '"';
}

std::string formatMetadata(const Metadata &metadata) {
  std::string text = "{";
  for (const auto &[key, value] : metadata)
    text += (text.size() > 1 ? "," : "") + quoted(key) + ":" + quoted(value);
  return text + '}';
}

/// The JSON header, padded so that the elements start at a multiple of 8.
std::string formatHeader(const NamedArrays &arrays, const Metadata &metadata) {
  std::string header = "{";
  std::size_t offset = 0;
  if (!metadata.empty())
    header += "\"__metadata__\":" + formatMetadata(metadata);
  for (const auto &[name, array] : arrays) {
    header += fmt::format(
        R"({}{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
        offset || header.size() > 1 ? "," : "", quoted(name),
        typeNames[array.view.dtype], fmt::join(array.shape(), ","), offset,
        offset + array.bytes());
    offset += array.bytes();
  }
  header += '}';
  constexpr std::size_t alignment = 8;
  header.append((alignment - header.size() % alignment) % alignment, ' ');
  return header;
}

/// Eight bytes, little-endian.
std::string formatLength(std::uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i)
    bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

} // namespace

NamedArrays loadSafetensors(const std::string &path, Metadata *metadata) {
  mg_weights *opened = nullptr;
  char message[256] = "";
  mg_status status =
      mg_weights_open(path.c_str(), &opened, message, sizeof message);
  if (status != MG_OK)
    throw FileError(status, path, message);
  std::shared_ptr<mg_weights> weights(opened, mg_weights_close);
  for (std::size_t i = 0; metadata && i < mg_weights_metadata_count(opened);
       ++i) {
    const mg_metadata *entry = mg_weights_metadata_at(opened, i);
    metadata->emplace(entry->key, entry->value);
  }
  NamedArrays arrays;
  for (std::size_t i = 0; i < mg_weights_count(opened); ++i) {
    const mg_weight *weight = mg_weights_at(opened, i);
    eager::Array array{weights, weight->array};
    checkBools(array, path);
    if (!isAligned(array))
      array = copyBytes(array);
    arrays.emplace_back(weight->name, array);
  }
  return arrays;
}

void saveSafetensors(const std::string &path, const NamedArrays &arrays,
                     const Metadata &metadata) {
  NamedArrays sorted;
  for (const auto &[name, array] : arrays)
    sorted.emplace_back(name, eager::rowMajor(array));
  std::sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
    std::size_t sizeA = mg_dtype_size(a.second.view.dtype),
                sizeB = mg_dtype_size(b.second.view.dtype);
    return sizeA != sizeB ? sizeA > sizeB : a.first < b.first;
  });
  std::string header = formatHeader(sorted, metadata);
  WholeFile file(path);
  file.write(formatLength(header.size()));
  file.write(header);
  for (const auto &[name, array] : sorted)
    file.write(bytesOf(array));
  file.commit();
}

} // namespace mg::io
