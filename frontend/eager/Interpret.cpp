//===- Interpret.cpp - a function of the mg level, op by op ---------------===//
#include "frontend/eager/Execute.h"

#include "ir/Dialect.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

namespace mg::eager {

using namespace mlir;
namespace ir = mlir::mg;

namespace {

class Interpreter {
public:
  Interpreter(ModuleOp module, const WeightLookup &weights, mg_pool *pool)
      : symbols(module), weights(weights), pool(pool) {}

  FailureOr<std::vector<Array>> call(func::FuncOp function,
                                     ArrayRef<Array> arguments) {
    llvm::DenseMap<Value, Array> values;
    for (auto [argument, array] : llvm::zip(function.getArguments(), arguments))
      values[argument] = array;
    Block &body = function.getBody().front();
    for (Operation &op : body.without_terminator()) {
      auto results = run(op, gather(op.getOperands(), values));
      if (failed(results))
        return failure();
      for (auto [result, array] : llvm::zip(op.getResults(), *results))
        values[result] = array;
      release(op, values);
    }
    return gather(body.getTerminator()->getOperands(), values);
  }

private:
  static std::vector<Array> gather(ValueRange operands,
                                   const llvm::DenseMap<Value, Array> &values) {
    std::vector<Array> arrays;
    for (Value operand : operands)
      arrays.push_back(values.lookup(operand));
    return arrays;
  }

  /// Drops the operands that `op` was the last to use: eager mode holds no
  /// more than a program written by hand would.
  static void release(Operation &op, llvm::DenseMap<Value, Array> &values) {
    for (Value operand : op.getOperands())
      if (llvm::all_of(operand.getUsers(), [&](Operation *user) {
            return user == &op || user->isBeforeInBlock(&op);
          }))
        values.erase(operand);
  }

  FailureOr<std::vector<Array>> run(Operation &op, ArrayRef<Array> operands) {
    if (auto weight = dyn_cast<ir::WeightOp>(op))
      return load(weight);
    if (auto callee = op.getAttrOfType<FlatSymbolRefAttr>("callee"))
      return enter(op, callee, operands);
    if (auto decomposition =
            op.getAttrOfType<FlatSymbolRefAttr>("decomposition"))
      return enter(op, decomposition, operands);
    if (!isa<ir::MgDialect>(op.getDialect()))
      return op.emitError("eager execution knows only mg ops");
    SmallVector<Type> types(op.getResultTypes());
    return execute(op.getName(), operands, op.getAttrDictionary(), types,
                   op.getLoc(), pool);
  }

  FailureOr<std::vector<Array>> enter(Operation &op, FlatSymbolRefAttr name,
                                      ArrayRef<Array> operands) {
    auto function = symbols.lookup<func::FuncOp>(name.getValue());
    if (!function)
      return op.emitError("no function ") << name;
    return call(function, operands);
  }

  FailureOr<std::vector<Array>> load(ir::WeightOp weight) {
    Array array = weights ? weights(weight.getName()) : Array();
    if (!array.view.data)
      return weight.emitError("no weight named '") << weight.getName() << "'";
    if (typeOf(weight.getContext(), array) != weight.getType())
      return weight.emitError("the weight '")
             << weight.getName() << "' has another dtype or shape";
    return std::vector<Array>{array};
  }

  SymbolTable symbols;
  const WeightLookup &weights;
  mg_pool *pool;
};

} // namespace

FailureOr<std::vector<Array>> interpret(ModuleOp module, StringRef entry,
                                        ArrayRef<Array> inputs,
                                        const WeightLookup &weights,
                                        mg_pool *pool) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function || function.isExternal())
    return module.emitError("no entry named '") << entry << "'";
  if (inputs.size() != function.getNumArguments())
    return function.emitError("takes ")
           << function.getNumArguments() << " inputs, got " << inputs.size();
  for (auto [input, type] : llvm::zip(inputs, function.getArgumentTypes()))
    if (typeOf(module.getContext(), input) != type)
      return function.emitError("takes ")
             << type << ", got " << typeOf(module.getContext(), input);
  return Interpreter(module, weights, pool).call(function, inputs);
}

} // namespace mg::eager
