//===- LoopNest.cpp - a structured op as loops over linear accesses -------===//
//
// See LoopNest.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/LoopNest.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mg::codegen {

bool LoopNest::isReduced(const Access &output) const {
  for (unsigned d = 0; d < size(); ++d)
    if (reduction[d] && output.strides[d] == 0)
      return true;
  return false;
}

SmallVector<Access *> LoopNest::accesses() {
  SmallVector<Access *> all;
  for (Access &access : inputs)
    all.push_back(&access);
  for (Access &access : outputs)
    all.push_back(&access);
  for (Epilogue &epilogue : epilogues) {
    for (Access &access : epilogue.inputs)
      all.push_back(&access);
    for (Access &access : epilogue.outputs)
      all.push_back(&access);
  }
  for (Producer *computing : {&producer, &tail})
    for (Access &access : computing->inputs)
      all.push_back(&access);
  return all;
}

/// Adds `stride` times the index expression to the access; false if the
/// expression is not linear in the loops.
static bool addLinear(AffineExpr expr, int64_t stride, unsigned loops,
                      Access &access) {
  SmallVector<int64_t> flat;
  if (failed(getFlattenedAffineExpr(expr, loops, 0, &flat)) ||
      flat.size() != loops + 1)
    return false;
  for (unsigned d = 0; d < loops; ++d)
    access.strides[d] += flat[d] * stride;
  access.offset += flat[loops] * stride;
  return true;
}

const Access::Panels *LoopNest::panels() const {
  for (const Access &input : inputs)
    if (input.hasPanels())
      return &input.panels;
  return nullptr;
}

/// The pair of results (d floordiv width, d mod width), if there is one.
static std::optional<std::pair<unsigned, unsigned>> findPanels(AffineMap map) {
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    auto panel = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!panel || panel.getKind() != AffineExprKind::FloorDiv ||
        !isa<AffineDimExpr>(panel.getLHS()) ||
        !isa<AffineConstantExpr>(panel.getRHS()))
      continue;
    for (auto [j, other] : llvm::enumerate(map.getResults()))
      if (other == panel.getLHS() % panel.getRHS())
        return std::pair<unsigned, unsigned>(i, j);
  }
  return std::nullopt;
}

/// Makes the access one to panels, and leaves the results that say so out of
/// `map` and `strides`.
static void takePanels(Access &access, AffineMap &map,
                       SmallVectorImpl<int64_t> &strides) {
  auto results = findPanels(map);
  if (!results)
    return;
  auto [panel, inside] = *results;
  auto expr = cast<AffineBinaryOpExpr>(map.getResult(panel));
  int loop = cast<AffineDimExpr>(expr.getLHS()).getPosition();
  AffineMap rest = map.dropResults({int64_t(panel), int64_t(inside)});
  if (rest.isFunctionOfDim(loop))
    return;
  access.panels = {loop, cast<AffineConstantExpr>(expr.getRHS()).getValue(),
                   strides[panel]};
  access.strides[loop] = strides[inside];
  map = rest;
  strides.erase(strides.begin() + std::max(panel, inside));
  strides.erase(strides.begin() + std::min(panel, inside));
}

FailureOr<Access> buildAccess(linalg::LinalgOp op, OpOperand &operand) {
  Access access{operand.get(), operand.get().getType()};
  access.strides.assign(op.getNumLoops(), 0);
  MemRefType type;
  if (auto tensor = dyn_cast<RankedTensorType>(access.element))
    type = MemRefType::get(tensor.getShape(), tensor.getElementType());
  else if (!(type = dyn_cast<MemRefType>(access.element)))
    return access;
  access.element = type.getElementType();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type.hasStaticShape() ||
      failed(getStridesAndOffset(type, strides, offset)) ||
      llvm::any_of(strides, ShapedType::isDynamic))
    return op.emitError("internal: an operand of ")
           << type << " reached vectorization; its strides must be static";
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (op->hasAttr("mg.contraction") && op.isDpsInput(&operand))
    takePanels(access, map, strides);
  for (auto [expr, stride] : llvm::zip_equal(map.getResults(), strides))
    if (!addLinear(expr, stride, op.getNumLoops(), access))
      access.map = op.getMatchingIndexingMap(&operand);
  return access;
}

FailureOr<LoopNest> buildLoopNest(linalg::LinalgOp op) {
  LoopNest nest{op.getLoc(), op.getBlock()};
  nest.extents = op.getStaticLoopRanges();
  nest.contraction = op->hasAttr("mg.contraction");
  unsigned loops = op.getNumLoops();
  nest.indexed.assign(loops, false);
  for (unsigned d = 0; d < loops; ++d) {
    if (ShapedType::isDynamic(nest.extents[d]))
      return op.emitError("internal: a dynamic loop reached vectorization");
    nest.loopOf.push_back(d);
    nest.reduction.push_back(op.getIteratorTypesArray()[d] ==
                             utils::IteratorType::reduction);
  }
  for (OpOperand &operand : op->getOpOperands()) {
    FailureOr<Access> access = buildAccess(op, operand);
    if (failed(access))
      return failure();
    if (!access->isLinear())
      for (unsigned d = 0; d < loops; ++d)
        nest.indexed[d] = nest.indexed[d] || access->map.isFunctionOfDim(d);
    if (access->hasPanels())
      nest.indexed[access->panels.loop] = true;
    (op.isDpsInit(&operand) ? nest.outputs : nest.inputs)
        .push_back(std::move(*access));
  }
  for (Access &output : nest.outputs)
    if (!output.isLinear())
      return op.emitError("internal: an output's map is not linear");
  op.getBlock()->walk(
      [&](linalg::IndexOp index) { nest.indexed[index.getDim()] = true; });
  nest.initial.assign(nest.outputs.size(), Value());
  if (nest.contraction && !llvm::is_contained(nest.reduction, true))
    appendLoop(nest, 1, true);
  nest.first.assign(loops, Value());
  return nest;
}

