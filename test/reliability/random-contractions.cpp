//===- random-contractions.cpp - contractions, three ways -----------------===//
//
//   random-contractions [--first SEED] [--count N] [--print | --show]
//                       [--level LEVEL] [--without PASS,..]
//
// Each seed is one program of ContractionGenerator. Eager mode, and code for
// the machine's best CPU level and for one other, must
//
//   - answer within the numerics table of what Reference.h says,
//   - have the same bits with 1, 2, 3 and 7 threads,
//   - and, where the numbers are small integers, the same bits as each other.
//
// A failure prints the program and the one command that replays it; exit
// status 1.
//
//===----------------------------------------------------------------------===//
#include "ContractionGenerator.h"
#include "Reference.h"

#include "frontend/jit/Program.h"
#include "minigrad/cpu.h"
#include "minigrad/pool.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>

using namespace mg;

static llvm::cl::opt<uint64_t> first("first", llvm::cl::desc("First seed"),
                                     llvm::cl::init(1));
static llvm::cl::opt<uint64_t>
    count("count", llvm::cl::desc("Number of programs"), llvm::cl::init(200));
static llvm::cl::opt<std::string> level("level", llvm::cl::desc("CPU level"));
static llvm::cl::list<std::string>
    without("without", llvm::cl::CommaSeparated,
            llvm::cl::desc("Flags of passes to leave out"));
static llvm::cl::opt<bool> print("print", llvm::cl::desc("Print each program"));
static llvm::cl::opt<bool> show("show",
                                llvm::cl::desc("Print them and do no more"));

namespace {

using Arrays = std::vector<eager::Array>;

/// Numbers of threads to compare with one.
constexpr size_t crowds[] = {2, 3, 7};

/// Threads for one call: those of a pool that waits for its next call spin.
class Crowd {
public:
  explicit Crowd(size_t threads) : pool(mg_pool_create(threads)) {}
  ~Crowd() { mg_pool_destroy(pool); }
  mg_pool *const pool;
};

/// Equal but for the bits of a NaN.
bool isSame(const eager::Array &a, const eager::Array &b, int64_t i,
            const test::Estimate &x, const test::Estimate &y) {
  const size_t size = mg_dtype_size(a.view.dtype);
  return std::memcmp(static_cast<const char *>(a.view.data) + i * size,
                     static_cast<const char *>(b.view.data) + i * size,
                     size) == 0 ||
         (std::isnan(x.values[i]) && std::isnan(y.values[i]));
}

std::string described(size_t result, int64_t element, long double left,
                      long double right) {
  std::string text;
  llvm::raw_string_ostream(text)
      << "result " << result << ", element " << element << ": "
      << llvm::format("%.9Lg", left) << " and " << llvm::format("%.9Lg", right);
  return text;
}

/// The first difference in the bits of two answers, or nothing.
std::string difference(const Arrays &a, const Arrays &b) {
  for (size_t r = 0; r < a.size(); ++r) {
    const auto x = test::exactly(a[r]), y = test::exactly(b[r]);
    for (int64_t i = 0; i < x.size(); ++i)
      if (!isSame(a[r], b[r], i, x, y))
        return described(r, i, x.values[i], y.values[i]);
  }
  return "";
}

/// The first number of an answer that is too far off, or nothing.
std::string excess(const test::Reference &reference, const Arrays &got) {
  for (size_t r = 0; r < got.size() && reference.unknown.empty(); ++r) {
    const test::Estimate &want = reference.results[r];
    if (const int64_t i = firstOutside(want, got[r]); i >= 0)
      return described(r, i, want.values[i], test::exactly(got[r]).values[i]) +
             llvm::formatv(" (at most {0:e} apart)", double(want.errors[i]))
                 .str();
  }
  return "";
}

class Check {
public:
  Check(mlir::MLIRContext &context, uint64_t seed)
      : seed(seed), generator(context, seed), module(generator.generate()) {}
  /// What is wrong, or nothing.
  std::string run();

private:
  std::string runEager(mlir::func::FuncOp function);
  std::string runCompiled(const std::string &cpu, int optLevel);

  uint64_t seed;
  test::ContractionGenerator generator;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Arrays inputs, expected;
  test::Reference reference;
};

std::string Check::runEager(mlir::func::FuncOp function) {
  auto run = [&](mg_pool *pool) {
    Arrays got;
    auto results = eager::interpret(*module, "f", inputs, {}, pool);
    for (size_t r = 0; mlir::succeeded(results) && r < results->size(); ++r)
      got.push_back(eager::rowMajor((*results)[r]));
    return got;
  };
  expected = run(nullptr);
  if (expected.empty())
    return "eager execution failed";
  const size_t threads = crowds[seed % std::size(crowds)];
  if (auto problem = difference(expected, run(Crowd(threads).pool));
      !problem.empty())
    return "eager, 1 thread and " + std::to_string(threads) + ": " + problem;
  reference = test::evaluate(function, inputs);
  if (!reference.unknown.empty())
    return "no reference of " + reference.unknown;
  const std::string problem = excess(reference, expected);
  return problem.empty() ? "" : "reference and eager: " + problem;
}

std::string Check::runCompiled(const std::string &cpu, int optLevel) {
  CompileOptions options;
  options.codegen.levels = {cpu};
  options.codegen.optLevel = optLevel;
  options.codegen.verifyEach = true;
  options.disabled = without;
  mlir::OwningOpRef<mlir::ModuleOp> copy = module->clone();
  const std::string name = cpu + ", -O" + std::to_string(optLevel);
  auto program = Program::create(*copy, options, {});
  if (mlir::failed(program))
    return name + ": compilation failed";
  Arrays alone;
  if (const int status = (*program)->run(0, inputs, alone, nullptr))
    return name + ": the function answered " + std::to_string(status);
  for (size_t threads : crowds) {
    Arrays got;
    (*program)->run(0, inputs, got, Crowd(threads).pool);
    if (auto problem = difference(alone, got); !problem.empty())
      return name + ", 1 thread and " + std::to_string(threads) + ": " +
             problem;
  }
  if (auto problem = excess(reference, alone); !problem.empty())
    return "reference and " + name + ": " + problem;
  if (generator.isExact)
    if (auto problem = difference(expected, alone); !problem.empty())
      return "eager and " + name + ": " + problem;
  return "";
}

std::string Check::run() {
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  inputs = generator.inputs(function);
  if (print || show)
    module->print(llvm::outs());
  if (show)
    return "";
  llvm::outs().flush(); // what crashes has been printed
  if (auto problem = runEager(function); !problem.empty())
    return problem;
  const std::string native = codegen::nativeLevel();
  if (!level.empty())
    return runCompiled(level, 2);
  if (auto problem = runCompiled(native, 2); !problem.empty())
    return problem;
  const auto levels = codegen::levelNames();
  const auto best = llvm::find(levels, native) - levels.begin();
  return runCompiled(levels[seed % (best + 1)], seed / 4 % 4);
}

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "contractions, three ways\n");
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  uint64_t failures = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const std::string problem = Check(context, seed).run();
    if (problem.empty())
      continue;
    ++failures;
    llvm::outs() << "seed " << seed << ": " << problem << "\n"
                 << "replay: random-contractions --first " << seed
                 << " --count 1 --print\n";
  }
  if (!show)
    llvm::outs() << count << " programs, " << failures << " failures\n";
  return failures != 0;
}
