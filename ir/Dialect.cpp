//===- Dialect.cpp - registration -----------------------------------------===//
#include "ir/Dialect.h"
#include "ir/ConstantFolding.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/InliningUtils.h"

using namespace mlir;
using namespace mlir::mg;

#include "ir/MgDialect.cpp.inc"

namespace {
/// Every op is pure and may go anywhere.
struct Inlining : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Operation *, bool) const final {
    return true;
  }
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void MgDialect::initialize() {
  registerAttributes();
  registerOps();
  addInterfaces<Inlining, ConstantFolding>();
}

Operation *MgDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                          Type type, Location loc) {
  auto elements = dyn_cast<DenseElementsAttr>(value);
  if (!elements || elements.getType() != type || !ConstantOp::isSmall(elements))
    return nullptr;
  return builder.create<ConstantOp>(loc, elements);
}
