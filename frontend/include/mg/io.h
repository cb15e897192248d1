// Files of tensors: npy, npz, safetensors. Reading maps the file where it can,
// so it must not be changed while its tensors live; writing replaces a file
// whole or not at all.
#pragma once
#include <map>
#include <string>

#include "mg/error.h"
#include "mg/tensor.h"

namespace mg::io {

using Tensors = std::map<std::string, Tensor>;

/// bf16, which NumPy does not know, is '<V2', as ml_dtypes writes it. Arrays in
/// Fortran order come as strided tensors.
Tensor load_npy(const std::string &path, Where where = Where::current());
void save_npy(const std::string &path, const Tensor &x,
              Where where = Where::current());

Tensors load_npz(const std::string &path, Where where = Where::current());
void save_npz(const std::string &path, const Tensors &tensors,
              Where where = Where::current());

Tensors load_safetensors(const std::string &path,
                         Where where = Where::current());
void save_safetensors(const std::string &path, const Tensors &tensors,
                      Where where = Where::current());

} // namespace mg::io
