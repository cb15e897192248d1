//===- FusionLegality.cpp - what a set of ops would be as a kernel --------===//
//
// See FusionPlan.h.
//
//===----------------------------------------------------------------------===//

#include "passes/FusionPlan.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

/// Bytes that one row of a kernel may touch: half of a small second cache.
static constexpr int64_t maxRowBytes = 512 << 10;
/// A contraction's operand that all rows share and that stays in the cache.
static constexpr int64_t maxSharedBytes = 256 << 10;
/// Rows that a contraction takes at a time, at least, and what of them may be
/// touched: best the second cache holds it, but a share of the third is still
/// better than the whole array in memory. Where all rows touch more than any
/// cache holds, memory it is either way: then rather that of a tile.
static constexpr int64_t tileRows = 32, maxTileBytes = 16 << 20;
static constexpr int64_t maxCachedBytes = 256 << 20;
/// Rows below which threads would wait, for work that wants them.
static constexpr int64_t minRows = 8, threadedBytes = 1 << 20;
/// Longer bodies need more registers than there are, and LLVM more time.
static constexpr unsigned maxBodyOps = 256, maxOps = 48;

static bool isContraction(GenericOp op) {
  return op->hasAttr("mg.contraction");
}

static bool reduces(GenericOp op) { return op.getNumReductionLoops() != 0; }

static int64_t bytesOf(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type)
    return 0;
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

//===----------------------------------------------------------------------===//
// Nests
//===----------------------------------------------------------------------===//

namespace {

/// Groups ops to nests, in one walk through them.
class Clustering {
public:
  Clustering(const LoopClasses &classes, ArrayRef<unsigned> rows)
      : classes(classes), rows(rows), ops(classes.members()) {}
  SmallVector<Nest> run();

private:
  bool sameLoops(unsigned a, unsigned b) const;
  bool canJoin(unsigned op, const Nest &nest) const;
  bool readsAtSamePoint(unsigned reader, unsigned writer) const;
  /// The first nest that may hold `op`, after all that it waits for.
  unsigned earliest(unsigned op) const;

  const LoopClasses &classes;
  ArrayRef<unsigned> rows;
  ArrayRef<GenericOp> ops;
  SmallVector<Nest> nests;
  DenseMap<Operation *, unsigned> nestOf, numberOf;
};

} // namespace

bool Clustering::sameLoops(unsigned a, unsigned b) const {
  // A sum across the rows has its own way through them.
  for (unsigned row : rows)
    if (classes.isReduced(a, row) != classes.isReduced(b, row))
      return false;
  for (unsigned cls = 0; cls < classes.size(); ++cls) {
    if ((classes.loopIn(a, cls) < 0) != (classes.loopIn(b, cls) < 0))
      return false;
    // Where both reduce, they reduce the same loops.
    if (reduces(ops[a]) && reduces(ops[b]) &&
        classes.isReduced(a, cls) != classes.isReduced(b, cls))
      return false;
  }
  return true;
}

/// Whether every element of `writer` that `reader` wants is computed at the
/// very point where it is wanted.
bool Clustering::readsAtSamePoint(unsigned reader, unsigned writer) const {
  GenericOp from = ops[writer], to = ops[reader];
  for (OpOperand *input : to.getDpsInputOperands()) {
    auto result = dyn_cast<OpResult>(input->get());
    if (!result || result.getOwner() != from)
      continue;
    AffineMap write = from.getMatchingIndexingMap(
                  from.getDpsInitOperand(result.getResultNumber())),
              read = to.getMatchingIndexingMap(input);
    if (reduces(from))
      return false;
    for (auto [w, r] : llvm::zip(write.getResults(), read.getResults())) {
      int wrote = classes.classOf(writer, cast<AffineDimExpr>(w).getPosition());
      auto loop = dyn_cast<AffineDimExpr>(r);
      int reads = loop ? classes.classOf(reader, loop.getPosition()) : -1;
      if (wrote != reads || (!loop && !isa<AffineConstantExpr>(r)))
        return false;
    }
  }
  return true;
}

