//===- QuantizeModel.cpp - the verb quantize ------------------------------===//
#include "frontend/driver/QuantizeModel.h"

#include "frontend/driver/CalibrationData.h"
#include "frontend/driver/CompileModel.h"
#include "frontend/driver/Dims.h"
#include "frontend/driver/Pool.h"
#include "frontend/driver/QuantizeReport.h"
#include "frontend/driver/Supervise.h"
#include "frontend/io/Safetensors.h"
#include "ir/Ops.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <map>

namespace mg::driver {

using mlir::func::FuncOp;

namespace {

/// Magnitudes seen so far, in bins from 0 to a power of two that grows.
class Magnitudes {
public:
  void add(const eager::Array &array) {
    for (float value : toFloats(array))
      add(std::fabs(value));
  }
  bool finite() const { return isFinite; }
  /// What `percent` of the magnitudes are at most.
  float percentile(double percent) const {
    const double wanted = percent / 100 * double(count);
    double below = 0;
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
      below += double(bins[bin]);
      if (below >= wanted && bin + 1 < bins.size())
        return std::min(most, range * float(bin + 1) / float(bins.size()));
    }
    return most;
  }

private:
  void add(float magnitude) {
    isFinite &= std::isfinite(magnitude);
    if (!isFinite)
      return;
    most = std::max(most, magnitude);
    if (range == 0 && magnitude > 0)
      range = std::ldexp(1.0f, std::min(std::ilogb(magnitude) + 1, 127));
    while (magnitude > range)
      widen();
    const auto bin = range > 0 ? std::size_t(magnitude / range * bins.size())
                               : std::size_t(0);
    ++bins[std::min(bin, bins.size() - 1)];
    ++count;
  }
  void widen() {
    range *= 2;
    for (std::size_t bin = 0; bin < bins.size(); ++bin)
      bins[bin] = bin < bins.size() / 2 ? bins[2 * bin] + bins[2 * bin + 1] : 0;
  }

  std::array<std::uint64_t, 4096> bins{};
  std::uint64_t count = 0;
  float most = 0, range = 0;
  bool isFinite = true;
};

FuncOp entryOf(mlir::ModuleOp module) {
  FuncOp found;
  for (auto function : module.getOps<FuncOp>()) {
    if (!isEntry(function))
      continue;
    if (found)
      throw Failure(Exit::Usage, "mgc",
                    "the model has several entries: choose one with --entry");
    found = function;
  }
  if (!found)
    throw Failure(Exit::Invalid, "mgc", "the model has no entry");
  return found;
}

std::string besideModel(const std::string &model) {
  std::filesystem::path path(model);
  return path.replace_extension(".safetensors").string();
}

bool isSameFile(const std::string &a, const std::string &b) {
  std::error_code ignored;
  return std::filesystem::equivalent(a, b, ignored);
}

/// Where the model goes; the weights go beside it.
std::string outputOf(const Options &options, const QuantizeOptions &quantize) {
  std::string out = quantize.out;
  if (out.empty()) {
    if (options.model == "-")
      throw Failure(Exit::Usage, "mgc", "--out: which file?");
    std::filesystem::path path(options.model);
    out = path.replace_extension("." + quantize.weights + ".mlir").string();
  }
  if (!out.ends_with(".mlir"))
    throw Failure(Exit::Usage, "mgc",
                  fmt::format("--out '{}': a .mlir file is written, and its "
                              "weights beside it",
                              out));
  if (isSameFile(out, options.model))
    throw Failure(Exit::Usage, "mgc",
                  fmt::format("--out '{}' is the model itself", out));
  std::vector<std::string> read(options.weights);
  read.push_back(besideModel(options.model));
  for (const std::string &file : read)
    if (isSameFile(besideModel(out), file))
      throw Failure(
          Exit::Usage, "mgc",
          fmt::format("--out '{}': its weights would replace '{}'", out, file));
  return out;
}

std::size_t weightBytes(mlir::ModuleOp module,
                        const eager::WeightLookup &weights) {
  std::map<std::string, std::size_t> bytes;
  module.walk([&](mlir::mg::WeightOp op) {
    bytes[op.getName().str()] = weights(op.getName()).bytes();
  });
  std::size_t all = 0;
  for (const auto &[name, size] : bytes)
    all += size;
  return all;
}

class Quantizer {
public:
  Quantizer(const Options &options, const ModelSource &source,
            const QuantizeOptions &quantize)
      : options(options), quantize(quantize), out(outputOf(options, quantize)),
        model(options, source), pool(options.threads) {}

  Exit run() {
    prepare();
    const CalibrationData data(quantize.data, entry);
    enterStage(Stage::Running);
    if (quantize.activations == "int8")
      calibrate(data);
    rewrite();
    compare(data);
    write();
    if (options.json)
      fmt::print("{}\n", report.json());
    else if (!options.quiet)
      report.print(stdout);
    return Exit::Done;
  }

private:
  using Arrays = std::vector<eager::Array>;

  /// Leaves the entry with what it calls in `original`, found and judged.
  void prepare() {
    model.checkEager();
    entryOf(*model.module);
    model.weights.check(*model.module);
    if (mlir::failed(simplify(*model.module, model.compile)))
      model.diagnostics.fail(Exit::Invalid);
    entry = entryOf(*model.module);
    for (mlir::Type type : entry.getArgumentTypes())
      if (!llvm::cast<mlir::RankedTensorType>(type).hasStaticShape())
        throw Failure(Exit::Unsupported, options.model,
                      "an input has a dimension without a size",
                      "--dim NAME=SIZE");
    if (entry.getNumResults() == 0)
      throw Failure(Exit::Invalid, options.model, "the entry has no output");
    const QuantizeRules rules{quantize.weights == "int4" ? WeightBits::Four
                                                         : WeightBits::Eight,
                              quantize.activations == "int8"};
    report.products = findProducts(*model.module, rules, model.weightLookup());
    report.bytesBefore = weightBytes(*model.module, model.weightLookup());
  }

