//===- Weights.cpp - where the weights of a model come from ---------------===//
#include "frontend/driver/Weights.h"

#include "frontend/driver/Failure.h"
#include "frontend/driver/Values.h"
#include "frontend/io/ArrayBytes.h"
#include "frontend/io/Safetensors.h"
#include "ir/Ops.h"

#include <fmt/format.h>

#include <filesystem>

namespace mg::driver {

namespace {

/// What is embedded without being asked for.
constexpr std::size_t mostEmbedded = 1 << 20;

std::string besideModel(const std::string &model) {
  std::filesystem::path path(model);
  path.replace_extension(".safetensors");
  std::error_code ignored;
  return model != "-" && std::filesystem::is_regular_file(path, ignored)
             ? path.string()
             : "";
}

} // namespace

Weights::Weights(const std::vector<std::string> &options,
                 const std::string &model) {
  for (const std::string &option : options) {
    if (option == "embed") {
      embed = true;
    } else if (named) {
      throw Failure(Exit::Usage, "mgc", "--weights: more than one file");
    } else {
      named = true;
      path = option;
    }
  }
  if (!named)
    path = besideModel(model);
  if (!path.empty())
    take(io::loadArrays(path));
}

void Weights::take(io::NamedArrays taken) {
  arrays.clear();
  // The runtime and the object want the elements one after the other.
  for (auto &[name, array] : taken)
    arrays[name] = eager::rowMajor(array);
}

void Weights::adopt(io::NamedArrays all, const std::string &model) {
  if (named)
    return;
  path = model;
  own = true;
  take(std::move(all));
}

void Weights::check(mlir::ModuleOp module) const {
  module.walk([&](mlir::mg::WeightOp weight) {
    std::string name = weight.getName().str();
    if (!available())
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("no file for the weight '{}'", name),
                    "--weights FILE.safetensors");
    eager::Array array = find(name);
    if (!array.view.data)
      throw Failure(Exit::File, path,
                    fmt::format("holds no weight named '{}'", name));
    if (eager::typeOf(module.getContext(), array) != weight.getType())
      throw Failure(
          Exit::Invalid, path,
          fmt::format("the weight '{}' is {}, the model has another type", name,
                      formatType(array.view.dtype, array.shape())));
  });
}

bool Weights::embedded() const {
  if (!available() || embed || named)
    return embed;
  std::size_t all = 0;
  for (const auto &entry : arrays)
    all += entry.second.bytes();
  return all < mostEmbedded;
}

eager::Array Weights::find(llvm::StringRef name) const {
  return arrays.lookup(name);
}

llvm::ArrayRef<char> Weights::bytes(llvm::StringRef name) const {
  const auto found = arrays.find(name);
  if (found == arrays.end())
    return {};
  std::string_view bytes = io::bytesOf(found->second);
  return {bytes.data(), bytes.size()};
}

} // namespace mg::driver
