//===- RunEntry.cpp - an entry run with values of the command line --------===//
#include "frontend/driver/RunEntry.h"

#include "frontend/driver/Compare.h"
#include "frontend/driver/Values.h"
#include "frontend/io/FileError.h"
#include "frontend/io/Npy.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <span>

namespace mg::driver {

namespace {

/// Bindings by argument, sets resolved; what names no argument is an error.
class Bindings {
public:
  Bindings(std::string_view option, const std::vector<std::string> &texts,
           std::span<const mg_argument> arguments)
      : option(option), arguments(arguments), values(arguments.size()) {
    for (const std::string &text : texts)
      add(parseBinding(option, text));
  }

  /// The value given for argument `index`, if any.
  std::optional<eager::Array> operator[](std::size_t index) const {
    const Given &given = values[index];
    if (given.text.empty())
      return given.array;
    return parseValue(given.text, arguments[index]);
  }

private:
  struct Given {
    std::string text;
    std::optional<eager::Array> array;
  };

  void add(const Binding &binding) {
    if (!binding.name.empty()) {
      values[find(binding.name)].text = binding.value;
      return;
    }
    for (auto &[name, array] : io::loadArrays(binding.value.substr(1)))
      values[find(name)].array = array;
  }

  std::size_t find(const std::string &name) const {
    auto found = std::find_if(
        arguments.begin(), arguments.end(),
        [&](const mg_argument &argument) { return argument.name == name; });
    if (found != arguments.end())
      return static_cast<std::size_t>(found - arguments.begin());
    std::string known;
    for (const mg_argument &argument : arguments)
      known += fmt::format("{}'{}'", known.empty() ? "" : ", ", argument.name);
    throw Failure(
        Exit::Usage, "mgc",
        fmt::format("{}: the entry has no argument '{}'", option, name),
        "it has " + known);
  }

  std::string_view option;
  std::span<const mg_argument> arguments;
  std::vector<Given> values;
};

std::span<const mg_argument> inputsOf(const mg_entry &entry) {
  return {entry.inputs, entry.input_count};
}
std::span<const mg_argument> outputsOf(const mg_entry &entry) {
  return {entry.outputs, entry.output_count};
}

eager::Array refuseMissing(const mg_argument &wanted) {
  throw Failure(Exit::Usage, "mgc",
                fmt::format("no value for the input '{}' of type {}",
                            wanted.name, formatType(wanted)),
                fmt::format("--input {}=@FILE, or {}=random:1", wanted.name,
                            wanted.name));
}

/// Where each output goes, checked before anything is computed.
struct Destinations {
  /// By output; empty: it goes into the sets or is printed.
  std::vector<std::string> files;
  std::vector<std::string> sets;
};

Destinations destinations(const mg_entry &entry,
                          const std::vector<std::string> &texts) {
  Destinations result;
  result.files.resize(entry.output_count);
  for (const std::string &text : texts) {
    Binding binding = parseBinding("--output", text);
    if (!binding.value.starts_with('@') || binding.value.size() == 1)
      throw Failure(Exit::Usage, "mgc",
                    fmt::format("--output '{}': expected NAME=@FILE.npy, "
                                "@FILE.npz or @FILE.safetensors",
                                text));
    std::string file = binding.value.substr(1);
    if (binding.name.empty()) {
      result.sets.push_back(file);
      continue;
    }
    auto outputs = outputsOf(entry);
    auto found =
        std::find_if(outputs.begin(), outputs.end(), [&](const auto &output) {
          return binding.name == output.name;
        });
    if (found == outputs.end())
      throw Failure(
          Exit::Usage, "mgc",
          fmt::format("--output: the entry has no output '{}'", binding.name));
    result.files[static_cast<std::size_t>(found - outputs.begin())] = file;
  }
  return result;
}

void writeOutputs(const mg_entry &entry, const Destinations &to,
                  const std::vector<eager::Array> &outputs) {
  io::NamedArrays all;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    all.emplace_back(entry.outputs[i].name, outputs[i]);
    if (!to.files[i].empty())
      io::saveNpy(to.files[i], outputs[i]);
  }
  for (const std::string &set : to.sets)
    io::saveArrays(set, all);
}

Tolerance toleranceFor(mg_dtype dtype, const RunOptions &options) {
  Tolerance tolerance;
  if (!options.atol && !options.rtol && !options.ulps)
    tolerance = defaultTolerance(dtype);
  tolerance.absolute = options.atol.value_or(tolerance.absolute);
  tolerance.relative = options.rtol.value_or(tolerance.relative);
  tolerance.ulps = options.ulps.value_or(tolerance.ulps);
  tolerance.exact = options.exact;
  return tolerance;
}

} // namespace

