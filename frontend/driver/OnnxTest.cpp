//===- OnnxTest.cpp - a model with the results that are expected of it ----===//
#include "frontend/driver/OnnxTest.h"

#include "frontend/driver/Compare.h"
#include "frontend/driver/Oracle.h"
#include "frontend/driver/Pool.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "frontend/io/FileError.h"
#include "frontend/io/MappedFile.h"
#include "frontend/onnx/Interpreter.h"
#include "frontend/onnx/RandomValues.h"
#include "frontend/tensor/Value.h"
#include "minigrad/cpu.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace mg::driver {

namespace {

namespace fs = std::filesystem;
using Arrays = std::vector<eager::Array>;

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

/// FOLDER/test_data_set_0, 1, .. in the order of their numbers.
std::vector<std::string> dataSets(const std::string &folder) {
  std::vector<std::pair<std::size_t, std::string>> found;
  std::error_code error;
  for (const fs::directory_entry &entry :
       fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("test_data_set_") && entry.is_directory())
      found.emplace_back(name.size(), entry.path().string());
  }
  if (error)
    throw io::FileError(MG_ERROR_FILE, folder, error.message());
  if (found.empty())
    throw io::FileError(MG_ERROR_FILE, folder, "holds no test_data_set_N");
  std::sort(found.begin(), found.end());
  std::vector<std::string> paths;
  for (auto &[length, path] : found)
    paths.push_back(std::move(path));
  return paths;
}

/// The arrays KIND_0.pb, KIND_1.pb, .. of a data set, as many as there are.
Arrays readArrays(const std::string &set, const char *kind) {
  Arrays arrays;
  for (;;) {
    const std::string path =
        fmt::format("{}/{}_{}.pb", set, kind, arrays.size());
    std::error_code ignored;
    if (!fs::exists(path, ignored))
      return arrays;
    const io::MappedFile file = io::mapFile(path);
    onnx::ExternalFiles external(path);
    const Tensor tensor = onnx::tensorOf(onnx::readTensor(file.bytes, path),
                                         file.owner, external, path);
    arrays.push_back(tensor.value()->array);
  }
}

/// A limit of FOLDER/data.json, if it has one.
std::optional<double> statedLimit(const std::string &folder, const char *name) {
  const std::string path = folder + "/data.json";
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    return std::nullopt;
  const auto json = nlohmann::json::parse(io::mapFile(path).bytes, nullptr,
                                          /*allow_exceptions=*/false);
  if (!json.is_object())
    throw io::FileError(MG_ERROR_FILE, path, "is no JSON object");
  const auto found = json.find(name);
  return found != json.end() && found->is_number()
             ? std::optional<double>(*found)
             : std::nullopt;
}

//===----------------------------------------------------------------------===//
// The test
//===----------------------------------------------------------------------===//

void requireTensors(const std::vector<onnx::ValueInfo> &values,
                    const std::string &path, const char *kind) {
  for (const onnx::ValueInfo &value : values)
    if (value.kind != onnx::TypeKind::tensor &&
        value.kind != onnx::TypeKind::none)
      throw io::FileError(MG_ERROR_UNSUPPORTED,
                          fmt::format("{}: {} '{}'", path, kind, value.name),
                          "not supported: it is no tensor");
}

/// A model compiled for one level and one data set.
struct Compiled {
  /// With the sizes and constants of the data set.
  std::unique_ptr<const Options> options = {};
  std::unique_ptr<LoadedModel> model = {};
  std::unique_ptr<Oracle> oracle = {};
  std::shared_ptr<Program> program = {};
  /// Inputs that are constants.
  std::set<std::string> fixed = {};

  const mg_entry &entry() const { return program->model().entries[0]; }
};

/// Longer inputs are data, not shapes.
constexpr std::int64_t mostFixed = 256;

/// Which inputs become constants, from few to many: a shape or axes, then
/// scales, then whatever is small.
using Rule = bool (*)(const eager::Array &);
constexpr Rule rules[] = {
    [](const eager::Array &) { return false; },
    [](const eager::Array &a) {
      return a.view.rank <= 1 && a.view.dtype < MG_F16;
    },
    [](const eager::Array &a) { return a.view.rank <= 1; },
    [](const eager::Array &a) { return a.view.dtype < MG_F16; },
    [](const eager::Array &) { return true; },
};

/// Files from before bf16 was known to NumPy hold its bits as integers.
eager::Array asDeclared(eager::Array array, const onnx::ValueInfo &value) {
  if (value.type == onnx::ElementType::bf16 && array.view.dtype == MG_U16)
    array.view.dtype = MG_BF16;
  return array;
}

