//===- BisectModel.cpp - the verb bisect ----------------------------------===//
//
// 1. The ops before k, compiled, against the same ops eagerly: by bisection the
//    least k for which what they leave behind differs. Op k - 1 is the first
//    that is wrong, in its surroundings.
// 2. That op and the n before it, on the eager values of what they read: the
//    least n for which the result differs. 0 is an op that is wrong by itself;
//    more is a fault of what the compiler makes of them together.
//
//===----------------------------------------------------------------------===//
#include "frontend/driver/BisectModel.h"

#include "frontend/driver/Compare.h"
#include "frontend/driver/Excerpt.h"
#include "frontend/driver/ModelFacts.h"
#include "frontend/driver/Pool.h"
#include "frontend/driver/RunEntry.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "frontend/driver/VerifyModel.h"
#include "frontend/io/Npz.h"
#include "frontend/io/WholeFile.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>

namespace mg::driver {

namespace {

using Arrays = std::vector<eager::Array>;

/// A result that differs, in a sentence.
using Misfit = std::optional<std::string>;

std::string positionOf(mlir::Operation *op) {
  const auto at = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>();
  return at ? fmt::format("{}:{}:{}", at.getFilename().str(), at.getLine(),
                          at.getColumn())
            : "an unknown line";
}

class Bisection {
public:
  Bisection(const Options &options, const ModelSource &source,
            const BisectOptions &bisect)
      : options(options), bisect(bisect), model(options, source),
        level(options.levels.empty() ? "native" : options.levels[0]),
        pool(options.threads), simple(model.module->clone()) {
    model.checkEager();
    model.inventWeights();
    if (mlir::failed(simplify(*simple, model.compile)))
      model.diagnostics.fail(Exit::Invalid);
    exact = isElementwise(*simple) && !options.fastMath;
  }

  Exit run() {
    Exit exit = Exit::Done;
    for (auto function : simple->getOps<mlir::func::FuncOp>())
      if (function.isPublic() && exit == Exit::Done)
        exit = search(function);
    if (options.json)
      fmt::print("{}\n", report.dump(2));
    return exit;
  }

private:
  Exit search(mlir::func::FuncOp function) {
    const std::vector<mlir::Operation *> ops = countedOps(function);
    const std::string name = function.getName().str();
    const Arrays inputs = inputsOf(function);
    std::size_t end = ops.size();
    Misfit misfit = ops.empty()
                        ? std::nullopt
                        : differs(excerpt(function, 0, end), name, inputs);
    if (!misfit) {
      say(fmt::format("{}: the {} ops of the compiled program agree with the "
                      "eager ones",
                      name, end));
      report = {{"found", false}};
      return Exit::Done;
    }
    // The ops before `good` agree, those before `end` do not.
    for (std::size_t good = 0; end - good > 1;) {
      const std::size_t middle = good + (end - good) / 2;
      if (Misfit found = differs(excerpt(function, 0, middle), name, inputs)) {
        end = middle;
        misfit = found;
      } else {
        good = middle;
      }
    }
    const std::size_t begin = reduce(function, end, inputs);
    tell(function, ops, begin, end, *misfit, inputs);
    return Exit::Differs;
  }

  /// Where the shortest run of ops before `end` begins that differs on eager
  /// values.
  std::size_t reduce(mlir::func::FuncOp function, std::size_t end,
                     const Arrays &inputs) {
    const auto isWrong = [&](std::size_t begin) {
      const Excerpt part = excerpt(function, begin, end);
      return differs(part, function.getName().str(),
                     valuesOf(function, begin, part.arguments, inputs))
          .has_value();
    };
    std::size_t length = 1;
    while (length < end && !isWrong(end - length))
      length *= 2;
    length = std::min(length, end);
    for (std::size_t tooShort = length / 2; length - tooShort > 1;) {
      const std::size_t middle = tooShort + (length - tooShort) / 2;
      (isWrong(end - middle) ? length : tooShort) = middle;
    }
    return end - length;
  }

  /// The eager values of `values`, which the ops before `end` make.
  Arrays valuesOf(mlir::func::FuncOp function, std::size_t end,
                  const std::vector<mlir::Value> &values,
                  const Arrays &inputs) {
    return eagerly(prefix(function, end, values), function.getName().str(),
                   inputs);
  }

  Arrays eagerly(const Excerpt &part, const std::string &name,
                 const Arrays &inputs) {
    auto results = eager::interpret(*part.module, name, inputs,
                                    model.weightLookup(), pool.get());
    if (mlir::failed(results))
      model.diagnostics.fail(Exit::Run);
    return *results;
  }