  Arrays interpret(mlir::ModuleOp module, const Arrays &inputs,
                   const eager::WeightLookup &weights,
                   const eager::Observer &observer) {
    auto results = eager::interpret(module, entry.getName(), inputs, weights,
                                    pool.get(), observer);
    if (mlir::failed(results))
      model.diagnostics.fail(Exit::Run);
    return *results;
  }

  /// Scales of the inputs of products, or reasons to leave these.
  void calibrate(const CalibrationData &data) {
    std::map<mlir::Operation *, Magnitudes> seen;
    for (const QuantizedProduct &product : report.products)
      if (product.reason.empty() && product.activations)
        seen[product.op];
    for (std::size_t call = 0; call < data.calls(); ++call)
      interpret(*model.module, data.inputs(call), model.weightLookup(),
                [&](mlir::Operation &op, mlir::ArrayRef<eager::Array> operands,
                    mlir::ArrayRef<eager::Array>) {
                  auto found = seen.find(&op);
                  if (found != seen.end())
                    found->second.add(operands[1 - weightOf(&op)]);
                });
    for (QuantizedProduct &product : report.products) {
      auto found = seen.find(product.op);
      if (found == seen.end())
        continue;
      const float range = found->second.percentile(quantize.percentile);
      if (!found->second.finite())
        product.reason = "its input is not finite";
      else if (range / 127 < std::numeric_limits<float>::min())
        product.reason = "its input is 0 on all data";
      product.inputScale = range / 127;
      if (!product.reason.empty())
        product.bytesAfter = product.bytesBefore;
    }
  }

  unsigned weightOf(mlir::Operation *op) const {
    for (const QuantizedProduct &product : report.products)
      if (product.op == op)
        return product.weight;
    return 1;
  }

  /// `original` keeps the floats; its ops are those that `before` numbers.
  void rewrite() {
    mlir::IRMapping copies;
    original =
        llvm::cast<mlir::ModuleOp>(model.module->getOperation()->clone(copies));
    for (std::size_t i = 0; i < report.products.size(); ++i)
      before[copies.lookup(report.products[i].op)] = i;
    weights =
        quantizeProducts(*model.module, report.products, model.weightLookup());
    for (std::size_t i = 0; i < report.products.size(); ++i)
      after[report.products[i].op] = i;
    if (mlir::failed(mlir::verify(*model.module)))
      model.diagnostics.fail(Exit::Internal);
    for (const auto &[name, array] : weights)
      report.bytesAfter += array.bytes();
  }

  void compare(const CalibrationData &data) {
    report.calls = data.calls();
    report.errors.resize(report.products.size());
    report.outputErrors.resize(entry.getNumResults());
    for (unsigned i = 0; i < entry.getNumResults(); ++i) {
      auto name = entry.getResultAttrOfType<mlir::StringAttr>(i, "mg.name");
      report.outputs.push_back(name ? name.str() : fmt::format("{}", i));
    }
    const eager::WeightLookup quantized = [&](llvm::StringRef name) {
      const eager::Array *array = io::find(weights, name);
      return array ? *array : eager::Array();
    };
    for (std::size_t call = 0; call < data.calls(); ++call) {
      const Arrays inputs = data.inputs(call);
      std::vector<Arrays> results(report.products.size());
      const Arrays expected =
          interpret(*original, inputs, model.weightLookup(),
                    [&](mlir::Operation &op, mlir::ArrayRef<eager::Array>,
                        mlir::ArrayRef<eager::Array> made) {
                      if (auto found = before.find(&op); found != before.end())
                        results[found->second].push_back(made[0]);
                    });
      std::vector<std::size_t> times(report.products.size());
      const Arrays got =
          interpret(*model.module, inputs, quantized,
                    [&](mlir::Operation &op, mlir::ArrayRef<eager::Array>,
                        mlir::ArrayRef<eager::Array> made) {
                      auto found = after.find(&op);
                      if (found == after.end())
                        return;
                      // A loop may run another number of times now.
                      const std::size_t time = times[found->second]++;
                      if (time < results[found->second].size())
                        report.errors[found->second].add(
                            results[found->second][time], made[0]);
                    });
      for (std::size_t i = 0; i < got.size(); ++i)
        report.outputErrors[i].add(expected[i], got[i]);
      if (!data.hasLabels())
        continue;
      const std::vector<std::int64_t> labels = data.labelsOf(call);
      report.rows += static_cast<std::int64_t>(labels.size());
      report.rightBefore += countRight(expected[0], labels);
      report.rightAfter += countRight(got[0], labels);
    }
  }

  void write() {
    enterStage(Stage::Compiling);
    io::saveSafetensors(besideModel(out), weights);
    compileLoaded(model, out, {OutputKind::Text, "mg"});
  }

  const Options &options;
  const QuantizeOptions &quantize;
  std::string out;
  LoadedModel model;
  Pool pool;
  FuncOp entry;
  mlir::OwningOpRef<mlir::ModuleOp> original;
  /// Numbers of products by their ops.
  std::map<mlir::Operation *, std::size_t> before, after;
  io::NamedArrays weights;
  QuantizeReport report;
};

} // namespace

Exit quantizeModel(const Options &options, const ModelSource &source,
                   const QuantizeOptions &quantize) {
  return Quantizer(options, source, quantize).run();
}

} // namespace mg::driver
