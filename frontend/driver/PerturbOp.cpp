//===- PerturbOp.cpp - a fault on demand ----------------------------------===//
#include "frontend/driver/PerturbOp.h"

#include "ir/Dialect.h"
#include "ir/Ops.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/CommandLine.h"

namespace mg::driver {

static llvm::cl::opt<std::string>
    perturbed("mg-perturb", llvm::cl::Hidden,
              llvm::cl::desc("Compile this op wrongly, for tests"));

static bool isChosen(mlir::Operation *op) {
  auto [name, operand] = llvm::StringRef(perturbed).split('<');
  if (op->getName().getStringRef() != name)
    return false;
  return operand.empty() ||
         llvm::any_of(op->getOperands(), [&](mlir::Value value) {
           mlir::Operation *source = value.getDefiningOp();
           return source && source->getName().getStringRef() == operand;
         });
}

void perturb(mlir::ModuleOp module) {
  if (perturbed.empty())
    return;
  llvm::SmallVector<mlir::Operation *> chosen;
  module.walk([&](mlir::Operation *op) {
    if (isChosen(op))
      chosen.push_back(op);
  });
  mlir::OpBuilder b(module.getContext());
  for (mlir::Operation *op : chosen)
    for (mlir::Value result : op->getResults()) {
      if (!llvm::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(result)))
        continue;
      b.setInsertionPointAfter(op);
      auto wrong =
          b.create<mlir::mg::NegOp>(op->getLoc(), result.getType(), result);
      result.replaceAllUsesExcept(wrong, wrong);
    }
}

} // namespace mg::driver