/// Whether partial results of each reduction can be combined, so that its steps
/// may be taken in any order.
static bool canReorder(GenericOp op) {
  ArrayRef<BlockArgument> outputs = op.getRegionOutputArgs();
  return llvm::all_of(llvm::seq<unsigned>(0, outputs.size()), [&](unsigned o) {
    SmallVector<Operation *> combiners;
    return outputs[o].use_empty() ||
           (matchReduction(outputs, o, combiners) && combiners.size() == 1 &&
            arith::getNeutralElement(combiners[0]));
  });
}

bool Clustering::canJoin(unsigned op, const Nest &nest) const {
  return llvm::all_of(nest, [&](unsigned other) {
    // Steps in their order are not the tree of a float sum.
    const bool sameOrder = !reduces(ops[op]) || !reduces(ops[other]) ||
                           canReorder(ops[op]) == canReorder(ops[other]);
    return sameOrder && !isContraction(ops[other]) && sameLoops(op, other) &&
           readsAtSamePoint(op, other);
  });
}

unsigned Clustering::earliest(unsigned op) const {
  unsigned first = 0;
  for (Value operand : GenericOp(ops[op])->getOperands())
    if (auto found = nestOf.find(operand.getDefiningOp());
        found != nestOf.end())
      first = std::max(first, found->second);
  return first;
}

SmallVector<Nest> Clustering::run() {
  for (unsigned op = 0; op < ops.size(); ++op) {
    unsigned at = nests.size();
    if (!isContraction(ops[op]))
      for (unsigned nest = earliest(op); nest < nests.size(); ++nest)
        if (canJoin(op, nests[nest])) {
          at = nest;
          break;
        }
    if (at == nests.size())
      nests.emplace_back();
    nests[at].push_back(op);
    nestOf[ops[op]] = at;
  }
  return nests;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Takes from `rows` what is the innermost dimension of a tensor that has other
/// dimensions, too: elements of such a row are far apart.
static void dropInnermost(const LoopClasses &classes, llvm::BitVector &rows) {
  for (bool changed = true; changed;) {
    changed = false;
    for (ArrayRef<int> dims : classes.tensors())
      if (!dims.empty() && rows.test(dims.back()) &&
          !llvm::all_of(dims, [&](int cls) { return rows.test(cls); })) {
        rows.reset(dims.back());
        changed = true;
      }
  }
}

/// Takes from `rows` those that windows slide along the innermost dimension by:
/// such a row has the few elements of one window, and the vectors that could go
/// along its neighbours are gone.
static void dropSliding(const LoopClasses &classes, llvm::BitVector &rows) {
  for (auto [i, constOp] : llvm::enumerate(classes.members())) {
    GenericOp op = constOp;
    if (!reduces(op) || isContraction(op))
      continue;
    for (OpOperand *input : op.getDpsInputOperands()) {
      const AffineMap map = op.getMatchingIndexingMap(input);
      if (map.getNumResults() == 0)
        continue;
      const AffineExpr innermost = map.getResults().back();
      if (isa<AffineDimExpr, AffineConstantExpr>(innermost))
        continue;
      for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
        if (int cls = classes.classOf(i, loop);
            cls >= 0 && innermost.isFunctionOfDim(loop))
          rows.reset(cls);
    }
  }
}

/// Whether each op has all rows parallel or reduces across all of them, and
/// some op does the first.
static bool agree(const LoopClasses &classes, ArrayRef<unsigned> rows) {
  bool anyParallel = false;
  for (unsigned op = 0; op < classes.members().size(); ++op) {
    auto isReduced = [&](unsigned cls) { return classes.isReduced(op, cls); };
    if (llvm::none_of(rows, isReduced))
      anyParallel = true;
    else if (!llvm::all_of(rows, isReduced))
      return false;
  }
  return anyParallel;
}

/// The rows, outermost first as the first op has them.
static SmallVector<unsigned> chooseRows(const LoopClasses &classes) {
  llvm::BitVector good(classes.size());
  for (unsigned cls = 0; cls < classes.size(); ++cls)
    good[cls] = classes.isRow(cls);
  dropSliding(classes, good);
  GenericOp first = classes.members().front();
  // What one loop less leaves may be innermost where it was not before.
  for (;;) {
    dropInnermost(classes, good);
    SmallVector<unsigned> rows;
    for (unsigned loop = 0; loop < first.getNumLoops(); ++loop)
      if (int cls = classes.classOf(0, loop); cls >= 0 && good.test(cls))
        rows.push_back(cls);
    if (rows.empty() || agree(classes, rows))
      return rows;
    good.reset(rows.back());
  }
}

/// Calls `visit` with each tensor that an op touches and its map.
static void forEachTensor(GenericOp op,
                          function_ref<void(Value, AffineMap)> visit) {
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingBlockArgument(input).use_empty())
      visit(input->get(), op.getMatchingIndexingMap(input));
  for (auto [o, result] : llvm::enumerate(op->getResults()))
    visit(result, op.getMatchingIndexingMap(op.getDpsInitOperand(o)));
}

