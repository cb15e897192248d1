//===- Outline.cpp - what an outlined function takes and knows ------------===//
#include "codegen/tasks/Outline.h"

#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace mg::codegen {

bool canRepeat(Operation *op) {
  return op && op->getNumRegions() == 0 && isPure(op);
}

bool canPass(Type type) {
  if (auto memory = dyn_cast<MemRefType>(type))
    return memory.hasStaticShape() && memory.getLayout().isIdentity();
  return type.isIntOrIndexOrFloat() || isa<LLVM::LLVMPointerType>(type);
}

void Needs::add(Value value) {
  Operation *op = value.getDefiningOp();
  if (!canRepeat(op)) {
    arguments.insert(value);
    return;
  }
  if (repeated.contains(op))
    return;
  for (Value operand : op->getOperands())
    add(operand);
  repeated.insert(op);
}

Needs needsOf(ArrayRef<Operation *> ops) {
  llvm::SetVector<Value> used;
  for (Operation *op : ops) {
    used.insert(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), used);
  }
  Needs needs;
  for (Value value : used)
    needs.add(value);
  return needs;
}

Value poolOf(func::FuncOp function) {
  for (BlockArgument arg : function.getArguments())
    if (function.getArgAttr(arg.getArgNumber(), "mg.pool"))
      return arg;
  return {};
}

void copyArgumentFacts(func::FuncOp function, ArrayRef<Value> captured,
                       func::FuncOp outlined) {
  for (auto [i, value] : llvm::enumerate(captured)) {
    auto arg = dyn_cast<BlockArgument>(value);
    if (!arg || arg.getOwner() != &function.front())
      continue;
    for (NamedAttribute attr :
         function_interface_impl::getArgAttrs(function, arg.getArgNumber()))
      if (attr.getName().strref().starts_with("llvm."))
        outlined.setArgAttr(i, attr.getName(), attr.getValue());
  }
}

} // namespace mg::codegen
