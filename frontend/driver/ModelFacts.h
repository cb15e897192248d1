//===- ModelFacts.h - a model in numbers, before and after compilation ----===//
#ifndef MG_FRONTEND_DRIVER_MODELFACTS_H
#define MG_FRONTEND_DRIVER_MODELFACTS_H

#include "frontend/driver/LoadedModel.h"

#include <nlohmann/json_fwd.hpp>

#include <map>

namespace mg::driver {

/// One entry. The arrays are what it would have to touch if it could keep all
/// else in registers.
struct EntryReport {
  codegen::Entry type;
  /// What the compiler made of it.
  codegen::EntryFacts made;
  /// Ops of the `simplified` level by name, those of the functions that it
  /// calls among them; how many of these are views.
  std::map<std::string, std::int64_t> ops;
  std::int64_t views = 0;
  std::vector<codegen::Argument> weights;
  /// What the eager mode reads and writes: operands and results of every op
  /// that is no view. Loops of unknown length count once.
  double eagerBytes = 0;

  double flops() const;
  std::uint64_t inputBytes() const, weightBytes() const, outputBytes() const;
  /// Inputs and weights once, outputs once.
  std::uint64_t leastBytes() const {
    return inputBytes() + weightBytes() + outputBytes();
  }
  /// Moves of elements that no input has to make to be an output.
  std::vector<const codegen::KernelFacts *> copies() const;
};

struct ModelFacts {
  std::string name, level;
  std::vector<EntryReport> entries;
  codegen::Inspection inspection;
};

std::uint64_t byteSize(const codegen::Argument &argument);

/// Compiles a copy of the model as far as the loops are known.
ModelFacts factsOf(LoadedModel &model, const std::string &level,
                   const std::vector<std::string> &disabledPasses);

nlohmann::ordered_json toJson(const ModelFacts &facts);

/// "3-5,9"
std::string linesText(const codegen::KernelFacts &kernel);
/// What the kernel's ops compute: "maximumf | subf exp".
std::string workText(const codegen::KernelFacts &kernel);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_MODELFACTS_H
