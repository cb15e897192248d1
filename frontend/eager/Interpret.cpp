//===- Interpret.cpp - a function of the mg level, op by op ---------------===//
#include "frontend/eager/Execute.h"

#include "ir/Dialect.h"
#include "ir/Ops.h"
#include "minigrad/kernels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

namespace mg::eager {

using namespace mlir;
namespace ir = mlir::mg;

namespace {

class Interpreter {
public:
  Interpreter(ModuleOp module, const WeightLookup &weights, mg_pool *pool,
              const Observer &observer)
      : symbols(module), weights(weights), pool(pool), observer(observer) {}

  FailureOr<std::vector<Array>> call(func::FuncOp function,
                                     ArrayRef<Array> arguments) {
    llvm::DenseMap<Value, Array> values;
    for (auto [argument, array] : llvm::zip(function.getArguments(), arguments))
      values[argument] = array;
    Block &body = function.getBody().front();
    for (Operation &op : body.without_terminator()) {
      const std::vector<Array> operands = gather(op.getOperands(), values);
      auto results = run(op, operands);
      if (failed(results))
        return failure();
      if (observer)
        observer(op, operands, *results);
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
    if (auto called = dyn_cast<CallOpInterface>(op))
      return enter(op,
                   cast<FlatSymbolRefAttr>(
                       cast<SymbolRefAttr>(called.getCallableForCallee())),
                   operands);
    if (auto branch = dyn_cast<ir::IfOp>(op))
      return enter(op,
                   isTrue(operands[0]) ? branch.getThenFunctionAttr()
                                       : branch.getElseFunctionAttr(),
                   operands.drop_front());
    if (auto loop = dyn_cast<ir::WhileOp>(op))
      return repeat(loop, operands);
    if (auto scan = dyn_cast<ir::ScanOp>(op))
      return walk(scan, operands);
    if (!isa<ir::MgDialect>(op.getDialect()))
      return op.emitError("eager execution knows only mg ops");
    SmallVector<Type> types(op.getResultTypes());
    return execute(op.getName(), operands, op.getAttrDictionary(), types,
                   op.getLoc(), pool);
  }

  FailureOr<std::vector<Array>> enter(Operation &op, FlatSymbolRefAttr name,
                                      ArrayRef<Array> operands) {
    auto function = symbols.lookup<func::FuncOp>(name.getValue());
    if (!function || function.isExternal())
      return op.emitError("no function ") << name;
    return call(function, operands);
  }

  static bool isTrue(const Array &flag) {
    return *static_cast<const char *>(flag.view.data) != 0;
  }

  FailureOr<std::vector<Array>> repeat(ir::WhileOp loop,
                                       ArrayRef<Array> operands) {
    const int64_t consts = loop.getConsts();
    const int64_t most = loop.getMaxTrips().value_or(INT64_MAX);
    std::vector<Array> values = operands.vec();
    for (int64_t trip = 0; trip < most; ++trip) {
      auto flag = enter(*loop, loop.getConditionAttr(), values);
      if (failed(flag))
        return failure();
      if (!isTrue(flag->front()))
        break;
      auto next = enter(*loop, loop.getBodyAttr(), values);
      if (failed(next))
        return failure();
      llvm::move(*next, values.begin() + consts);
    }
    values.erase(values.begin(), values.begin() + consts);
    return values;
  }

  /// Element i of the first dimension: the same memory.
  static Array slice(const Array &array, int64_t i) {
    Array part = array;
    part.view.rank = array.view.rank - 1;
    llvm::copy(array.shape().subspan(1), part.view.shape);
    llvm::copy(array.strides().subspan(1), part.view.strides);
    part.view.data = static_cast<char *>(array.view.data) +
                     i * array.view.strides[0] *
                         static_cast<int64_t>(mg_dtype_size(array.view.dtype));
    return part;
  }

  /// Each output is written into its place of the stack as it comes.
  FailureOr<std::vector<Array>> walk(ir::ScanOp scan,
                                     ArrayRef<Array> operands) {
    const int64_t consts = scan.getConsts(), carries = scan.getCarries();
    const int64_t length = scan.getLength();
    ArrayRef<Array> sequences = operands.drop_front(consts + carries);
    std::vector<Array> values = operands.vec(), stacks;
    for (Type type : TypeRange(scan.getResultTypes()).drop_front(carries)) {
      auto tensor = cast<RankedTensorType>(type);
      stacks.push_back(
          allocate(*dtypeOf(tensor.getElementType()),
                   {tensor.getShape().data(), tensor.getShape().size()}));
    }
    for (int64_t step = 0; step < length; ++step) {
      const int64_t at = scan.getReverse() ? length - 1 - step : step;
      for (auto [i, sequence] : llvm::enumerate(sequences))
        values[consts + carries + i] = slice(sequence, at);
      auto next = enter(*scan, scan.getBodyAttr(), values);
      if (failed(next))
        return failure();
      for (auto [output, stack] :
           llvm::zip(ArrayRef(*next).drop_front(carries), stacks)) {
        Array place = slice(stack, at);
        if (mg_copy(&output.view, &place.view, pool) != MG_OK)
          return scan.emitError("scan: an output could not be copied");
      }
      std::move(next->begin(), next->begin() + carries,
                values.begin() + consts);
    }
    std::vector<Array> results(values.begin() + consts,
                               values.begin() + consts + carries);
    llvm::append_range(results, stacks);
    return results;
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
  const Observer &observer;
};

} // namespace

FailureOr<std::vector<Array>> interpret(ModuleOp module, StringRef entry,
                                        ArrayRef<Array> inputs,
                                        const WeightLookup &weights,
                                        mg_pool *pool,
                                        const Observer &observer) {
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
  return Interpreter(module, weights, pool, observer).call(function, inputs);
}

} // namespace mg::eager
