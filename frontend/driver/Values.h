//===- Values.h - arrays as they are written on the command line ----------===//
#ifndef MG_FRONTEND_DRIVER_VALUES_H
#define MG_FRONTEND_DRIVER_VALUES_H

#include "frontend/io/NamedArrays.h"
#include "minigrad/model.h"

#include <string>
#include <string_view>

namespace mg::driver {

/// "x=@a.npy": a name and what it stands for. The name is empty where the text
/// begins with '@', a file of several arrays.
struct Binding {
  std::string name, value;
};

/// `option` is for the error (Failure with Exit::Usage).
Binding parseBinding(std::string_view option, std::string_view text);

/// The value of an argument:
///   @FILE           an array of an npy, npz or safetensors file
///   f32[2,2]:1,2,3,4  elements in row-major order; nan, inf, true, false
///   random:SEED     floats in [-1, 1), integers in [0, 10), coins
///   zeros
/// `wanted` gives name, dtype and shape to those that do not say them.
/// Failures: Usage where the text is wrong, File where the file is.
eager::Array parseValue(std::string_view text, const mg_argument &wanted);

/// The array `name` of a file: the only one where it holds one without a name.
eager::Array loadArray(const std::string &path, std::string_view name);

eager::Array randomArray(const mg_argument &wanted, std::uint64_t seed);

/// "f32[2,2]"
std::string formatType(mg_dtype dtype, std::span<const std::int64_t> shape);
std::string formatType(const mg_argument &argument);

/// "f32[2,2]:1,2,3,4", digits enough to read the same bits back; what is long
/// ends in "...".
std::string formatValue(const eager::Array &array);

/// One element, by its number in row-major order.
std::string formatElement(const eager::Array &rowMajor, std::int64_t index);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_VALUES_H
