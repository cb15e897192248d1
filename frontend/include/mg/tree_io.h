// Trees to and from files of named tensors: the names are the paths, `fc1.w`,
// `layers.0.b`.
#pragma once
#include <map>
#include <string>

#include "mg/io.h"
#include "mg/tree.h"

namespace mg {

namespace detail {
/// The tensor of that name, which must be like `like` if that is not empty.
Tensor find_leaf(const std::map<std::string, Tensor> &tensors,
                 const std::string &name, const Tensor &like,
                 const std::string &file, Where where);
} // namespace detail

/// The leaves of `like` (for vectors and optionals it says how many) from a
/// safetensors file. Where a leaf has a type, the file must agree.
template <class T>
T load(const std::string &path, T like = {}, Where where = Where::current()) {
  const auto tensors = io::load_safetensors(path, where);
  for_each_leaf(like, [&](const std::string &name, Tensor &t) {
    t = detail::find_leaf(tensors, name, t, path, where);
  });
  return like;
}

/// Every leaf that is not empty, to a safetensors file.
template <class T>
void save(const std::string &path, const T &tree,
          Where where = Where::current()) {
  std::map<std::string, Tensor> tensors;
  for_each_leaf(const_cast<T &>(tree), [&](const std::string &name, Tensor &t) {
    if (!t.empty())
      tensors.emplace(name, t);
  });
  io::save_safetensors(path, tensors, where);
}

} // namespace mg
