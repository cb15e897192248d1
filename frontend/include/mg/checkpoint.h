// Checkpoints: everything that a training run goes on with (model, optimizer's
// state, loader's state, key) as one tree in one file, exactly as it was.
#pragma once
#include <string>

#include "mg/tree.h"

namespace mg {

namespace detail {
void save_checkpoint(const std::string &path,
                     const std::function<void(Walker &)> &tree, Where where);
void load_checkpoint(const std::string &path,
                     const std::function<void(Walker &)> &tree, Where where);
} // namespace detail

/// The leaves by their paths in a safetensors file, numbers, enums and strings
/// in its metadata. The file is replaced whole or not at all.
template <class T>
void save_checkpoint(const std::string &path, const T &tree,
                     Where where = Where::current()) {
  detail::save_checkpoint(
      path, [&](detail::Walker &w) { detail::walk(const_cast<T &>(tree), w); },
      where);
}

/// `like` with the values of the file, which must hold all of them and nothing
/// else. Where a leaf of `like` has a type, the file must agree. Functions stay
/// those of `like`, and vectors and optionals as many as there are.
template <class T>
T load_checkpoint(const std::string &path, T like = {},
                  Where where = Where::current()) {
  detail::load_checkpoint(
      path, [&](detail::Walker &w) { detail::walk(like, w); }, where);
  return like;
}

} // namespace mg
