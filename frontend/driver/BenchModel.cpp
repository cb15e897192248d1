//===- BenchModel.cpp - the verb bench ------------------------------------===//
//
// Every round measures the machine and then each variant, in turn, for the same
// time; so what disturbs the machine disturbs all of them. Before that all
// variants run once and must agree.
//
//===----------------------------------------------------------------------===//
#include "frontend/driver/BenchModel.h"

#include "frontend/driver/Compare.h"
#include "frontend/driver/MachineProbe.h"
#include "frontend/driver/ModelFacts.h"
#include "frontend/driver/PreparedCall.h"
#include "frontend/driver/Roofline.h"
#include "frontend/driver/RunEntry.h"
#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "frontend/eager/Memory.h"
#include "frontend/io/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

namespace mg::driver {

namespace {

using Arrays = std::vector<eager::Array>;
using Clock = std::chrono::steady_clock;

/// Something that can be timed; the call ends the command where it fails.
class Variant {
public:
  VariantResult result;
  std::function<void()> call;

  /// Seconds of one call, from `count` of them.
  double time(std::int64_t count) {
    const auto start = Clock::now();
    for (std::int64_t i = 0; i < count; ++i)
      call();
    return std::chrono::duration<double>(Clock::now() - start).count() /
           static_cast<double>(count);
  }
  void calibrate(double minSeconds) {
    const double burst = minSeconds / bursts;
    double once = time(1);
    // What is short is measured again, warm.
    if (once < burst)
      once = std::min(
          once, time(1 + static_cast<std::int64_t>(burst / 4 / (once + 1e-9))));
    result.iterations = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::ceil(burst / (once + 1e-9))));
  }
  void sample() {
    double fastest = 0, cpuOfFastest = 0;
    for (int i = 0; i < bursts; ++i) {
      const std::clock_t cpu = std::clock();
      const double seconds = time(result.iterations);
      if (i > 0 && seconds >= fastest)
        continue;
      fastest = seconds;
      cpuOfFastest = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC /
                     static_cast<double>(result.iterations);
    }
    result.seconds.push_back(fastest);
    result.cpuSeconds.push_back(cpuOfFastest);
  }

private:
  /// As MachineProbe does: what disturbs a burst only ever slows it down.
  static constexpr int bursts = 5;
};

double bytesOf(const codegen::EntryFacts &entry) {
  double bytes = 0;
  for (const codegen::KernelFacts &kernel : entry.kernels)
    bytes += static_cast<double>(kernel.bytesRead + kernel.bytesWritten) *
             static_cast<double>(kernel.trips);
  return bytes;
}

class Bench {
public:
  Bench(const Options &options, const ModelSource &source,
        const BenchOptions &bench)
      : options(options), bench(bench), model(options, source),
        level(options.levels.empty() ? "native" : options.levels[0]),
        oracle(model.module->clone()) {
    model.checkEager();
    model.inventWeights();
    // The eager mode computes with sizes, not with names of sizes, and with
    // derivatives, not with what asks for them.
    if (mlir::failed(expandTransforms(*oracle, model.compile)))
      model.diagnostics.fail(Exit::Invalid);
    fusedFacts = factsOf(model, level, options.disabledPasses);
    fused = model.load(level);
    model.compile.apart = true;
    unfusedFacts = factsOf(model, level, options.disabledPasses);
    unfused = model.load(level);
    model.compile.apart = false;
  }

  Exit run() {
    enterStage(Stage::Running);
    for (std::size_t count : bench.threads) {
      Pool pool(count);
      MachineProbe probe(count);
      for (std::size_t i = 0; i < fusedFacts.entries.size(); ++i) {
        results.push_back(measure(i, pool, probe));
        if (!options.json)
          printBench(results.back());
        if (options.profile)
          profile(i, pool, probe);
      }
    }
    if (options.json)
      fmt::print("{}\n", benchJson(results));
    if (!bench.html.empty())
      io::writeWholeFile(bench.html, benchPage(results));
    return exit;
  }

private:
  Arrays inputsFor(const mg_entry &entry) const {
    std::uint64_t place = 0;
    return readInputs(entry, bench.inputs, [&](const mg_argument &input) {
      return randomArray(input, bench.seed * 1000003 + place++);
    });
  }

  Variant eagerly(const EntryReport &entry, const Arrays &inputs,
                  const Pool &pool, Arrays &outputs) {
    Variant variant;
    variant.result.name = "eager";
    variant.call = [this, &entry, inputs, &pool, &outputs] {
      auto got = eager::interpret(*oracle, entry.type.name, inputs,
                                  model.weightLookup(), pool.get());
      if (mlir::failed(got))
        model.diagnostics.fail(Exit::Run);
      outputs = std::move(*got);
    };
    eager::startCountingMemory();
    variant.call();
    variant.result.peakBytes = eager::stopCountingMemory();
    variant.result.bytes = entry.eagerBytes;
    return variant;
  }

