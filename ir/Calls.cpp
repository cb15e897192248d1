//===- Calls.cpp - call and composite -------------------------------------===//
#include "ir/Ops.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::mg;

/// The results are what the caller says; the symbol is checked with the module.
static LogicalResult inferWanted(Inference &in, StringRef symbolKey) {
  FlatSymbolRefAttr symbol;
  if (failed(in.read(symbolKey, symbol)))
    return failure();
  for (size_t i = 0; i < in.getNumWanted(); ++i)
    if (failed(in.result(in.wanted(i))))
      return failure();
  return success();
}

LogicalResult CallOp::infer(Inference &in) { return inferWanted(in, "callee"); }

LogicalResult CompositeOp::infer(Inference &in) {
  StringAttr name;
  DictionaryAttr attributes;
  if (failed(in.read("name", name)) ||
      failed(in.read("composite_attributes", attributes)))
    return failure();
  if (name.empty()) // C2
    return in.error() << "the name is empty";
  return inferWanted(in, "decomposition");
}

/// C1: the symbol is a function of the op's type.
static LogicalResult verifyCallee(Operation *op, FlatSymbolRefAttr symbol,
                                  SymbolTableCollection &symbols) {
  StringRef name = op->getName().stripDialect();
  auto error = [&] { return emitError(op->getLoc()) << name << ": "; };
  auto function =
      symbols.lookupNearestSymbolFrom<FunctionOpInterface>(op, symbol);
  if (!function)
    return error() << "@" << symbol.getValue() << " is no function";
  if (llvm::equal(function.getArgumentTypes(), op->getOperandTypes()) &&
      llvm::equal(function.getResultTypes(), op->getResultTypes()))
    return success();
  return error() << "@" << symbol.getValue() << " has another type";
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyCallee(*this, getCalleeAttr(), symbols);
}

LogicalResult CompositeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyCallee(*this, getDecompositionAttr(), symbols);
}
