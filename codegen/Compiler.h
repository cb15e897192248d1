//===- Compiler.h - linalg on tensors to objects, text or code ------------===//
//
// The one door of codegen/. What comes in is the `linalg` level of
// docs/architecture.md; what goes out is an object with one body per CPU level,
// its C header, or the text of a level between.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_COMPILER_H
#define MG_CODEGEN_COMPILER_H

#include "codegen/Inspection.h"
#include "minigrad/array.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mg::codegen {

/// Where compilation stops. Text levels need exactly one CPU level.
enum class Emit {
  Linalg,
  Buffers,
  Vector,
  LLVMDialect,
  LLVMIR,
  Assembly,
  Object
};

/// Adds up the wall time of named steps, printed by `--time-report`.
class TimeReport {
public:
  /// Calls `f`, adds its time to step `name`, returns what it returned.
  template <class F> auto time(llvm::StringRef name, F &&f) {
    struct Stop {
      TimeReport &report;
      llvm::StringRef name;
      std::chrono::steady_clock::time_point start =
          std::chrono::steady_clock::now();
      ~Stop() {
        const std::chrono::duration<double> passed =
            std::chrono::steady_clock::now() - start;
        report.add(name, passed.count());
      }
    } stop{*this, name};
    return f();
  }
  void add(llvm::StringRef name, double seconds);
  void print(llvm::raw_ostream &os) const;
  struct Step {
    std::string name;
    double seconds;
  };
  llvm::ArrayRef<Step> getSteps() const { return steps; }

private:
  std::vector<Step> steps;
};

struct Options {
  /// Names as in --mcpu: "x86-64-v2" .. "x86-64-v4", "icelake-server", ..
  /// "native".
  std::vector<std::string> levels = {"native"};
  int optLevel = 2;
  /// Sums in any order, fused multiply-adds, and f16 and bf16 rounded only
  /// where they are stored. NaN and infinities are respected.
  bool fastMath = false;
  /// 3x3 convolutions may round as Winograd.h says.
  bool winograd = true;
  Emit emit = Emit::Object;
  /// Run the verifier after every pass.
#ifdef NDEBUG
  bool verifyEach = false;
#else
  bool verifyEach = true;
#endif
  /// Numbered files of every level's IR, weights elided; empty: none.
  std::string dumpDir = {};
  /// Prefix of symbols; empty: the module's `mg.name`.
  std::string name = {};
  /// The row-major bytes of a weight to embed in .rodata; null (or an empty
  /// answer): it stays outside, in `struct NAME_weights`.
  std::function<llvm::ArrayRef<char>(llvm::StringRef)> embeddedWeight = {};
  TimeReport *times = nullptr;
  /// What is filled with what becomes of the program; null: nothing is.
  Inspection *inspection = nullptr;
  /// Tell minigrad/profile.h when a kernel begins and ends.
  bool profile = false;
};

struct Argument {
  std::string name;
  mg_dtype dtype;
  std::vector<int64_t> shape;
};

struct Entry {
  std::string name;
  /// `NAME_ENTRY`, made legal in C.
  std::string symbol;
  std::vector<Argument> inputs, outputs;
  /// Per output: the input that it updates in place, or -1.
  std::vector<int> updates;
  uint64_t workspaceBytes = 0;
  uint64_t alignment = 64;
};

struct Artefact {
  /// The object's bytes, or the text of the level asked for.
  llvm::SmallVector<char, 0> bytes;
  /// The C header; empty for text levels.
  std::string header;
  std::string name;
  std::vector<Entry> entries;
  /// Weights kept outside, in the order of `struct NAME_weights`.
  std::vector<Argument> weights;
  /// In the order of `struct NAME_state`.
  std::vector<Argument> state;
};

/// The dialects and interface models that codegen needs, beyond what the parser
/// of the `linalg` level needs.
void registerDialects(mlir::DialectRegistry &registry);

/// Compiles a copy of `module`. Diagnostics go to the module's context.
mlir::FailureOr<Artefact> compile(mlir::ModuleOp module,
                                  const Options &options);

/// Lays weights out as the kernels read them, ahead of all calls: replaces
/// weights of `module`, of those that `isKnown` says, by others of new names,
/// and answers modules whose one entry each, `prepare`, computes some of these,
/// its outputs, from the old ones, its inputs. In groups: while one runs,
/// memory holds the old weights of that group only, and what compilation takes
/// grows faster than a function's parameters. `levels`, those that the program
/// is compiled for, and `winograd` as in Options.
llvm::SmallVector<mlir::OwningOpRef<mlir::ModuleOp>, 0>
prepareWeights(mlir::ModuleOp module,
               llvm::function_ref<bool(llvm::StringRef)> isKnown,
               llvm::ArrayRef<std::string> levels, bool winograd = true);

/// The names of all levels of this machine's architecture, weakest first, of
/// those of others, and of the best one of this CPU.
std::vector<std::string> levelNames();
std::vector<std::string> crossLevelNames();
std::string nativeLevel();
/// The features (minigrad/cpu.h) of a level, "native" included; 0 where there
/// is none of this name. With `mg_cpu_limit` eager execution is that machine's.
uint64_t levelFeatures(llvm::StringRef name);

/// An object of `compile` in this process. Its code is never writable and
/// executable at once; calls need no lock.
class LoadedObject {
public:
  static llvm::Expected<std::unique_ptr<LoadedObject>>
  load(llvm::ArrayRef<char> object);
  ~LoadedObject();
  /// The address of a symbol; an error where there is none.
  llvm::Expected<void *> lookup(llvm::StringRef symbol) const;

private:
  struct State;
  std::unique_ptr<State> state;
  explicit LoadedObject(std::unique_ptr<State> state);
};

} // namespace mg::codegen

#endif // MG_CODEGEN_COMPILER_H