std::vector<eager::Array>
readInputs(const mg_entry &entry, const std::vector<std::string> &texts,
           const std::function<eager::Array(const mg_argument &)> &missing) {
  Bindings bindings("--input", texts, inputsOf(entry));
  std::vector<eager::Array> inputs;
  for (const mg_argument &wanted : inputsOf(entry)) {
    std::optional<eager::Array> given = bindings[inputs.size()];
    inputs.push_back(given ? *given : missing(wanted));
    std::string type =
        formatType(inputs.back().view.dtype, inputs.back().shape());
    if (type != formatType(wanted))
      throw Failure(Exit::Run, "mgc",
                    fmt::format("the input '{}' is {} where {} is expected",
                                wanted.name, type, formatType(wanted)));
  }
  return inputs;
}

int chooseEntry(const mg_model &model, const std::string &name) {
  std::string known;
  for (std::uint32_t i = 0; i < model.entry_count; ++i) {
    if (name == model.entries[i].name)
      return static_cast<int>(i);
    known += fmt::format("{}'{}'", i ? ", " : "", model.entries[i].name);
  }
  if (name.empty() && model.entry_count == 1)
    return 0;
  throw Failure(Exit::Usage, "mgc",
                name.empty() ? "the model has several entries: choose one "
                               "with --entry"
                             : fmt::format("the model has no entry '{}'", name),
                "it has " + known);
}

Exit runEntry(const mg_model &model, const CallEntry &call,
              const RunOptions &options) {
  int index = chooseEntry(model, options.entry);
  const mg_entry &entry = model.entries[index];
  Destinations to = destinations(entry, options.outputs);
  Bindings expected("--expect", options.expects, outputsOf(entry));
  std::vector<eager::Array> inputs =
      readInputs(entry, options.inputs, refuseMissing);
  std::vector<eager::Array> outputs;
  if (int status = call(index, inputs, outputs))
    throw Failure(
        status == MG_ERROR_MEMORY ? Exit::Limit
        : status == MG_ERROR_CPU  ? Exit::Misfit
                                  : Exit::Run,
        "mgc",
        fmt::format("'{}' failed: {}", entry.name, mg_status_text(status)));
  writeOutputs(entry, to, outputs);

  Exit exit = Exit::Done;
  nlohmann::json report = nlohmann::json::object();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::string name = entry.outputs[i].name;
    nlohmann::json &item = report["outputs"][name];
    item["type"] = formatType(entry.outputs[i]);
    std::string line;
    if (std::optional<eager::Array> reference = expected[i]) {
      Difference difference = compare(
          outputs[i], *reference, toleranceFor(outputs[i].view.dtype, options));
      if (!difference.fits())
        exit = Exit::Differs;
      item.update(toJson(difference));
      line = describe(name, difference, outputs[i], *reference);
    } else if (to.files[i].empty() && to.sets.empty()) {
      item["value"] = formatValue(outputs[i]);
      line = name + '=' + formatValue(outputs[i]);
    }
    if (!options.json && !line.empty())
      fmt::print("{}\n", line);
  }
  if (options.json)
    fmt::print("{}\n", report.dump(2));
  return exit;
}

} // namespace mg::driver
