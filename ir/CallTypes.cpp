//===- CallTypes.cpp - types of ops that name functions -------------------===//
//
// The results are what the caller says (`wanted`); they are checked against the
// functions with the module, in `verifySymbolUses`.
//
//===----------------------------------------------------------------------===//
#include "ir/Ops.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::mg;

static LogicalResult inferWanted(Inference &in, ArrayRef<StringRef> symbols) {
  for (StringRef key : symbols) {
    FlatSymbolRefAttr symbol;
    if (failed(in.read(key, symbol)))
      return failure();
  }
  for (size_t i = 0; i < in.getNumWanted(); ++i)
    if (failed(in.result(in.wanted(i))))
      return failure();
  return success();
}

LogicalResult CallOp::infer(Inference &in) {
  return inferWanted(in, {"callee"});
}

LogicalResult CompositeOp::infer(Inference &in) {
  StringAttr name;
  DictionaryAttr attributes;
  if (failed(in.read("name", name)) ||
      failed(in.read("composite_attributes", attributes)))
    return failure();
  if (name.empty()) // C2
    return in.error() << "the name is empty";
  if (in.has("forward") != in.has("backward")) // C3
    return in.error() << "a rule is 'forward' and 'backward'";
  return inferWanted(in, {"decomposition"});
}

LogicalResult CheckpointOp::infer(Inference &in) {
  CheckpointPolicyAttr policy;
  int64_t bytes;
  if (failed(in.read("policy", policy)) ||
      failed(in.read("bytes", bytes, /*missing=*/0)))
    return failure();
  if (bytes < 0) // C2
    return in.error() << "bytes are negative";
  return inferWanted(in, {"callee"});
}

LogicalResult IfOp::infer(Inference &in) {
  if (failed(in.expectOperandsAtLeast(1)))
    return failure();
  if (in.rank(0) != 0 || !in.element(0).isInteger(1)) // C1
    return in.error() << "the condition is a scalar bool, not "
                      << describe(in.operand(0));
  return inferWanted(in, {"then_function", "else_function"});
}

/// `key` is from 0 to `most`, or missing and optional.
static LogicalResult readCount(Inference &in, StringRef key, int64_t most,
                               int64_t &count) {
  if (failed(in.read(key, count, /*missing=*/0)))
    return failure();
  if (count >= 0 && count <= most)
    return success();
  return in.error() << "'" << key << "' is " << count << ", not from 0 to "
                    << most;
}

LogicalResult WhileOp::infer(Inference &in) {
  int64_t consts, trips;
  if (failed(readCount(in, "consts", in.getNumOperands(), consts)) || // C1
      failed(readCount(in, "max_trips", INT64_MAX, trips)))           // C4
    return failure();
  if (in.getNumWanted() &&
      in.getNumWanted() != in.getNumOperands() - consts) // C1
    return in.error() << "has " << in.getNumOperands() - consts
                      << " states and " << in.getNumWanted() << " results";
  for (size_t i = 0; i < in.getNumWanted(); ++i)
    if (in.wanted(i) != in.operand(consts + i)) // C1
      return in.error() << "result " << i << " is " << describe(in.wanted(i))
                        << ", the state " << describe(in.operand(consts + i));
  return inferWanted(in, {"condition", "body"});
}

LogicalResult ScanOp::infer(Inference &in) {
  int64_t consts, carries, length;
  const int64_t operands = in.getNumOperands();
  if (failed(readCount(in, "consts", operands, consts)) || // C1
      failed(readCount(in, "carries", operands - consts, carries)) ||
      failed(readCount(in, "length", INT64_MAX, length)))
    return failure();
  for (int64_t i = consts + carries; i < operands; ++i)
    if (in.rank(i) == 0 || in.shape(i).front() != Dim(length)) // C2
      return in.error() << "the sequence " << describe(in.operand(i))
                        << " has no first dimension of " << length;
  return inferWanted(in, {"body"});
}

LogicalResult VjpOp::infer(Inference &in) {
  return inferWanted(in, {"callee"});
}
LogicalResult JvpOp::infer(Inference &in) {
  return inferWanted(in, {"callee"});
}
LogicalResult VmapOp::infer(Inference &in) {
  int64_t size;
  if (failed(readCount(in, "size", INT64_MAX, size))) // C2
    return failure();
  return inferWanted(in, {"callee"});
}

