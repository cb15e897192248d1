//===- io-files.h - what the tests of file formats share ------------------===//
#ifndef MG_TEST_FRONTEND_IOFILES_H
#define MG_TEST_FRONTEND_IOFILES_H

#include "frontend/eager/Array.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

namespace mg::io::test {

/// A folder that is gone at the end of the test.
struct Folder {
  std::filesystem::path path;

  Folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "mg-io-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string &name) const {
    return (path / name).string();
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(path), {}));
  }
};

inline void write(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
eager::Array array(mg_dtype dtype, std::vector<std::int64_t> shape,
                   const std::vector<T> &values) {
  eager::Array result = eager::allocate(dtype, shape);
  std::memcpy(result.view.data, values.data(), values.size() * sizeof(T));
  return result;
}

/// The elements in row-major order of the indices, whatever the strides.
template <class T> std::vector<T> values(const eager::Array &array) {
  std::vector<T> result;
  const mg_array &view = array.view;
  std::vector<std::int64_t> index(static_cast<std::size_t>(view.rank));
  for (std::int64_t n = array.size(); n > 0; --n) {
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < index.size(); ++d)
      offset += index[d] * view.strides[d];
    result.push_back(static_cast<const T *>(view.data)[offset]);
    for (std::size_t d = index.size(); d-- > 0;) {
      if (++index[d] < view.shape[d])
        break;
      index[d] = 0;
    }
  }
  return result;
}

/// The bytes of an npy file as the format's description has them.
inline std::string npy(const std::string &dictionary, const std::string &data,
                       char version = 1) {
  std::string header = dictionary + "\n";
  std::size_t length = header.size();
  std::string bytes = std::string("\x93NUMPY") + version + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes + header + data;
}

inline std::string descr(const std::string &type, const std::string &shape,
                         const std::string &order = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }";
}

template <class T> std::string raw(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()),
          values.size() * sizeof(T)};
}

} // namespace mg::io::test

#endif // MG_TEST_FRONTEND_IOFILES_H
