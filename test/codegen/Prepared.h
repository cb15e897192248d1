//===- Prepared.h - a module whose weights are laid out, for tests --------===//
#ifndef MG_TEST_CODEGEN_PREPARED_H
#define MG_TEST_CODEGEN_PREPARED_H

#include "Compiled.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

#include <numeric>

namespace mg::codegen::test {

inline std::string moduleOf(const std::string &entries) {
  return "module attributes {mg.name = \"net\"} {\n" + entries + "}\n";
}

inline int64_t sizeOf(const mg_argument &argument) {
  return std::accumulate(argument.shape, argument.shape + argument.rank,
                         int64_t(1), std::multiplies<>());
}

/// A module, and what prepares its weights.
class Prepared {
public:
  explicit Prepared(const std::string &text,
                    llvm::ArrayRef<std::string> levels = {},
                    bool isKnown = true, bool winograd = true)
      : context(registry(), mlir::MLIRContext::Threading::DISABLED),
        module(mlir::parseSourceString<mlir::ModuleOp>(text, &context)),
        groups(prepareWeights(
            *module, [&](llvm::StringRef) { return isKnown; }, levels,
            winograd)) {
    if (groups.size() == 1)
      layOut = std::move(groups.front());
  }

  static std::string textOf(mlir::ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream os(text);
    module.print(os);
    return text;
  }

  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::SmallVector<mlir::OwningOpRef<mlir::ModuleOp>, 0> groups;
  /// The only group, else null.
  mlir::OwningOpRef<mlir::ModuleOp> layOut;
};

} // namespace mg::codegen::test

#endif // MG_TEST_CODEGEN_PREPARED_H