LogicalResult StopGradientOp::infer(Inference &in) {
  return failed(in.expectOperands(1)) ? failure() : in.result(in.operand(0));
}
LogicalResult NameOp::infer(Inference &in) {
  StringAttr name;
  if (failed(in.expectOperands(1)) || failed(in.read("name", name)))
    return failure();
  if (name.empty()) // C1
    return in.error() << "the name is empty";
  return in.result(in.operand(0));
}
LogicalResult BarrierOp::infer(Inference &in) {
  for (size_t i = 0; i < in.getNumOperands(); ++i)
    if (failed(in.result(in.operand(i))))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// With the module
//===----------------------------------------------------------------------===//

namespace {

/// The types that a function should have, compared with those that it has.
class CalleeCheck {
public:
  CalleeCheck(Operation *op, SymbolTableCollection &symbols)
      : op(op), symbols(symbols) {}

  FailureOr<FunctionOpInterface> find(FlatSymbolRefAttr symbol) {
    auto function =
        symbols.lookupNearestSymbolFrom<FunctionOpInterface>(op, symbol);
    if (!function)
      return error() << "@" << symbol.getValue() << " is no function";
    return function;
  }

  LogicalResult expect(FlatSymbolRefAttr symbol, TypeRange arguments,
                       TypeRange results) {
    FailureOr<FunctionOpInterface> function = find(symbol);
    if (failed(function))
      return failure();
    if (llvm::equal(function->getArgumentTypes(), arguments) &&
        llvm::equal(function->getResultTypes(), results))
      return success();
    return error() << "@" << symbol.getValue() << " has another type";
  }

  InFlightDiagnostic error() {
    return emitError(op->getLoc()) << op->getName().stripDialect() << ": ";
  }

  /// Numbers below `types`' size, none twice, each of a float.
  LogicalResult expectFloats(StringRef key, ArrayRef<int64_t> numbers,
                             ArrayRef<Type> types) {
    llvm::SmallDenseSet<int64_t> seen;
    for (int64_t i : numbers) {
      if (i < 0 || i >= static_cast<int64_t>(types.size()))
        return error() << "'" << key << "' has " << i << ", and there are "
                       << types.size();
      if (!seen.insert(i).second)
        return error() << "'" << key << "' has " << i << " twice";
      if (!isDifferentiable(types[i]))
        return error() << "'" << key << "' has " << i << ", which is "
                       << describe(types[i]) << " and no float";
    }
    return success();
  }

private:
  Operation *op;
  SymbolTableCollection &symbols;
};

} // namespace

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return CalleeCheck(*this, symbols)
      .expect(getCalleeAttr(), getOperandTypes(), getResultTypes());
}

LogicalResult CheckpointOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return CalleeCheck(*this, symbols)
      .expect(getCalleeAttr(), getOperandTypes(), getResultTypes());
}

/// The floats among `types`.
static SmallVector<Type> floatsOf(TypeRange types) {
  SmallVector<Type> floats;
  llvm::copy_if(types, std::back_inserter(floats), isDifferentiable);
  return floats;
}

LogicalResult CompositeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  if (failed(check.expect(getDecompositionAttr(), getOperandTypes(), // C1
                          getResultTypes())))
    return failure();
  if (!getForwardAttr())
    return success();
  FailureOr<FunctionOpInterface> forward = check.find(getForwardAttr());
  if (failed(forward))
    return failure();
  ArrayRef<Type> both = forward->getResultTypes();
  if (both.size() < getNumResults())
    return check.error() << getForwardAttr() << " has too few results";
  SmallVector<Type> results(getResultTypes()),
      backward(both.drop_front(getNumResults()));
  llvm::append_range(results, backward);
  llvm::append_range(backward, floatsOf(getResultTypes()));
  if (failed(check.expect(getForwardAttr(), getOperandTypes(), results)))
    return failure();
  return check.expect(getBackwardAttr(), backward, floatsOf(getOperandTypes()));
}

LogicalResult IfOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  TypeRange arguments = getOperands().drop_front().getTypes();
  if (failed(check.expect(getThenFunctionAttr(), arguments, getResultTypes())))
    return failure();
  return check.expect(getElseFunctionAttr(), arguments, getResultTypes());
}

LogicalResult WhileOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  if (getNumResults() + getConsts() != getNumOperands()) // C1
    return check.error() << "has " << getNumOperands() - getConsts()
                         << " states and " << getNumResults() << " results";
  Type flag = RankedTensorType::get({}, IntegerType::get(getContext(), 1));
  if (failed(check.expect(getConditionAttr(), getOperandTypes(), flag)))
    return failure();
  return check.expect(getBodyAttr(), getOperandTypes(), getResultTypes());
}

