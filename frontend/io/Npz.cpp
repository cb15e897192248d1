//===- Npz.cpp - named arrays in NumPy's zip archives ---------------------===//
#include "frontend/io/Npz.h"

#include "frontend/io/ArrayBytes.h"
#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/io/Npy.h"
#include "frontend/io/WholeFile.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace mg::io {

namespace {

constexpr std::string_view memberEnding = ".npy";

/// Deflate's best case, and room for tiny members.
constexpr zip_uint64_t mostInflation = 1032, inflationSlack = 64;

/// An archive that is only read: leaving the scope changes nothing.
using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using MemberFile = std::unique_ptr<zip_file_t, decltype(&zip_fclose)>;

class NpzReader {
public:
  explicit NpzReader(const std::string &path)
      : path(path), file(mapFile(path)), archive(open(), zip_discard) {}

  NamedArrays read() {
    NamedArrays arrays;
    zip_int64_t count = zip_get_num_entries(archive.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      zip_stat_t stat = checkedStat(static_cast<zip_uint64_t>(i));
      std::string name = arrayName(stat.name);
      if (find(arrays, name))
        malformed(fmt::format("'{}' appears twice", printable(name)));
      arrays.emplace_back(name, member(stat));
    }
    return arrays;
  }

private:
  [[noreturn]] void malformed(std::string_view reason) const {
    throw FileError(MG_ERROR_FILE, path,
                    fmt::format("malformed npz file: {}", reason));
  }
  [[noreturn]] void unsupported(std::string_view what) const {
    throw FileError(MG_ERROR_UNSUPPORTED, path,
                    fmt::format("npz file with {}: not supported", what));
  }

  zip_t *open() const {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(
        file.bytes.data(), file.bytes.size(), 0, &error);
    zip_t *zip =
        source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
    if (!zip) {
      std::string reason = zip_error_strerror(&error);
      zip_source_free(source);
      zip_error_fini(&error);
      malformed(reason);
    }
    zip_error_fini(&error);
    return zip;
  }

  /// What the archive says of a member, held against the file: no member is
  /// longer than the file, all together are not (members that share bytes are
  /// how small archives become huge), and none inflates beyond what can be.
  zip_stat_t checkedStat(zip_uint64_t index) {
    constexpr zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_INDEX |
                                    ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                                    ZIP_STAT_COMP_METHOD;
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(archive.get(), index, 0, &stat) != 0 ||
        (stat.valid & needed) != needed)
      malformed("a member lacks its description");
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) &&
        stat.encryption_method != ZIP_EM_NONE)
      unsupported("an encrypted member");
    if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
      unsupported("a compression that is not deflate");
    if (stat.comp_size > file.bytes.size() - compressedBytes)
      malformed("its members are longer than the file");
    compressedBytes += stat.comp_size;
    if (stat.size > stat.comp_size * mostInflation + inflationSlack)
      malformed("a member claims an impossible size");
    return stat;
  }

  std::string arrayName(std::string_view member) const {
    if (!member.ends_with(memberEnding))
      unsupported(
          fmt::format("the member '{}', which is no .npy", printable(member)));
    member.remove_suffix(memberEnding.size());
    return std::string(member);
  }

  eager::Array member(const zip_stat_t &stat) const {
    MemberFile member(zip_fopen_index(archive.get(), stat.index, 0),
                      zip_fclose);
    if (!member)
      malformed(zip_strerror(archive.get()));
    std::string where = fmt::format("{}: '{}'", path, printable(stat.name));
    // The header alone first, so that its shape speaks before memory does.
    std::string start(std::min<zip_uint64_t>(stat.size, maxNpyHeader + 16), 0);
    readExactly(member.get(), start.data(), start.size());
    NpyHeader header = parseNpyHeader(start, where);
    if (stat.size - header.dataOffset != header.dataBytes)
      malformed(fmt::format("the size of '{}' does not fit its shape",
                            printable(stat.name)));
    std::int64_t size = static_cast<std::int64_t>(header.dataBytes);
    eager::Array buffer = eager::allocate(MG_U8, {&size, 1});
    char *data = static_cast<char *>(buffer.view.data);
    std::size_t had = start.size() - header.dataOffset;
    std::memcpy(data, start.data() + header.dataOffset, had);
    readExactly(member.get(), data + had, header.dataBytes - had);
    // The end is where the checksum is compared.
    char more;
    if (zip_fread(member.get(), &more, 1) != 0)
      malformed(fmt::format("'{}' is damaged", printable(stat.name)));
    return npyArray(header, {data, header.dataBytes}, buffer.owner, where);
  }

  void readExactly(zip_file_t *from, char *to, zip_uint64_t size) const {
    while (size > 0) {
      zip_int64_t got = zip_fread(from, to, size);
      if (got <= 0)
        malformed("a member is damaged");
      to += got;
      size -= static_cast<zip_uint64_t>(got);
    }
  }

  const std::string &path;
  MappedFile file;
  Archive archive;
  zip_uint64_t compressedBytes = 0;
};

[[noreturn]] void cannotWrite(const std::string &path, zip_t *zip) {
  std::string reason = zip_strerror(zip);
  zip_discard(zip);
  throw FileError(MG_ERROR_WRITE, path, "cannot be written: " + reason);
}

/// Adds one stored member; `header` and `array` must live until the archive is
/// closed. False where the library refuses.
bool addMember(zip_t *zip, const std::string &name, const std::string &header,
               const eager::Array &array) {
  std::string_view data = bytesOf(array);
  auto bytes = [](std::string_view view) {
    return zip_buffer_fragment_t{
        reinterpret_cast<zip_uint8_t *>(const_cast<char *>(view.data())),
        view.size()};
  };
  zip_buffer_fragment_t fragments[] = {bytes(header), bytes(data)};
  zip_source_t *source =
      zip_source_buffer_fragment(zip, fragments, data.empty() ? 1 : 2, 0);
  zip_int64_t index =
      source ? zip_file_add(zip, (name + std::string(memberEnding)).c_str(),
                            source, ZIP_FL_ENC_UTF_8)
             : -1;
  if (index < 0) {
    zip_source_free(source);
    return false;
  }
  // 1980-01-01, where zip's time begins: the same arrays, the same bytes.
  auto member = static_cast<zip_uint64_t>(index);
  return zip_set_file_compression(zip, member, ZIP_CM_STORE, 0) == 0 &&
         zip_file_set_dostime(zip, member, 0, 0x21, 0) == 0;
}

} // namespace

NamedArrays loadNpz(const std::string &path) { return NpzReader(path).read(); }

void saveNpz(const std::string &path, const NamedArrays &arrays) {
  WholeFile file(path);
  int error = 0;
  zip_t *zip =
      zip_open(file.temporaryPath().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (!zip)
    throw FileError(MG_ERROR_WRITE, path, "cannot be written");
  // The library reads its sources at the end.
  std::vector<std::string> headers;
  std::vector<eager::Array> wholes;
  headers.reserve(arrays.size());
  for (const auto &[name, array] : arrays) {
    wholes.push_back(eager::rowMajor(array));
    headers.push_back(formatNpyHeader(wholes.back()));
    if (!addMember(zip, name, headers.back(), wholes.back()))
      cannotWrite(path, zip);
  }
  if (zip_close(zip) != 0)
    cannotWrite(path, zip);
  file.commit();
}

} // namespace mg::io