/// Whether the model leaves the input's shape to others.
bool isOpen(const onnx::ValueInfo &input) {
  return !input.shape ||
         std::any_of(input.shape->begin(), input.shape->end(),
                     [](const auto &d) { return !d.size || *d.size < 0; });
}

class Tester {
public:
  Tester(const Options &options, const ModelSource &source,
         const OnnxTestOptions &test)
      : options(options), source(source), test(test),
        document(source.path, source.bytes, source.owner),
        random(onnx::randomValues(document.model().graph)),
        pool(options.threads) {
    const onnx::Graph &graph = document.model().graph;
    requireTensors(graph.inputs, source.path, "input");
    requireTensors(graph.outputs, source.path, "output");
    limits.absolute =
        test.atol.value_or(statedLimit(test.folder, "atol").value_or(1e-7));
    limits.relative =
        test.rtol.value_or(statedLimit(test.folder, "rtol").value_or(1e-3));
  }

  Exit run() {
    const std::vector<std::string> sets = dataSets(test.folder);
    std::vector<std::string> levels = options.levels;
    if (levels.empty())
      levels = {"native"};
    for (const std::string &level : levels) {
      mg_cpu_limit(~UINT64_C(0)); // "native" means this machine
      for (const std::string &set : sets)
        runSet(set, level);
    }
    if (options.json)
      fmt::print("{}\n", report.dump(2));
    return exit;
  }

private:
  using Limits = std::function<Tolerance(const eager::Array &)>;

  void runSet(const std::string &set, const std::string &level) {
    enterStage(Stage::Reading);
    const Arrays given = readArrays(set, "input");
    Arrays expected = readArrays(set, "output");
    const auto &outputs = document.model().graph.outputs;
    for (std::size_t i = 0; i < std::min(expected.size(), outputs.size()); ++i)
      expected[i] = asDeclared(expected[i], outputs[i]);
    const std::string name = fs::path(set).filename().string();
    const Arguments arguments = argumentsFor(given, set);
    const Compiled compiled = compile(arguments, level);
    sayFixed(name, compiled.fixed);
    const Arrays inputs = inputsFor(compiled, arguments, set);
    if (expected.size() > compiled.entry().output_count)
      throw Failure(Exit::File, set,
                    fmt::format("holds {} outputs, the model has {}",
                                expected.size(),
                                compiled.entry().output_count));
    enterStage(Stage::Running);
    Arrays got;
    if (int status = compiled.program->run(0, inputs, got, pool.get()))
      throw Failure(
          Exit::Run, set,
          fmt::format("the model failed: {}", mg_status_text(status)));
    const Limits stated = [this](const eager::Array &array) {
      return limitsFor(array);
    };
    tell(name, level, "compiled", got, expected, stated);
    if (!compiled.oracle)
      return;
    // Eager mode is the same machine: levels without FMA round differently.
    mg_cpu_limit(codegen::levelFeatures(level));
    const Arrays eager =
        compiled.oracle->run(compiled.entry(), inputs, pool.get());
    mg_cpu_limit(~UINT64_C(0));
    tell(name, level, "eager", eager, expected, stated);
    tell(name, level, "compiled and eager", got, eager, toleranceFor);
  }

  /// An input of the graph, and what the data set has for it.
  using Arguments =
      std::vector<std::pair<const onnx::ValueInfo *, eager::Array>>;

  /// Files are numbered as the graph's inputs are, or only as those of them are
  /// that have no value in the model already.
  Arguments argumentsFor(const Arrays &given, const std::string &set) const {
    Arguments arguments;
    const auto &all = document.model().graph.inputs;
    for (const onnx::ValueInfo *input : onnx::graphInputs(document)) {
      const auto place = given.size() < all.size()
                             ? arguments.size()
                             : static_cast<std::size_t>(input - all.data());
      if (place >= given.size())
        throw Failure(Exit::File, set,
                      fmt::format("holds no input_{}.pb, for the input '{}'",
                                  place, input->name));
      arguments.emplace_back(input, asDeclared(given[place], *input));
    }
    return arguments;
  }