/// Rows that `map` tells apart.
static int64_t rowsIn(const LoopClasses &classes, ArrayRef<unsigned> rows,
                      unsigned op, AffineMap map) {
  int64_t count = 1;
  for (unsigned cls : rows)
    if (int loop = classes.loopIn(op, cls);
        loop >= 0 && map.isFunctionOfDim(loop))
      count *= classes.extent(cls);
  return count;
}

/// Whether all that the ops touch in one row, or in a tile of rows for
/// contractions, stays in the cache, or at least takes less memory; but for
/// what tiles share, which has a limit of its own.
static bool fitsCache(const LoopClasses &classes, ArrayRef<unsigned> rows) {
  int64_t bytes = 0, all = 1;
  for (unsigned cls : rows)
    all *= classes.extent(cls);
  llvm::SmallDenseSet<Value> seen;
  for (auto [i, op] : llvm::enumerate(classes.members())) {
    const bool sharing = isContraction(op);
    forEachTensor(op, [&, i = i](Value tensor, AffineMap map) {
      int64_t count = rowsIn(classes, rows, i, map);
      if ((count == all || !sharing) && seen.insert(tensor).second)
        bytes += bytesOf(tensor) / count;
    });
  }
  return bytes * all > maxCachedBytes ||
         (llvm::any_of(classes.members(), isContraction)
              ? bytes * tileRows <= maxTileBytes
              : bytes <= maxRowBytes);
}

/// Bytes of what the ops compute in one row.
static int64_t resultBytes(const LoopClasses &classes,
                           ArrayRef<unsigned> rows) {
  int64_t bytes = 0;
  for (auto [i, constOp] : llvm::enumerate(classes.members())) {
    GenericOp op = constOp;
    for (auto [o, result] : llvm::enumerate(op->getResults()))
      bytes += bytesOf(result) /
               rowsIn(classes, rows, i,
                      op.getMatchingIndexingMap(op.getDpsInitOperand(o)));
  }
  return bytes;
}

