//===- CalibrationData.cpp - examples for the inputs of an entry ----------===//
#include "frontend/driver/CalibrationData.h"

#include "frontend/driver/Elements.h"
#include "frontend/driver/Failure.h"
#include "frontend/driver/Values.h"
#include "frontend/eager/Execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace mg::driver {

namespace {

std::vector<std::string> filesOf(const std::string &folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string ending = at->path().extension().string();
    if (ending == ".npy" || ending == ".npz" || ending == ".safetensors")
      files.push_back(at->path().string());
  }
  if (error)
    throw Failure(Exit::File, folder, error.message());
  std::sort(files.begin(), files.end());
  return files;
}

/// The rows that one call takes; 1 for what has none.
std::int64_t rowsOf(mlir::RankedTensorType type) {
  return type.getRank() ? type.getDimSize(0) : 1;
}

} // namespace

std::size_t CalibrationData::Series::calls() const {
  std::size_t all = 0;
  for (const eager::Array &part : parts)
    all += static_cast<std::size_t>(
        type.getRank() ? part.shape()[0] / rowsOf(type) : 1);
  return all;
}

eager::Array CalibrationData::Series::at(std::size_t call) const {
  for (const eager::Array &part : parts) {
    const std::int64_t rows = rowsOf(type);
    const auto here =
        static_cast<std::size_t>(type.getRank() ? part.shape()[0] / rows : 1);
    if (call >= here) {
      call -= here;
      continue;
    }
    eager::Array some = part;
    if (type.getRank() == 0)
      return some;
    some.view.shape[0] = rows;
    some.view.data =
        static_cast<char *>(part.view.data) +
        static_cast<std::int64_t>(call) * rows * part.view.strides[0] *
            static_cast<std::int64_t>(mg_dtype_size(part.view.dtype));
    return eager::rowMajor(some);
  }
  return {};
}

CalibrationData::CalibrationData(const std::string &folder,
                                 mlir::func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    auto name = entry.getArgAttrOfType<mlir::StringAttr>(i, "mg.name");
    auto type = llvm::cast<mlir::RankedTensorType>(entry.getArgumentTypes()[i]);
    series.push_back({name ? name.str() : "", type});
    if (type.getNumElements() == 0)
      throw Failure(
          Exit::Unsupported, folder,
          fmt::format("the input '{}' has no elements", series.back().name));
  }
  auto rows = llvm::cast<mlir::RankedTensorType>(entry.getResultTypes()[0]);
  labels = {"labels",
            mlir::RankedTensorType::get({rowsOf(rows)}, rows.getElementType())};
  read(folder);
  for (const Series &input : series) {
    if (input.parts.empty())
      throw Failure(
          Exit::File, folder,
          fmt::format("holds no array for the input '{}'", input.name),
          fmt::format("{}.npy, or '{}' in a .safetensors file", input.name,
                      input.name));
    count = std::max(count, input.calls());
  }
  // One array of the input's own shape serves all calls.
  for (const Series &input : series)
    if (input.calls() != count && input.calls() != 1)
      throw Failure(Exit::Invalid, folder,
                    fmt::format("has arrays for {} calls in '{}' and for {} in "
                                "another input",
                                input.calls(), input.name, count));
  if (hasLabels() && labels.calls() != count)
    throw Failure(Exit::Invalid, folder,
                  fmt::format("has labels for {} calls and inputs for {}",
                              labels.calls(), count));
}

void CalibrationData::read(const std::string &folder) {
  for (const std::string &file : filesOf(folder)) {
    const std::string stem = std::filesystem::path(file).stem().string();
    for (const auto &[name, array] : io::loadArrays(file))
      add(file, name.empty() ? stem : name, array);
  }
}

void CalibrationData::add(const std::string &path, const std::string &name,
                          const eager::Array &array) {
  auto input = std::find_if(series.begin(), series.end(),
                            [&](const Series &s) { return s.name == name; });
  if (input == series.end())
    return name == "labels" ? addLabels(path, array) : void();
  const auto wanted = input->type.getShape();
  const auto got = array.shape();
  bool fits =
      eager::dtypeOf(input->type.getElementType()) == array.view.dtype &&
      got.size() == wanted.size();
  for (std::size_t d = 0; fits && d < got.size(); ++d)
    fits = d == 0 ? got[d] >= wanted[d] : got[d] == wanted[d];
  if (!fits)
    throw Failure(
        Exit::Invalid, path,
        fmt::format("'{}' is {} where {}, or more along the first dimension, "
                    "is expected",
                    name, formatType(array.view.dtype, got),
                    formatType(*eager::dtypeOf(input->type.getElementType()),
                               {wanted.data(), wanted.size()})));
  input->parts.push_back(array);
}

void CalibrationData::addLabels(const std::string &path,
                                const eager::Array &array) {
  const bool areIntegers = withElement(array.view.dtype, [](auto element) {
    return std::is_integral_v<decltype(element)> &&
           !std::is_same_v<decltype(element), bool>;
  });
  if (!areIntegers || array.view.rank != 1 ||
      array.shape()[0] < rowsOf(labels.type))
    throw Failure(Exit::Invalid, path,
                  fmt::format("'labels' is {} where integers, at least {}, are "
                              "expected",
                              formatType(array.view.dtype, array.shape()),
                              rowsOf(labels.type)));
  labels.parts.push_back(array);
}

std::vector<eager::Array> CalibrationData::inputs(std::size_t call) const {
  std::vector<eager::Array> arrays;
  for (const Series &input : series)
    arrays.push_back(input.at(input.calls() == 1 ? 0 : call));
  return arrays;
}

std::vector<std::int64_t> CalibrationData::labelsOf(std::size_t call) const {
  const eager::Array array = labels.at(call);
  std::vector<std::int64_t> result(static_cast<std::size_t>(array.size()));
  withElement(array.view.dtype, [&](auto element) {
    const auto *data = static_cast<const decltype(element) *>(array.view.data);
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = static_cast<std::int64_t>(data[i]);
  });
  return result;
}

} // namespace mg::driver
