// bench-interpret MODEL.mlir THREADS [--weights FILE] INPUT.npy..: the entry
// `main` op by op, as eager mode runs it. Reads commands from standard input: a
// number of calls (answers the seconds of one), or `write PREFIX` (the outputs
// of one more call as PREFIX.0.npy, ..). So tools/bench can let it take turns
// with others.
#include "frontend/driver/Pool.h"
#include "frontend/driver/ReadModel.h"
#include "frontend/io/Npy.h"
#include "frontend/io/Safetensors.h"
#include "frontend/jit/Program.h"

#include "mlir/IR/MLIRContext.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using mg::eager::Array;

struct Interpreter {
  mlir::MLIRContext context;
  mg::driver::Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mg::driver::Pool pool;
  mg::io::NamedArrays weights;
  std::vector<Array> inputs;

  Interpreter(const mlir::DialectRegistry &registry, const std::string &path,
              std::size_t threads)
      : context(registry), diagnostics(&context, path, false),
        module(mg::driver::readModel(mg::driver::openModel(path), {}, context,
                                     diagnostics)
                   .module),
        pool(threads) {
    if (mlir::failed(mg::expandTransforms(*module)))
      diagnostics.fail(mg::driver::Exit::Invalid);
  }

  /// Row-major results: a view alone would be no work.
  std::vector<Array> call() const {
    auto results = mg::eager::interpret(
        *module, "main", inputs,
        [this](llvm::StringRef name) {
          const Array *weight = mg::io::find(weights, name.str());
          return weight ? *weight : Array();
        },
        pool.get());
    if (mlir::failed(results))
      diagnostics.fail(mg::driver::Exit::Run);
    for (Array &array : *results)
      array = mg::eager::rowMajor(array, pool.get());
    return *results;
  }

  double seconds(int repeat) const {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeat; ++i)
      call();
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    return took.count() / repeat;
  }

  void write(const std::string &prefix) const {
    int number = 0;
    for (const Array &array : call())
      mg::io::saveNpy(prefix + "." + std::to_string(number++) + ".npy", array);
  }
};

} // namespace

int main(int argc, char **argv) try {
  const int threads = argc > 2 ? std::atoi(argv[2]) : 0;
  if (threads < 1) {
    std::fprintf(stderr, "usage: bench-interpret MODEL.mlir THREADS "
                         "[--weights FILE] INPUT.npy..\n");
    return 2;
  }
  mlir::DialectRegistry registry;
  mg::registerAllDialects(registry);
  Interpreter interpreter(registry, argv[1], static_cast<std::size_t>(threads));
  int first = 3;
  if (argc > 4 && std::string(argv[3]) == "--weights") {
    interpreter.weights = mg::io::loadSafetensors(argv[4]);
    first = 5;
  }
  for (int i = first; i < argc; ++i)
    interpreter.inputs.push_back(mg::eager::rowMajor(mg::io::loadNpy(argv[i])));
  for (std::string word; std::cin >> word;) {
    if (word == "write") {
      std::cin >> word;
      interpreter.write(word);
      std::printf("written\n");
    } else {
      std::printf("%.9g\n", interpreter.seconds(std::atoi(word.c_str())));
    }
    std::fflush(stdout);
  }
} catch (const mg::driver::Failure &failure) {
  mg::driver::printFailure(failure, false);
  return static_cast<int>(failure.status);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-interpret: %s\n", e.what());
  return 1;
}