void appendLoop(LoopNest &nest, int64_t extent, bool reduction) {
  nest.extents.push_back(extent);
  nest.reduction.push_back(reduction);
  nest.indexed.push_back(false);
  for (Access *access : nest.accesses())
    access->strides.push_back(0);
}

static void eraseLoop(LoopNest &nest, unsigned loop, int replacement) {
  nest.extents.erase(nest.extents.begin() + loop);
  nest.reduction.erase(nest.reduction.begin() + loop);
  nest.indexed.erase(nest.indexed.begin() + loop);
  for (Access *access : nest.accesses())
    access->strides.erase(access->strides.begin() + loop);
  auto renumber = [&](int &to) {
    to = to == int(loop) ? replacement : to > int(loop) ? to - 1 : to;
  };
  for (Access *access : nest.accesses())
    renumber(access->panels.loop);
  auto erase = [&](SmallVectorImpl<int> &loopOf) {
    llvm::for_each(loopOf, renumber);
  };
  erase(nest.loopOf);
  for (Epilogue &epilogue : nest.epilogues)
    erase(epilogue.loopOf);
}

void permute(LoopNest &nest, ArrayRef<unsigned> order) {
  auto apply = [&](auto &list) {
    auto old = list;
    for (auto [to, from] : llvm::enumerate(order))
      list[to] = old[from];
  };
  apply(nest.extents);
  apply(nest.reduction);
  apply(nest.indexed);
  auto renumber = [&](int &to) {
    if (to >= 0)
      to = llvm::find(order, unsigned(to)) - order.begin();
  };
  for (Access *access : nest.accesses()) {
    apply(access->strides);
    renumber(access->panels.loop);
  }
  llvm::for_each(nest.loopOf, renumber);
}

void holdLoop(OpBuilder &b, LoopNest &nest, unsigned loop, Value index,
              int64_t extent, function_ref<bool(const Access &)> stays) {
  auto add = [&](Value x, Value y) {
    return x ? b.createOrFold<arith::AddIOp>(nest.loc, x, y) : y;
  };
  // One value for one place: accesses are compared by it.
  llvm::MapVector<std::pair<Value, int64_t>, Value> starts;
  for (Access *access : nest.accesses()) {
    if (access->isScalar() || !access->isLinear() || !access->strides[loop] ||
        stays(*access))
      continue;
    Value &start = starts[{access->start, access->strides[loop]}];
    if (!start) {
      Value stride =
          b.create<arith::ConstantIndexOp>(nest.loc, access->strides[loop]);
      start = add(access->start,
                  b.createOrFold<arith::MulIOp>(nest.loc, index, stride));
    }
    access->start = start;
  }
  if (nest.indexed[loop])
    for (auto [original, to] : llvm::enumerate(nest.loopOf))
      if (to == int(loop))
        nest.first[original] = add(nest.first[original], index);
  nest.extents[loop] = extent;
}

bool canMerge(LoopNest &nest, unsigned outer, unsigned inner) {
  if (nest.reduction[outer] != nest.reduction[inner] || nest.indexed[outer] ||
      nest.indexed[inner])
    return false;
  // Reductions keep their order: only neighbours merge.
  if (nest.reduction[outer] &&
      (outer > inner || llvm::is_contained(ArrayRef(nest.reduction)
                                               .slice(outer + 1)
                                               .take_front(inner - outer - 1),
                                           true)))
    return false;
  return llvm::all_of(nest.accesses(), [&](Access *access) {
    return access->strides[outer] ==
           access->strides[inner] * nest.extents[inner];
  });
}

/// Whether the loop is needed even if it has one iteration only.
static bool mustStay(const LoopNest &nest, unsigned loop) {
  return nest.reduction[loop] &&
         (nest.overwrite ||
          (nest.contraction && llvm::count(nest.reduction, true) == 1));
}

void merge(LoopNest &nest, unsigned outer, unsigned inner) {
  nest.extents[inner] *= nest.extents[outer];
  // Neither index is read, so loopOf of both may point anywhere.
  eraseLoop(nest, outer, -1);
}

void simplify(LoopNest &nest) {
  for (unsigned d = nest.size(); d-- > 0;)
    if (nest.extents[d] == 1 && !mustStay(nest, d))
      eraseLoop(nest, d, -1);
  for (bool changed = true; changed;) {
    changed = false;
    for (unsigned outer = 0; outer < nest.size() && !changed; ++outer)
      for (unsigned inner = 0; inner < nest.size() && !changed; ++inner)
        if (outer != inner && canMerge(nest, outer, inner)) {
          merge(nest, outer, inner);
          changed = true;
        }
  }
}

} // namespace mg::codegen
