//===- VerifyModel.cpp - the verb verify ----------------------------------===//
#include "frontend/driver/VerifyModel.h"

#include "frontend/driver/Compare.h"
#include "frontend/driver/Oracle.h"
#include "frontend/driver/Pool.h"
#include "frontend/driver/RunEntry.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "ir/Dialect.h"
#include "ir/Ops.h"
#include "minigrad/cpu.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mg::driver {

namespace {

class Verifier {
public:
  Verifier(const Options &options, const ModelSource &source,
           const VerifyOptions &verify)
      : options(options), verify(verify), model(options, source),
        pool(options.threads), exact(isElementwise(*model.module)),
        oracle(model) {}

  Exit run() {
    std::vector<std::string> levels = options.levels;
    if (levels.empty())
      levels = {"native"};
    for (const std::string &level : levels) {
      mg_cpu_limit(~UINT64_C(0)); // "native" means this machine
      std::shared_ptr<Program> program = model.load(level);
      // Eager mode is the same machine: levels without FMA round differently.
      mg_cpu_limit(codegen::levelFeatures(level));
      enterStage(Stage::Running);
      for (std::uint32_t i = 0; i < program->model().entry_count; ++i)
        check(*program, static_cast<int>(i), level);
    }
    if (options.json)
      fmt::print("{}\n", report.dump(2));
    return exit;
  }

private:
  using Arrays = std::vector<eager::Array>;

  /// What the user gave, the rest from the seed and the input's place.
  Arrays inputsFor(const mg_entry &entry, std::uint64_t seed) const {
    std::uint64_t place = 0;
    return readInputs(entry, verify.inputs, [&](const mg_argument &input) {
      return randomArray(input, seed * 1000003 + place++);
    });
  }

  /// One line per output: the worst of all rounds.
  void check(const Program &program, int index, const std::string &level) {
    const mg_entry &entry = program.model().entries[index];
    std::vector<Worst> worst(entry.output_count);
    for (int round = 0; round < verify.rounds; ++round) {
      Arrays inputs =
          inputsFor(entry, verify.seed + static_cast<std::uint64_t>(round));
      Arrays expected = oracle.run(entry, inputs, pool.get()), got;
      if (int status = program.run(index, inputs, got, pool.get()))
        throw Failure(
            Exit::Run, "mgc",
            fmt::format("'{}' failed: {}", entry.name, mg_status_text(status)));
      for (std::size_t i = 0; i < got.size(); ++i)
        worst[i].add(got[i], expected[i], tolerance(expected[i]));
    }
    for (std::size_t i = 0; i < worst.size(); ++i)
      tell(entry, entry.outputs[i].name, level, worst[i]);
  }

  struct Worst {
    Difference difference;
    eager::Array got, expected;
    bool any = false;

    void add(const eager::Array &newGot, const eager::Array &newExpected,
             const Tolerance &tolerance) {
      Difference next = compare(newGot, newExpected, tolerance);
      bool worse = !any || (difference.fits() && !next.fits()) ||
                   (difference.fits() == next.fits() &&
                    next.worstAbsolute > difference.worstAbsolute);
      if (worse)
        *this = {next, newGot, newExpected, true};
    }
  };

  Tolerance tolerance(const eager::Array &array) const {
    Tolerance result = toleranceFor(array);
    result.exact = exact && !options.fastMath;
    return result;
  }

  void tell(const mg_entry &entry, const std::string &output,
            const std::string &level, const Worst &worst) {
    const Difference &difference = worst.difference;
    if (!difference.fits())
      exit = Exit::Differs;
    if (!options.json) {
      if (options.quiet && difference.fits())
        return;
      fmt::print("{} {}: {}\n", level, entry.name,
                 describe(output, difference, worst.got, worst.expected));
      return;
    }
    nlohmann::json item = toJson(difference);
    item["level"] = level;
    item["entry"] = entry.name;
    item["output"] = output;
    item["exact"] = exact;
    report.push_back(item);
  }

  const Options &options;
  const VerifyOptions &verify;
  LoadedModel model;
  Pool pool;
  bool exact;
  Oracle oracle;
  Exit exit = Exit::Done;
  nlohmann::json report = nlohmann::json::array();
};

} // namespace

/// Calls do nothing themselves: their bodies count.
bool isElementwise(mlir::ModuleOp module) {
  return !module
              .walk([](mlir::Operation *op) {
                bool plain =
                    !llvm::isa_and_present<mlir::mg::MgDialect>(
                        op->getDialect()) ||
                    op->hasTrait<mlir::OpTrait::ConstantLike>() ||
                    llvm::isa<mlir::mg::WeightOp, mlir::mg::CallOp,
                              mlir::mg::CompositeOp, mlir::mg::Elementwise,
                              mlir::mg::View>(op);
                return plain ? mlir::WalkResult::advance()
                             : mlir::WalkResult::interrupt();
              })
              .wasInterrupted();
}

Exit verifyModel(const Options &options, const ModelSource &source,
                 const VerifyOptions &verify) {
  return Verifier(options, source, verify).run();
}

} // namespace mg::driver