  /// With as few inputs fixed as the operators allow.
  Compiled compile(const Arguments &arguments, const std::string &level) const {
    std::optional<io::FileError> first;
    std::set<std::string> last;
    for (const Rule rule : rules) {
      std::set<std::string> fixed;
      for (const auto &[input, array] : arguments)
        if (array.size() <= mostFixed && rule(array))
          fixed.emplace(input->name);
      if (first && fixed == last)
        continue;
      last = fixed;
      try {
        return compileWith(fixed, arguments, level);
      } catch (const io::FileError &error) {
        if (error.status != MG_ERROR_UNSUPPORTED)
          throw;
        if (!first)
          first = error;
      }
    }
    throw *first;
  }

  Compiled compileWith(const std::set<std::string> &fixed,
                       const Arguments &arguments,
                       const std::string &level) const {
    auto chosen = std::make_unique<Options>(options);
    for (const auto &[input, array] : arguments) {
      const std::string name(input->name);
      if (fixed.contains(name))
        chosen->constants.push_back(name + '=' + formatValue(array));
      else if (isOpen(*input))
        chosen->shapes.push_back(
            fmt::format("{}={}", name, fmt::join(array.shape(), "x")));
    }
    Compiled compiled;
    compiled.options = std::move(chosen);
    compiled.model = std::make_unique<LoadedModel>(*compiled.options, source);
    compiled.fixed = fixed;
    if (test.eager)
      compiled.oracle = std::make_unique<Oracle>(*compiled.model);
    compiled.program = compiled.model->load(level);
    return compiled;
  }

  void sayFixed(const std::string &set, const std::set<std::string> &fixed) {
    if (!fixed.empty() && !options.quiet && !options.json)
      fmt::print("{} compiled for the values of: {}\n", set,
                 fmt::join(fixed, ", "));
  }

  static Arrays inputsFor(const Compiled &compiled, const Arguments &arguments,
                          const std::string &set) {
    Arrays inputs;
    for (const auto &[input, array] : arguments) {
      if (compiled.fixed.contains(std::string(input->name)))
        continue;
      const mg_argument &wanted = compiled.entry().inputs[inputs.size()];
      const std::string type = formatType(array.view.dtype, array.shape());
      if (type != formatType(wanted))
        throw Failure(Exit::File, set,
                      fmt::format("the input '{}' is {} where {} is expected",
                                  input->name, type, formatType(wanted)));
      inputs.push_back(array);
    }
    return inputs;
  }

  /// As ONNX's own runner, but for what no runner can ask: a number of 16 bits
  /// may be off by two of its last places, and next to large ones a small one
  /// is no better than their roundings.
  Tolerance limitsFor(const eager::Array &expected) const {
    Tolerance result = limits;
    const mg_dtype dtype = expected.view.dtype;
    if (dtype == MG_BF16)
      result.relative = std::max(result.relative, 0x1p-6);
    if (dtype == MG_F16)
      result.relative = std::max(result.relative, 0x1p-9);
    const double rounding = dtype == MG_F32   ? 0x1p-23
                            : dtype == MG_F64 ? 0x1p-52
                                              : 0;
    result.absolute =
        std::max(result.absolute, 4 * rounding * largestElement(expected));
    return result;
  }

  void tell(const std::string &set, const std::string &level, const char *how,
            const Arrays &got, const Arrays &expected, const Limits &limits) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const onnx::ValueInfo &output = document.model().graph.outputs[i];
      const std::string name(output.name);
      Difference difference = compare(got[i], expected[i], limits(expected[i]));
      const bool byType = random.contains(output.name);
      if (byType)
        difference.misfits = 0;
      if (!difference.fits())
        exit = Exit::Differs;
      if (options.json) {
        nlohmann::json item = toJson(difference);
        item.update({{"set", set},
                     {"level", level},
                     {"of", how},
                     {"output", name},
                     {"by_type", byType}});
        report.push_back(std::move(item));
      } else if (!options.quiet || !difference.fits()) {
        fmt::print("{} {} {}: {}\n", set, level, how,
                   byType && difference.fits()
                       ? name + ": random, of the right type"
                       : describe(name, difference, got[i], expected[i]));
      }
    }
  }

  const Options &options;
  const ModelSource &source;
  const OnnxTestOptions &test;
  onnx::Document document;
  std::set<std::string_view> random;
  Pool pool;
  Tolerance limits;
  Exit exit = Exit::Done;
  nlohmann::json report = nlohmann::json::array();
};

} // namespace

std::string modelOfTest(const std::string &folder) {
  return folder + "/model.onnx";
}

Exit runOnnxTest(const Options &options, const ModelSource &source,
                 const OnnxTestOptions &test) {
  enterStage(Stage::Reading);
  return Tester(options, source, test).run();
}

} // namespace mg::driver
