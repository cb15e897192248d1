//===- Excerpt.cpp - a part of a program as a program ---------------------===//
#include "frontend/driver/Excerpt.h"

#include "ir/Ops.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

#include <fmt/format.h>

namespace mg::driver {

namespace {

/// Ops that cost nothing are repeated where they are read.
bool isFree(mlir::Operation *op) {
  return llvm::isa<mlir::mg::WeightOp>(op) ||
         op->hasTrait<mlir::OpTrait::ConstantLike>();
}

class Writer {
public:
  Writer(mlir::func::FuncOp function, llvm::ArrayRef<mlir::Operation *> ops)
      : function(function), ops(ops) {
    inside.insert(ops.begin(), ops.end());
  }

  Excerpt write(std::vector<mlir::Value> results, bool wholeInputs) {
    Excerpt made;
    made.results = std::move(results);
    made.arguments = wholeInputs ? inputs() : captured();
    made.module = llvm::cast<mlir::ModuleOp>(
        function->getParentOfType<mlir::ModuleOp>()->clone());
    made.module->lookupSymbol<mlir::func::FuncOp>(function.getName()).erase();
    mlir::OpBuilder b(function.getContext());
    b.setInsertionPointToStart(made.module->getBody());
    auto part = b.create<mlir::func::FuncOp>(
        function.getLoc(), function.getName(),
        b.getFunctionType(mlir::ValueRange(made.arguments).getTypes(),
                          mlir::ValueRange(made.results).getTypes()));
    mlir::Block *body = part.addEntryBlock();
    mlir::IRMapping values;
    values.map(mlir::ValueRange(made.arguments), body->getArguments());
    b.setInsertionPointToStart(body);
    for (mlir::Operation &op : function.front().without_terminator())
      if (isFree(&op) || inside.contains(&op))
        b.clone(op, values);
    llvm::SmallVector<mlir::Value> returned;
    for (mlir::Value value : made.results)
      returned.push_back(values.lookup(value));
    b.create<mlir::func::ReturnOp>(function.getLoc(), returned);
    for (unsigned i = 0; i < part.getNumArguments(); ++i)
      part.setArgAttr(i, "mg.name", b.getStringAttr(fmt::format("x{}", i)));
    for (unsigned i = 0; i < part.getNumResults(); ++i)
      part.setResultAttr(i, "mg.name", b.getStringAttr(fmt::format("y{}", i)));
    dropUnused(*made.module, part);
    return made;
  }

  /// What is read after the ops.
  std::vector<mlir::Value> liveOut() const {
    std::vector<mlir::Value> values;
    for (mlir::Operation *op : ops)
      for (mlir::Value value : op->getResults())
        if (llvm::any_of(value.getUsers(), [&](mlir::Operation *user) {
              return !inside.contains(user);
            }))
          values.push_back(value);
    return values;
  }

private:
  std::vector<mlir::Value> inputs() {
    auto arguments = function.getArguments();
    return {arguments.begin(), arguments.end()};
  }

  std::vector<mlir::Value> captured() const {
    llvm::SetVector<mlir::Value> values;
    for (mlir::Operation *op : ops)
      for (mlir::Value operand : op->getOperands()) {
        mlir::Operation *source = operand.getDefiningOp();
        if (!source || (!isFree(source) && !inside.contains(source)))
          values.insert(operand);
      }
    return {values.begin(), values.end()};
  }

  /// Free ops that nothing reads, and other entries.
  static void dropUnused(mlir::ModuleOp module, mlir::func::FuncOp part) {
    for (mlir::Operation &op :
         llvm::make_early_inc_range(llvm::reverse(part.front())))
      if (isFree(&op) && op.use_empty())
        op.erase();
    // A called function goes after its last caller.
    for (bool again = true; again;) {
      again = false;
      for (auto other :
           llvm::make_early_inc_range(module.getOps<mlir::func::FuncOp>()))
        if (other != part &&
            mlir::SymbolTable::symbolKnownUseEmpty(other, module)) {
          other.erase();
          again = true;
        }
    }
  }

  mlir::func::FuncOp function;
  llvm::ArrayRef<mlir::Operation *> ops;
  llvm::DenseSet<mlir::Operation *> inside;
};

} // namespace

std::vector<mlir::Operation *> countedOps(mlir::func::FuncOp function) {
  std::vector<mlir::Operation *> ops;
  for (mlir::Operation &op : function.front().without_terminator())
    if (!isFree(&op))
      ops.push_back(&op);
  return ops;
}

Excerpt excerpt(mlir::func::FuncOp function, std::size_t begin,
                std::size_t end) {
  const std::vector<mlir::Operation *> ops = countedOps(function);
  Writer writer(function, llvm::ArrayRef(ops).slice(begin, end - begin));
  return writer.write(writer.liveOut(), /*wholeInputs=*/begin == 0);
}

Excerpt prefix(mlir::func::FuncOp function, std::size_t end,
               std::vector<mlir::Value> results) {
  const std::vector<mlir::Operation *> ops = countedOps(function);
  Writer writer(function, llvm::ArrayRef(ops).take_front(end));
  return writer.write(std::move(results), /*wholeInputs=*/true);
}

} // namespace mg::driver