static bool hasFewRows(const LoopClasses &classes, ArrayRef<unsigned> rows) {
  int64_t count = 1, bytes = 0;
  for (unsigned cls : rows)
    count *= classes.extent(cls);
  for (GenericOp op : classes.members())
    forEachTensor(op, [&](Value tensor, AffineMap) {
      bytes = std::max(bytes, bytesOf(tensor));
    });
  return count < minRows && bytes >= threadedBytes;
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// Whether a contraction has elements to compute in each row, and all of them:
/// it is not summed across rows.
static bool hasLoopInRows(const LoopClasses &classes, ArrayRef<unsigned> rows,
                          unsigned op) {
  for (unsigned row : rows)
    if (classes.isReduced(op, row))
      return false;
  for (unsigned cls = 0; cls < classes.size(); ++cls)
    if (classes.loopIn(op, cls) >= 0 && !classes.isReduced(op, cls) &&
        !llvm::is_contained(rows, cls))
      return true;
  return false;
}

/// Whether contractions may run on a few rows at a time: there are several,
/// which pass large results on, and what the rows share stays in the cache, or
/// is at least no more to read, for each tile, than its rows' results would be.
static bool sharesLittle(const LoopClasses &classes, ArrayRef<unsigned> rows) {
  const bool tiles = llvm::any_of(classes.members(), isContraction);
  if (llvm::count_if(classes.members(), isContraction) == 1)
    return false;
  int64_t most =
      std::max(maxSharedBytes, tileRows * resultBytes(classes, rows));
  for (auto [i, constOp] : llvm::enumerate(classes.members())) {
    GenericOp op = constOp;
    if (!isContraction(op)) {
      // Sums across rows want the rows one by one.
      if (tiles && classes.isReduced(i, rows.front()))
        return false;
      continue;
    }
    if (!hasLoopInRows(classes, rows, i))
      return false;
    for (OpOperand *input : op.getDpsInputOperands())
      if (bytesOf(input->get()) /
              rowsIn(classes, rows, i, op.getMatchingIndexingMap(input)) >
          most)
        return false;
  }
  return true;
}

/// Whether products of integers are summed: with the contraction's whole arrays
/// in hand they are gathered in words, which is worth more than a cache.
static bool multipliesIntegers(GenericOp op) {
  return isContraction(op) &&
         isa<IntegerType>(getElementTypeOrSelf(op.getResult(0)));
}

/// Whether the second nest is elementwise over the contraction in the first.
static bool isEpilogue(const LoopClasses &classes, ArrayRef<Nest> nests) {
  if (nests.size() != 2 || nests[0].size() != 1 ||
      !isContraction(classes.members()[nests[0][0]]))
    return false;
  unsigned contraction = nests[0][0];
  for (unsigned op : nests[1]) {
    if (reduces(classes.members()[op]))
      return false;
    for (unsigned cls = 0; cls < classes.size(); ++cls) {
      bool parallel = classes.loopIn(contraction, cls) >= 0 &&
                      !classes.isReduced(contraction, cls);
      if (parallel != (classes.loopIn(op, cls) >= 0) ||
          (parallel && !classes.isRow(cls)))
        return false;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// The verdict
//===----------------------------------------------------------------------===//

static unsigned bodySize(GenericOp op) {
  return op.getBody()->getOperations().size();
}

/// Whether the body is straight-line code, which may move to other loops.
static bool isStraightLine(GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return inner.getNumRegions() == 0 && isMemoryEffectFree(&inner);
  });
}

/// Whether a body reads, by indices of its own, what another op computes.
static bool looksUp(ArrayRef<GenericOp> ops) {
  llvm::SmallDenseSet<Operation *> all(ops.begin(), ops.end());
  for (GenericOp op : ops) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegion(), captured);
    for (Value value : captured)
      if (all.contains(value.getDefiningOp()))
        return true;
  }
  return false;
}

/// Whether an op starts from what another computes: its destination.
static bool updates(ArrayRef<GenericOp> ops) {
  llvm::SmallDenseSet<Operation *> all(ops.begin(), ops.end());
  for (GenericOp op : ops)
    for (Value init : op.getDpsInits())
      if (all.contains(init.getDefiningOp()))
        return true;
  return false;
}

Verdict mg::judge(const LoopClasses &classes) {
  ArrayRef<GenericOp> ops = classes.members();
  if (!llvm::all_of(ops, isStraightLine))
    return {"a body is no straight-line code"};
  unsigned size = 0;
  for (GenericOp op : ops)
    size += bodySize(op);
  if (size > maxBodyOps || ops.size() > maxOps)
    return {"the kernel would be too long"};
  if (looksUp(ops))
    return {"elements are looked up by index"};
  if (updates(ops))
    return {"one updates the other's result"};
  Verdict verdict;
  verdict.nests = Clustering(classes, {}).run();
  if (verdict.nests.size() == 1)
    return verdict;
  if (isEpilogue(classes, verdict.nests)) {
    GenericOp contraction = ops[verdict.nests[0][0]];
    for (unsigned loop = 0; loop < contraction.getNumLoops(); ++loop)
      if (int cls = classes.classOf(verdict.nests[0][0], loop);
          cls >= 0 && !classes.isReduced(verdict.nests[0][0], cls))
        verdict.rows.push_back(cls);
    return verdict;
  }
  verdict.rows = chooseRows(classes);
  if (verdict.rows.empty())
    return {"they have no rows in common"};
  verdict.nests = Clustering(classes, verdict.rows).run();
  if (llvm::any_of(ops, multipliesIntegers))
    return {"products of integers are summed"};
  if (!sharesLittle(classes, verdict.rows))
    return {"a contraction would read an operand again for every row"};
  if (!fitsCache(classes, verdict.rows))
    return {"a row does not stay in the cache"};
  if (hasFewRows(classes, verdict.rows))
    return {"there are too few rows for threads"};
  return verdict;
}
