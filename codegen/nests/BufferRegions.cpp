//===- BufferRegions.cpp - which elements of memory two accesses share ----===//
//
// See BufferRegions.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/BufferRegions.h"

#include "mlir/Analysis/AliasAnalysis/LocalAliasAnalysis.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace mg::codegen {

Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

static bool isArgumentOfEntry(Value root) {
  auto argument = dyn_cast<BlockArgument>(root);
  return argument &&
         isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
}

bool mayOverlap(Value a, Value b) {
  Value x = rootOf(a), y = rootOf(b);
  if (x == y)
    return true;
  if (isArgumentOfEntry(x) && isArgumentOfEntry(y))
    return false;
  return !LocalAliasAnalysis().alias(x, y).isNo();
}

std::optional<int64_t> offsetInRoot(const Access &access) {
  Value root = rootOf(access.buffer);
  for (Value v = access.buffer; v != root;
       v = v.getDefiningOp<ViewLikeOpInterface>().getViewSource())
    if (v.getDefiningOp<memref::ViewOp>())
      return std::nullopt;
  auto [strides, offset] =
      getStridesAndOffset(cast<MemRefType>(access.buffer.getType()));
  if (ShapedType::isDynamic(offset))
    return std::nullopt;
  return offset + access.offset;
}

bool isSameElement(const Access &a, const Access &b) {
  if (a.isScalar() || b.isScalar() || !a.isLinear() || !b.isLinear() ||
      a.strides != b.strides || a.start != b.start || a.element != b.element)
    return false;
  if (a.buffer == b.buffer)
    return a.offset == b.offset;
  std::optional<int64_t> x = offsetInRoot(a), y = offsetInRoot(b);
  return rootOf(a.buffer) == rootOf(b.buffer) && x && y && *x == *y;
}

bool isOwnElement(const LoopNest &nest, const Access &access) {
  if (access.isScalar() || !access.isLinear())
    return false;
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && nest.extents[d] > 1)
      order.push_back(d);
  auto stride = [&](unsigned d) { return std::abs(access.strides[d]); };
  llvm::sort(order,
             [&](unsigned a, unsigned b) { return stride(a) < stride(b); });
  int64_t reach = 0;
  for (unsigned d : order) {
    if (stride(d) <= reach)
      return false;
    reach += stride(d) * (nest.extents[d] - 1);
  }
  return true;
}

bool coversBuffer(const LoopNest &nest, const Access &access) {
  if (!isOwnElement(nest, access))
    return false;
  int64_t reached = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (access.strides[d])
      reached *= nest.extents[d];
  return reached == cast<MemRefType>(access.buffer.getType()).getNumElements();
}

bool avoids(Operation *op, Value buffer) {
  if (isa<memref::AllocOp>(op) || isMemoryEffectFree(op))
    return true;
  if (!isa<linalg::LinalgOp, memref::CopyOp>(op))
    return false;
  bool found = false;
  auto see = [&](Value value) {
    found |= isa<MemRefType>(value.getType()) && mayOverlap(value, buffer);
  };
  llvm::for_each(op->getOperands(), see);
  op->walk([&](memref::LoadOp load) { see(load.getMemRef()); });
  return !found;
}

} // namespace mg::codegen
