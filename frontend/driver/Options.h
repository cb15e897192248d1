//===- Options.h - what the verbs of mgc have in common -------------------===//
#ifndef MG_FRONTEND_DRIVER_OPTIONS_H
#define MG_FRONTEND_DRIVER_OPTIONS_H

#include <cstddef>
#include <string>
#include <vector>

namespace mg::driver {

struct Options {
  /// A file, or "-".
  std::string model;
  int optLevel = 2;
  /// Names of CPU levels; empty: the verb's default.
  std::vector<std::string> levels;
  std::string entry;
  /// 0: one per CPU that the process may use.
  std::size_t threads = 0;
  bool fastMath = false;
  bool noWinograd = false;
  /// "embed", a safetensors file, or both.
  std::vector<std::string> weights;
  /// Where weights that stay outside go as the kernels read them; empty: they
  /// are read as they are.
  std::string preparedWeights;
  /// Weights of an ONNX model that are not to be computed with when it is read.
  std::vector<std::string> keptWeights;
  /// "batch=8" and "x=8x64".
  std::vector<std::string> dims, shapes;
  /// NAME=VALUE: inputs of an ONNX model that become constants.
  std::vector<std::string> constants;
  std::string dumpDir, trace;
  bool timeReport = false;
  bool json = false;
  /// Time per kernel.
  bool profile = false;
  bool color = false, verbose = false, quiet = false;
  /// For LLVM's own option parser.
  std::vector<std::string> llvmOptions;
  /// Flags of passes to leave out.
  std::vector<std::string> disabledPasses;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_OPTIONS_H
