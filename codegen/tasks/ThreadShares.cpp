//===- ThreadShares.cpp - a loop in one piece per thread ------------------===//
//
// See ThreadShares.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tasks/ThreadShares.h"

#include "codegen/tasks/Outline.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace mg::codegen {

/// So many threads have memory in the workspace.
static constexpr int64_t mostShares = 16;
/// On a loop of as many iterations as there are threads: how many at most.
static constexpr StringLiteral mostName = "mg.most";

static func::FuncOp declareThreads(func::FuncOp function, Type pool) {
  constexpr StringLiteral name = "mg_pool_threads";
  auto module = function->getParentOfType<ModuleOp>();
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  auto b = OpBuilder::atBlockBegin(module.getBody());
  auto declared = b.create<func::FuncOp>(
      module.getLoc(), name, b.getFunctionType(pool, b.getI64Type()));
  declared.setPrivate();
  return declared;
}

/// The number of threads, which each function asks for once, at its begin.
static Value threadsOf(func::FuncOp function, Value pool) {
  func::FuncOp callee = declareThreads(function, pool.getType());
  for (Operation *user : pool.getUsers())
    if (auto call = dyn_cast<func::CallOp>(user);
        call && call.getCallee() == callee.getName())
      return call.getResult(0);
  auto b = OpBuilder::atBlockBegin(&function.front());
  return b.create<func::CallOp>(function.getLoc(), callee, pool).getResult(0);
}

void emitShares(OpBuilder &b, Location loc, int64_t count, ShareBody body) {
  auto constant = [&](int64_t value) -> Value {
    return b.create<arith::ConstantIndexOp>(loc, value);
  };
  Operation *parent = b.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  const bool isTask =
      isa<scf::ForallOp>(parent) || parent->getParentOfType<scf::ForallOp>();
  Value pool = isTask ? Value() : poolOf(function);
  if (!pool)
    return body(constant(0), constant(count));
  const int64_t most = std::min(count, mostShares);
  Value threads = b.create<arith::IndexCastOp>(loc, b.getIndexType(),
                                               threadsOf(function, pool));
  threads = b.create<arith::MinUIOp>(loc, threads, constant(most));
  auto forall = b.create<scf::ForallOp>(loc, ArrayRef<OpFoldResult>{threads},
                                        ValueRange(), std::nullopt);
  forall->setAttr(mostName, b.getI64IntegerAttr(most));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  auto beginOf = [&](Value share) -> Value {
    Value done = b.create<arith::MulIOp>(loc, share, constant(count));
    return b.create<arith::DivUIOp>(loc, done, threads);
  };
  Value share = forall.getInductionVar(0);
  Value next = b.create<arith::AddIOp>(loc, share, constant(1));
  Value begin = beginOf(share), end = beginOf(next);
  body(begin, end);
}

std::optional<int64_t> mostTrips(scf::ForallOp loop) {
  if (auto most = loop->getAttrOfType<IntegerAttr>(mostName))
    return most.getInt();
  if (!loop.isNormalized() ||
      ShapedType::isDynamicShape(loop.getStaticUpperBound()))
    return std::nullopt;
  int64_t count = 1;
  for (int64_t n : loop.getStaticUpperBound())
    count *= n;
  return count;
}

} // namespace mg::codegen
