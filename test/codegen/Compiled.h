//===- Compiled.h - a linalg module as a function that tests can call -----===//
#ifndef MG_TEST_CODEGEN_COMPILED_H
#define MG_TEST_CODEGEN_COMPILED_H

#include "codegen/Compiler.h"
#include "minigrad/model.h"
#include "minigrad/pool.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>

namespace mg::codegen::test {

/// Parses `text` in a context of its own; adds nothing to it. Diagnostics are
/// appended to `errors` where it is given, else they are test failures.
inline mlir::FailureOr<Artefact> compileText(llvm::StringRef text,
                                             const Options &options,
                                             std::string *errors = nullptr) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
    if (errors)
      *errors += diagnostic.str() + "\n";
    else
      ADD_FAILURE() << diagnostic.str();
  });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return mlir::failure();
  return compile(*module, options);
}

/// Normally distributed: what rounds in every addition.
inline std::vector<float> normal(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution;
  std::vector<float> values(count);
  for (float &value : values)
    value = distribution(random);
  return values;
}

/// The levels that this machine runs.
inline std::vector<std::string> levelsHere() {
  std::vector<std::string> levels;
  for (const std::string &name : levelNames()) {
    levels.push_back(name);
    if (name == nativeLevel())
      break;
  }
  return levels;
}

/// "x86-64-v3" as part of a test's name.
inline std::string
levelTestName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// An array that is aligned as the C ABI wants it and ends where its page does
/// not: a write behind it is seen by `intact`.
class Workspace {
public:
  Workspace(size_t bytes, size_t alignment)
      : bytes(bytes), alignment(alignment),
        memory(bytes + 2 * alignment, 0x5a) {}
  void *get() {
    const auto at = reinterpret_cast<uintptr_t>(memory.data());
    return memory.data() + (alignment - at % alignment) % alignment;
  }
  bool intact() {
    const auto *end = static_cast<unsigned char *>(get()) + bytes;
    for (; end != memory.data() + memory.size(); ++end)
      if (*end != 0x5a)
        return false;
    return true;
  }

private:
  size_t bytes, alignment;
  std::vector<unsigned char> memory;
};

/// A module compiled for some levels and loaded into this process.
class Compiled {
public:
  explicit Compiled(llvm::StringRef text, Options options = {}) {
    options.verifyEach = true;
    auto result = compileText(text, options);
    if (mlir::failed(result))
      return;
    artefact = std::move(*result);
    auto loaded =
        LoadedObject::load({artefact.bytes.data(), artefact.bytes.size()});
    if (!loaded) {
      ADD_FAILURE() << llvm::toString(loaded.takeError());
      return;
    }
    object = std::move(*loaded);
    model = symbol<const mg_model *()>(artefact.name + "_model")();
  }

  explicit operator bool() const { return model; }

  template <class F> F *symbol(const std::string &name) const {
    auto address = object->lookup(name);
    if (!address) {
      ADD_FAILURE() << llvm::toString(address.takeError());
      std::abort();
    }
    return reinterpret_cast<F *>(*address);
  }

  /// Calls an entry through the descriptor, with a workspace of just its size.
  int call(std::vector<const void *> inputs, std::vector<void *> outputs,
           std::vector<const void *> weights = {}, unsigned entry = 0,
           mg_pool *pool = nullptr) const {
    const mg_entry &e = model->entries[entry];
    Workspace workspace(e.workspace_bytes, e.alignment);
    const int status = e.call(weights.data(), inputs.data(), outputs.data(),
                              workspace.get(), pool);
    EXPECT_TRUE(workspace.intact()) << "a write behind the workspace";
    return status;
  }

  /// Calls the first entry, of one output, by 2, 3 and 7 threads, and expects
  /// the bits of `alone`.
  template <class T>
  void expectThreadsChangeNoBit(std::vector<const void *> inputs,
                                std::vector<const void *> weights,
                                const std::vector<T> &alone) const {
    for (int threads : {2, 3, 7}) {
      std::vector<unsigned char> shared(alone.size() * sizeof(T), 0x5a);
      mg_pool *pool = mg_pool_create(threads);
      EXPECT_EQ(call(inputs, {shared.data()}, weights, 0, pool), 0);
      mg_pool_destroy(pool);
      EXPECT_EQ(std::memcmp(shared.data(), alone.data(), shared.size()), 0)
          << "by " << threads << " threads";
    }
  }

  Artefact artefact;
  std::unique_ptr<LoadedObject> object;
  const mg_model *model = nullptr;
};

} // namespace mg::codegen::test

#endif // MG_TEST_CODEGEN_COMPILED_H
