//===- TensorFiles.cpp - mg/io.h: files of tensors for the DSL ------------===//
#include "mg/io.h"

#include "frontend/io/FileError.h"
#include "frontend/io/Npy.h"
#include "frontend/io/Npz.h"
#include "frontend/io/Safetensors.h"
#include "frontend/tensor/Value.h"

namespace mg::io {

namespace {

/// Calls `f`; what is wrong with a file becomes an error at the user's line.
template <class F> auto at(const char *op, Where where, F &&f) {
  try {
    return f();
  } catch (const FileError &error) {
    throw Error(where, op, error.what());
  }
}

Tensor tensor(eager::Array array, const std::string &name, Where where) {
  return detail::makeEager(std::move(array), where, "'" + name + "'");
}

template <class Load>
Tensors load(const char *op, Load load, const std::string &path, Where where) {
  return at(op, where, [&] {
    Tensors tensors;
    for (auto &[name, array] : load(path))
      tensors.emplace(name, tensor(std::move(array), name, where));
    return tensors;
  });
}

template <class Save>
void save(const char *op, Save save, const std::string &path,
          const Tensors &tensors, Where where) {
  NamedArrays arrays;
  for (const auto &[name, x] : tensors)
    arrays.emplace_back(name, detail::known(x, op, where).array);
  at(op, where, [&] { save(path, arrays); });
}

} // namespace

Tensor load_npy(const std::string &path, Where where) {
  return at("load_npy", where,
            [&] { return tensor(loadNpy(path), path, where); });
}

void save_npy(const std::string &path, const Tensor &x, Where where) {
  const eager::Array &array = detail::known(x, "save_npy", where).array;
  at("save_npy", where, [&] { saveNpy(path, array); });
}

Tensors load_npz(const std::string &path, Where where) {
  return load("load_npz", loadNpz, path, where);
}

void save_npz(const std::string &path, const Tensors &tensors, Where where) {
  save("save_npz", saveNpz, path, tensors, where);
}

Tensors load_safetensors(const std::string &path, Where where) {
  return load(
      "load_safetensors",
      [](const std::string &path) { return loadSafetensors(path); }, path,
      where);
}

void save_safetensors(const std::string &path, const Tensors &tensors,
                      Where where) {
  save(
      "save_safetensors",
      [](const std::string &path, const NamedArrays &arrays) {
        saveSafetensors(path, arrays);
      },
      path, tensors, where);
}

} // namespace mg::io