/// A tensor type without its first dimension.
static Type sliceOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(),
                               tensor.getElementType());
}
LogicalResult ScanOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  SmallVector<Type> arguments(getOperandTypes()), results(getResultTypes());
  const size_t carries = getCarries(), before = getConsts() + carries;
  for (Type &type : MutableArrayRef(arguments).drop_front(before))
    type = sliceOf(type);
  if (results.size() < carries)
    return check.error() << "has " << carries << " carries and "
                         << results.size() << " results";
  for (size_t i = 0; i < carries; ++i)
    if (results[i] != arguments[getConsts() + i])
      return check.error() << "carry " << i << " begins as "
                           << describe(arguments[getConsts() + i])
                           << " and ends as " << describe(results[i]);
  for (Type &type : MutableArrayRef(results).drop_front(carries)) {
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.getRank() == 0 ||
        tensor.getDimSize(0) != static_cast<int64_t>(getLength()))
      return check.error() << "the output " << describe(type)
                           << " has no first dimension of " << getLength();
    type = sliceOf(type);
  }
  return check.expect(getBodyAttr(), arguments, results);
}

LogicalResult VjpOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  FailureOr<FunctionOpInterface> function = check.find(getCalleeAttr());
  if (failed(function))
    return failure();
  SmallVector<Type> arguments(function->getArgumentTypes()),
      results(function->getResultTypes());
  if (failed(check.expectFloats("of", getOf(), results)) ||
      failed(check.expectFloats("wrt", getWrt(), arguments))) // C2
    return failure();
  SmallVector<Type> operands(arguments), all(results);
  for (int64_t i : getOf())
    operands.push_back(results[i]);
  for (int64_t i : getWrt())
    all.push_back(arguments[i]);
  if (!llvm::equal(operands, getOperandTypes()) ||
      !llvm::equal(all, getResultTypes())) // C3
    return check.error() << "@" << getCallee() << " has another type";
  return success();
}

LogicalResult JvpOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  FailureOr<FunctionOpInterface> function = check.find(getCalleeAttr());
  if (failed(function))
    return failure();
  SmallVector<Type> operands(function->getArgumentTypes()),
      all(function->getResultTypes());
  if (failed(check.expectFloats("wrt", getWrt(), operands))) // C2
    return failure();
  for (int64_t i : getWrt())
    operands.push_back(Type(operands[i]));
  llvm::append_range(all, floatsOf(function->getResultTypes()));
  if (!llvm::equal(operands, getOperandTypes()) ||
      !llvm::equal(all, getResultTypes())) // C3
    return check.error() << "@" << getCallee() << " has another type";
  return success();
}

/// `type` with a dimension of `size` put in at `axis`; null where that is no
/// dimension of the result.
static Type insertDim(Type type, int64_t axis, int64_t size) {
  auto tensor = cast<RankedTensorType>(type);
  if (axis == -1)
    return type;
  if (axis < 0 || axis > tensor.getRank())
    return {};
  SmallVector<int64_t> shape(tensor.getShape());
  shape.insert(shape.begin() + axis, size);
  return tensor.clone(shape);
}

LogicalResult VmapOp::verifySymbolUses(SymbolTableCollection &symbols) {
  CalleeCheck check(*this, symbols);
  FailureOr<FunctionOpInterface> function = check.find(getCalleeAttr());
  if (failed(function))
    return failure();
  auto fits = [&](StringRef key, ArrayRef<int64_t> axes, ArrayRef<Type> callee,
                  TypeRange own) -> LogicalResult {
    if (axes.size() != callee.size() || own.size() != callee.size()) // C1
      return check.error() << "'" << key << "' has " << axes.size()
                           << " entries for " << callee.size();
    for (auto [axis, type, mine] : llvm::zip(axes, callee, own))
      if (insertDim(type, axis, getSize()) != mine) // C2, C3
        return check.error()
               << describe(mine) << " does not fit " << describe(type)
               << " with axis " << axis << " of " << getSize();
    return success();
  };
  if (failed(
          fits("in", getIn(), function->getArgumentTypes(), getOperandTypes())))
    return failure();
  return fits("out", getOut(), function->getResultTypes(), getResultTypes());
}
