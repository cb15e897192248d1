//===- random-programs.cpp - eager = compiled on random programs ----------===//
//
//   random-programs [--first SEED] [--count N] [--print]
//                   [--on-threads 1,3] [--level LEVEL] [--without PASS,..|each]
//
// Each seed is one program. It is run eagerly and compiled, at the machine's
// best CPU level and at one other, at some -O level, with one thread and with
// three: all bits must agree (one NaN is as good as another). The second time,
// one of the passes that only make code better is left out, another for each
// seed; `--without` leaves out the given ones always, or each once. A failure
// prints the program and the one command that replays it; exit status 1.
//
//===----------------------------------------------------------------------===//
#include "ProgramGenerator.h"

#include "frontend/driver/Elements.h"
#include "frontend/jit/Program.h"
#include "minigrad/cpu.h"
#include "minigrad/pool.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>

using namespace mg;

static llvm::cl::opt<uint64_t> first("first", llvm::cl::desc("First seed"),
                                     llvm::cl::init(1));
static llvm::cl::opt<uint64_t>
    count("count", llvm::cl::desc("Number of programs"), llvm::cl::init(200));
static llvm::cl::list<size_t> threads("on-threads", llvm::cl::CommaSeparated,
                                      llvm::cl::desc("Numbers of threads"));
static llvm::cl::opt<std::string> level("level", llvm::cl::desc("CPU level"));
static llvm::cl::list<std::string>
    without("without", llvm::cl::CommaSeparated,
            llvm::cl::desc("Flags of passes to leave out, or `each`"));
static llvm::cl::opt<bool> print("print", llvm::cl::desc("Print each program"));

namespace {

/// Which machine pretends to run, and how it was compiled.
struct Variant {
  std::string level;
  int optLevel;
  size_t threads;
  std::vector<std::string> disabled = {};

  std::string describe() const {
    return level + ", -O" + std::to_string(optLevel) + ", " +
           std::to_string(threads) + " thread(s)" +
           (disabled.empty() ? "" : ", without " + llvm::join(disabled, ", "));
  }
};

double toDouble(const char *at, mg_dtype dtype) {
  return mg::driver::withElement(dtype, [&](auto value) {
    std::memcpy(&value, at, sizeof value);
    return static_cast<double>(value);
  });
}

/// The first element where `a` and `b`, both row-major, differ; -1: none.
int64_t firstDifference(const eager::Array &a, const eager::Array &b) {
  const size_t size = mg_dtype_size(a.view.dtype);
  const auto *x = static_cast<const char *>(a.view.data);
  const auto *y = static_cast<const char *>(b.view.data);
  for (int64_t i = 0, n = a.size(); i < n; ++i, x += size, y += size)
    if (std::memcmp(x, y, size) != 0 &&
        !(std::isnan(toDouble(x, a.view.dtype)) &&
          std::isnan(toDouble(y, b.view.dtype))))
      return i;
  return -1;
}

/// What went wrong, or nothing.
std::string compareWithEager(mlir::ModuleOp module, const Variant &variant,
                             llvm::ArrayRef<eager::Array> inputs,
                             mg_pool *pool) {
  mg_cpu_limit(codegen::levelFeatures(variant.level));
  auto expected = eager::interpret(module, "f", inputs, {}, pool);
  if (mlir::failed(expected))
    return "eager execution failed";
  CompileOptions options;
  options.codegen.levels = {variant.level};
  options.codegen.optLevel = variant.optLevel;
  options.codegen.verifyEach = true;
  options.disabled = variant.disabled;
  mlir::OwningOpRef<mlir::ModuleOp> copy = module.clone();
  auto program = Program::create(*copy, options, {});
  if (mlir::failed(program))
    return "compilation failed";
  std::vector<eager::Array> got;
  if (const int status =
          (*program)->run(0, inputs, got, variant.threads > 1 ? pool : nullptr))
    return "the compiled function answered " + std::to_string(status);
  for (size_t i = 0; i < got.size(); ++i) {
    const eager::Array want = eager::rowMajor((*expected)[i]);
    if (const int64_t at = firstDifference(want, got[i]); at >= 0) {
      const size_t size = mg_dtype_size(want.view.dtype);
      auto hex = [&](const eager::Array &array) {
        std::string text;
        const auto *bytes = static_cast<const unsigned char *>(array.view.data);
        for (size_t b = size; b-- > 0;)
          text += llvm::utohexstr(bytes[at * size + b], true, 2);
        return text;
      };
      return "result " + std::to_string(i) + ", element " + std::to_string(at) +
             ": eager " + hex(want) + ", compiled " + hex(got[i]) + " (" +
             mg_dtype_name(want.view.dtype) + ")";
    }
  }
  return "";
}

/// What is tried of the program of `seed`.
std::vector<Variant> variantsOf(uint64_t seed) {
  const std::vector<std::string> levels = codegen::levelNames(),
                                 passes = optionalPasses();
  const std::string native = codegen::nativeLevel();
  const auto best = llvm::find(levels, native) - levels.begin();
  const bool isEach = llvm::is_contained(without, "each");
  std::vector<Variant> variants = {{native, 2, 1 + 2 * (seed % 2)},
                                   {levels[seed % (best + 1)],
                                    static_cast<int>(seed / 4 % 4),
                                    3 - 2 * (seed % 2),
                                    {passes[seed % passes.size()]}}};
  if (isEach)
    for (const std::string &pass : passes)
      variants.push_back({native, 2, 1 + 2 * (seed % 2), {pass}});
  for (Variant &variant : variants) {
    if (!without.empty() && !isEach)
      variant.disabled = without;
    if (!level.empty())
      variant.level = level;
    if (!threads.empty())
      variant.threads = threads[seed % threads.size()];
  }
  return variants;
}

/// True where the program of `seed` behaves.
bool check(mlir::MLIRContext &context, uint64_t seed, mg_pool *pool) {
  mg_cpu_limit(~UINT64_C(0)); // the program before may have been another CPU
  test::ProgramGenerator generator(context, seed);
  mlir::OwningOpRef<mlir::ModuleOp> module = generator.generate();
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  const auto inputs = generator.inputs(function);
  if (print)
    module->print(llvm::outs());
  llvm::outs().flush(); // what crashes has been printed
  for (const Variant &variant : variantsOf(seed)) {
    const std::string problem =
        compareWithEager(*module, variant, inputs, pool);
    if (problem.empty())
      continue;
    llvm::outs() << "seed " << seed << ", " << variant.describe() << ": "
                 << problem << "\n"
                 << "replay: random-programs --first " << seed
                 << " --count 1 --print\n";
    return false;
  }
  return true;
}

} // namespace

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv,
                                    "eager = compiled, at random\n");
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  mg_pool *pool = mg_pool_create(3);
  uint64_t mismatches = 0;
  for (uint64_t seed = first; seed < first + count; ++seed)
    mismatches += !check(context, seed, pool);
  mg_pool_destroy(pool);
  llvm::outs() << count << " programs, " << mismatches << " mismatches\n";
  return mismatches != 0;
}
