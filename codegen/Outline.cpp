//===- Outline.cpp - what an outlined function takes and knows ------------===//
#include "codegen/Outline.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace mg::codegen {

bool canRepeat(Operation *op) {
  return op && op->getNumRegions() == 0 && isPure(op);
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
