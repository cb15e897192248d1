//===- CopyNest.cpp - the nest that copies an array -----------------------===//
//
// See CopyNest.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/CopyNest.h"

using namespace mlir;

namespace mg::codegen {

std::unique_ptr<Block> createCopyBody(OpBuilder &b, Location loc,
                                      Type element) {
  auto body = std::make_unique<Block>();
  body->addArguments({element, element}, {loc, loc});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body.get());
  b.create<linalg::YieldOp>(loc, body->getArgument(0));
  return body;
}

LoopNest buildCopy(const LoopNest &nest, const Access &from, const Access &to,
                   Block *body) {
  LoopNest copy{nest.loc, body};
  copy.inputs = {from};
  copy.outputs = {to};
  copy.initial = {Value()};
  for (Access *access : copy.accesses())
    access->strides.clear();
  for (unsigned d = 0; d < nest.size(); ++d) {
    if (!from.strides[d] && !to.strides[d])
      continue;
    copy.extents.push_back(nest.extents[d]);
    copy.reduction.push_back(false);
    copy.indexed.push_back(false);
    copy.inputs[0].strides.push_back(from.strides[d]);
    copy.outputs[0].strides.push_back(to.strides[d]);
  }
  return copy;
}

} // namespace mg::codegen
