//===- ExpandedSize.cpp - How large a program becomes ---------------------===//

#include "passes/ExpandedSize.h"

#include "ir/Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace mlir::mg;

namespace {

class Sizes {
public:
  explicit Sizes(ModuleOp module) : symbols(module) {}

  /// Saturates. A function that reaches itself is another pass's error.
  int64_t of(func::FuncOp function);

private:
  int64_t ofNamed(Operation &op);

  SymbolTable symbols;
  DenseMap<Operation *, int64_t> known;
};

} // namespace

static int64_t saturated(int64_t a, int64_t b) {
  return std::min(a + b, 2 * maxExpandedOps);
}

/// Of the functions that `op` names.
int64_t Sizes::ofNamed(Operation &op) {
  int64_t sum = 0;
  for (NamedAttribute attribute : op.getAttrs())
    if (auto name = dyn_cast<FlatSymbolRefAttr>(attribute.getValue()))
      if (auto callee = symbols.lookup<func::FuncOp>(name.getValue()))
        sum = saturated(sum, of(callee));
  return sum;
}

int64_t Sizes::of(func::FuncOp function) {
  auto [place, isNew] = known.insert({function, 0});
  if (!isNew || function.isExternal())
    return place->second;
  int64_t sum = 0;
  for (Operation &op : function.getBody().front())
    if (isa<MgDialect>(op.getDialect()))
      sum = saturated(sum, saturated(1, ofNamed(op)));
  return known[function] = sum;
}

LogicalResult mg::checkExpandedSize(ModuleOp module) {
  Sizes sizes(module);
  for (auto function : module.getOps<func::FuncOp>())
    if (sizes.of(function) > maxExpandedOps)
      return function.emitError("not supported: more than ")
             << maxExpandedOps << " ops after calls are expanded";
  return success();
}