  Variant compiled(const char *name, const std::shared_ptr<Program> &program,
                   const EntryReport &entry, const Arrays &inputs,
                   const Pool &pool, const Arrays &expected) {
    auto prepared = std::make_shared<PreparedCall>(
        program, program->find(entry.type.name), inputs);
    Variant variant;
    variant.result.name = name;
    variant.call = [prepared, &pool, &entry] {
      if (int status = (*prepared)(pool.get()))
        throw Failure(Exit::Run, "mgc",
                      fmt::format("'{}' failed: {}", entry.type.name,
                                  mg_status_text(status)));
    };
    variant.call();
    compareWith(expected, prepared->outputs(), entry, name);
    variant.result.peakBytes = prepared->bytes();
    variant.result.bytes = bytesOf(entry.made);
    return variant;
  }

  void compareWith(const Arrays &expected, const Arrays &got,
                   const EntryReport &entry, const char *name) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      const Difference difference =
          compare(got[i], expected[i], toleranceFor(expected[i]));
      if (difference.fits())
        continue;
      exit = Exit::Differs;
      fmt::print(stderr, "mgc: {} is not eager: {}\n", name,
                 describe(entry.type.outputs[i].name, difference, got[i],
                          expected[i]));
    }
  }

  BenchResult measure(std::size_t index, const Pool &pool,
                      MachineProbe &probe) {
    const EntryReport &entry = fusedFacts.entries[index];
    const EntryReport &apart = unfusedFacts.entries[index];
    BenchResult result{fusedFacts.name, entry.type.name, probe.threads()};
    result.flops = apart.flops();
    result.leastBytes = static_cast<double>(entry.leastBytes());
    const Arrays inputs =
        inputsFor(fused->model().entries[fused->find(entry.type.name)]);
    Arrays expected;
    std::vector<Variant> variants;
    variants.push_back(eagerly(entry, inputs, pool, expected));
    variants.push_back(
        compiled("unfused", unfused, apart, inputs, pool, expected));
    variants.push_back(compiled("fused", fused, entry, inputs, pool, expected));
    for (Variant &variant : variants)
      variant.calibrate(bench.minSeconds);
    const std::size_t footprint = std::clamp<std::size_t>(
        entry.leastBytes(), probe.threads() << 14, std::size_t(1) << 30);
    for (int round = 0; round < bench.rounds; ++round) {
      result.peak.push_back(probe.flops());
      result.bandwidth.push_back(probe.bestBandwidth(footprint));
      for (std::size_t i = 0; i < variants.size(); ++i)
        variants[(i + static_cast<std::size_t>(round)) % variants.size()]
            .sample();
    }
    for (Variant &variant : variants)
      result.variants.push_back(std::move(variant.result));
    return result;
  }

  void profile(std::size_t index, const Pool &pool, MachineProbe &probe) {
    const EntryReport &entry = fusedFacts.entries[index];
    const std::shared_ptr<Program> program = profiledProgram();
    const PreparedCall call(
        program, program->find(entry.type.name),
        inputsFor(program->model().entries[program->find(entry.type.name)]));
    BenchResult &result = results.back();
    result.report = &entry;
    result.kernels =
        profileKernels(entry, bench.rounds, [&] { call(pool.get()); });
    if (!options.json)
      printProfile(entry, result.kernels, probe, stdout);
  }

  std::shared_ptr<Program> profiledProgram() {
    if (!profiled) {
      model.compile.codegen.profile = true;
      profiled = model.load(level);
      model.compile.codegen.profile = false;
      enterStage(Stage::Running);
    }
    return profiled;
  }

  const Options &options;
  const BenchOptions &bench;
  LoadedModel model;
  std::string level;
  /// What the eager mode runs.
  mlir::OwningOpRef<mlir::ModuleOp> oracle;
  ModelFacts fusedFacts, unfusedFacts;
  std::shared_ptr<Program> fused, unfused, profiled;
  std::vector<BenchResult> results;
  Exit exit = Exit::Done;
};

} // namespace

double BenchResult::bound() const {
  return std::max(flops / median(peak), leastBytes / median(bandwidth));
}

Exit benchModel(const Options &options, const ModelSource &source,
                const BenchOptions &bench) {
  if (options.levels.size() > 1)
    throw Failure(Exit::Usage, "mgc",
                  "bench is for one CPU: --mcpu names more");
  return Bench(options, source, bench).run();
}

} // namespace mg::driver
