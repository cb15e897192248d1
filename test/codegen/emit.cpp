//===- emit.cpp - the compiler on a file, for lit tests -------------------===//
//
//   codegen-emit IN.mlir -o OUT [--emit=LEVEL] [--levels=A,B] [-O N] [--embed]
//
// OUT is the object (and OUT.h its header) or the text of a level; `-` is
// stdout. `--embed` embeds weights whose bytes count up.
//
//===----------------------------------------------------------------------===//
#include "codegen/Compiler.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

#include <map>
#include <numeric>

namespace cl = llvm::cl;
using mg::codegen::Emit;

static cl::opt<std::string> input(cl::Positional, cl::Required);
static cl::opt<std::string> output("o", cl::init("-"));
static cl::list<std::string> levels("levels", cl::CommaSeparated);
static cl::opt<int> optLevel("O", cl::Prefix, cl::init(2));
static cl::opt<bool> embed("embed"), timeReport("time-report");
static cl::opt<bool> fastMath("fast-math");
static cl::opt<std::string> dumpDir("dump-dir");
static cl::opt<Emit> emit("emit", cl::init(Emit::Object),
                          cl::values(clEnumValN(Emit::Linalg, "linalg", ""),
                                     clEnumValN(Emit::Buffers, "buffers", ""),
                                     clEnumValN(Emit::Vector, "vector", ""),
                                     clEnumValN(Emit::LLVMDialect, "llvm", ""),
                                     clEnumValN(Emit::LLVMIR, "llvm-ir", ""),
                                     clEnumValN(Emit::Assembly, "asm", ""),
                                     clEnumValN(Emit::Object, "obj", "")));

static int write(llvm::StringRef path, llvm::StringRef bytes) {
  std::string message;
  auto file = mlir::openOutputFile(path, &message);
  if (!file) {
    llvm::errs() << message << '\n';
    return 1;
  }
  file->os() << bytes;
  file->keep();
  return 0;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  mlir::DialectRegistry registry;
  mg::codegen::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(input, &context);
  if (!module)
    return 1;
  mg::codegen::TimeReport times;
  mg::codegen::Options options;
  options.optLevel = optLevel;
  options.fastMath = fastMath;
  options.emit = emit;
  options.dumpDir = dumpDir;
  options.times = &times;
  if (!levels.empty())
    options.levels = levels;
  // One buffer that is large enough for any weight of the tests.
  std::vector<char> bytes(1 << 16);
  std::iota(bytes.begin(), bytes.end(), 0);
  if (embed)
    options.embeddedWeight = [&](llvm::StringRef name) {
      size_t size = 0;
      llvm::StringRef(name).rsplit('_').second.getAsInteger(10, size);
      return llvm::ArrayRef<char>(bytes.data(), size);
    };
  auto artefact = mg::codegen::compile(*module, options);
  if (mlir::failed(artefact))
    return 1;
  if (timeReport)
    times.print(llvm::errs());
  if (emit == Emit::Object && output != "-")
    if (write(output + ".h", artefact->header))
      return 1;
  return write(output, {artefact->bytes.data(), artefact->bytes.size()});
}