  Misfit differs(const Excerpt &part, const std::string &name,
                 const Arrays &inputs) {
    const Arrays expected = eagerly(part, name, inputs);
    auto program = model.load(
        mlir::OwningOpRef<mlir::ModuleOp>(part.module.get().clone()), level);
    enterStage(Stage::Running);
    Arrays got;
    if (int status = program->run(program->find(name), inputs, got, pool.get()))
      return fmt::format("fails: {}", mg_status_text(status));
    for (std::size_t i = 0; i < got.size(); ++i) {
      Tolerance tolerance = toleranceFor(expected[i]);
      tolerance.exact = exact;
      const Difference difference = compare(got[i], expected[i], tolerance);
      if (!difference.fits())
        return describe("result", difference, got[i], expected[i]);
    }
    return std::nullopt;
  }

  Arrays inputsOf(mlir::func::FuncOp function) {
    // The names and types are those of the compiled entry.
    auto whole =
        model.load(mlir::OwningOpRef<mlir::ModuleOp>(simple->clone()), level);
    std::uint64_t place = 0;
    return readInputs(whole->model().entries[whole->find(function.getName())],
                      bisect.inputs, [&](const mg_argument &input) {
                        return randomArray(input,
                                           bisect.seed * 1000003 + place++);
                      });
  }

  /// The kernel that computes the line of `op`, in words.
  std::string kernelOf(mlir::func::FuncOp function, mlir::Operation *op) {
    const auto at = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>();
    const ModelFacts facts = factsOf(model, level, options.disabledPasses);
    for (const EntryReport &entry : facts.entries)
      for (const codegen::KernelFacts &kernel : entry.made.kernels)
        if (at && entry.type.name == function.getName() &&
            llvm::is_contained(kernel.lines, std::int64_t(at.getLine())))
          return fmt::format("{} (lines {}: {})", kernel.id, linesText(kernel),
                             workText(kernel));
    return "none by itself";
  }

  void tell(mlir::func::FuncOp function,
            const std::vector<mlir::Operation *> &ops, std::size_t begin,
            std::size_t end, const std::string &misfit, const Arrays &inputs) {
    const Excerpt part = excerpt(function, begin, end);
    const std::string out = bisect.out.empty()
                                ? modelName(options.model) + "-bisected.mlir"
                                : bisect.out;
    const std::string set =
        std::filesystem::path(out).replace_extension(".npz").string();
    mlir::Operation *first = ops[end - 1];
    const std::string op = first->getName().getStringRef().str();
    write(part, out, set, valuesOf(function, begin, part.arguments, inputs));
    const std::string kernel = kernelOf(function, first);
    say(fmt::format("{}: {}: the first kernel that leaves the eager values is "
                    "{}",
                    positionOf(first), function.getName().str(), kernel));
    say(fmt::format("{}: the first op is {}, {} of {}: {}", positionOf(first),
                    op, end, ops.size(), misfit));
    say(end - begin == 1
            ? std::string("it differs by itself")
            : fmt::format("it differs together with the {} ops before it",
                          end - begin - 1));
    say(fmt::format("mgc verify {} -i @{}", out, set));
    report = {{"found", true},      {"entry", function.getName().str()},
              {"kernel", kernel},   {"op", op},
              {"number", end - 1},  {"location", positionOf(first)},
              {"ops", end - begin}, {"misfit", misfit},
              {"reduced", out},     {"inputs", set}};
  }

  void write(const Excerpt &part, const std::string &out,
             const std::string &set, const Arrays &inputs) {
    enterStage(Stage::Writing);
    std::string text;
    llvm::raw_string_ostream stream(text);
    part.module.get().print(stream, mlir::OpPrintingFlags().enableDebugInfo());
    io::writeWholeFile(out, text);
    io::NamedArrays arrays;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      arrays.emplace_back(fmt::format("x{}", i), eager::rowMajor(inputs[i]));
    io::saveNpz(set, arrays);
  }

  void say(const std::string &line) const {
    if (!options.json)
      fmt::print("{}\n", line);
  }

  const Options &options;
  const BisectOptions &bisect;
  LoadedModel model;
  std::string level;
  Pool pool;
  mlir::OwningOpRef<mlir::ModuleOp> simple;
  bool exact = false;
  nlohmann::ordered_json report;
};

} // namespace

Exit bisectModel(const Options &options, const ModelSource &source,
                 const BisectOptions &bisect) {
  if (options.levels.size() > 1)
    throw Failure(Exit::Usage, "mgc",
                  "bisect is for one CPU: --mcpu names more");
  return Bisection(options, source, bisect).run();
}

} // namespace mg::driver
