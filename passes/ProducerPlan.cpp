//===- ProducerPlan.cpp - Which ops are computed inside which loops
//---------===//

#include "passes/ProducerPlan.h"

#include "passes/LoopBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CastInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace {

/// Where an op is computed: in the loops of `root`, at `map`.
struct Placement {
  GenericOp root;
  AffineMap map;
  bool operator==(const Placement &other) const {
    return root == other.root && map == other.map;
  }
};

/// What the users of an op want.
struct Demand {
  SmallVector<Placement> placements;
  /// Some user needs the result in memory.
  bool tensor = false;
};

class Planner {
public:
  explicit Planner(bool viewsOnly) : viewsOnly(viewsOnly) {}
  SmallVector<FusedNest> plan(Block &block);

private:
  void place(GenericOp op);
  Demand demandOn(GenericOp op);
  bool endApart(GenericOp op, GenericOp root);
  bool hasRoomFor(GenericOp op, GenericOp root) const;
  void add(const Placement &placement, GenericOp producer, Demand &demand);

  bool viewsOnly;
  /// Where each op is computed; its own loops included if it keeps them.
  DenseMap<Operation *, SmallVector<Placement>> placements;
  /// By root, producers in reverse order.
  llvm::MapVector<Operation *, SmallVector<FusedOp>> kernels;
  /// By root, how many arrays its producers read beyond their own results.
  DenseMap<Operation *, unsigned> addedReads;
};

} // namespace

static int64_t steps(linalg::LinalgOp op) {
  int64_t product = 1;
  for (int64_t bound : op.getStaticLoopRanges())
    product *= bound;
  return product;
}

/// Whether the body is straight-line code, which may move to other loops.
static bool isStraightLine(GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return inner.getNumRegions() == 0 && isMemoryEffectFree(&inner);
  });
}

/// Whether element (i, j, ..) of the only result is the body at (i, j, ..).
static bool isProducer(GenericOp op) {
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 ||
      op.hasDynamicShape() || op.getNumLoops() != op.getNumParallelLoops())
    return false;
  OpOperand *output = op.getDpsInitOperand(0);
  return op.getMatchingIndexingMap(output).isIdentity() &&
         !op.payloadUsesValueFromOperand(output) && isStraightLine(op);
}

/// Whether the op moves elements of its one input, and at most casts them.
static bool isView(GenericOp op) {
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return isa<CastOpInterface, linalg::IndexOp>(inner) ||
           inner.hasTrait<OpTrait::ConstantLike>();
  });
}

/// A mask or a range is not worth a load.
static constexpr int maxSourceOps = 12;

/// Takes from `left` the ops that make an element of `tensor`; negative where
/// it is made of more than the loops' indices and constants.
static void countSourceOps(Value tensor, int &left) {
  if (matchPattern(tensor, m_Constant()))
    return;
  auto op = tensor.getDefiningOp<GenericOp>();
  if (!op || !isProducer(op)) {
    left = -1;
    return;
  }
  for (Operation &inner : op.getBody()->without_terminator()) {
    bool isCheap = isa<linalg::IndexOp>(inner) ||
                   isa<arith::ArithDialect>(inner.getDialect());
    bool divides = isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
                       arith::RemUIOp, arith::DivFOp, arith::RemFOp>(inner);
    left = isCheap && !divides ? left - 1 : -1;
    if (left < 0)
      return;
  }
  for (OpOperand *input : op.getDpsInputOperands())
    if (left >= 0 && !op.getMatchingBlockArgument(input).use_empty())
      countSourceOps(input->get(), left);
}

/// Whether the op makes elements of little but the loops' indices.
static bool isSource(GenericOp op) {
  int left = maxSourceOps;
  countSourceOps(op->getResult(0), left);
  return left >= 0;
}

/// Whether the op only permutes and repeats dimensions of its input.
static bool isPermutingView(GenericOp op) {
  return op.getNumDpsInputs() == 1 && llvm::hasSingleElement(*op.getBody()) &&
         op.getMatchingIndexingMap(op.getDpsInputOperand(0))
             .isProjectedPermutation();
}

static bool isContraction(GenericOp op) {
  return op->hasAttr("mg.contraction");
}

static int64_t bytesOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getNumElements() *
         llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// Whether a contraction had better compute the result than read it: it is made
/// of fewer bytes, all of them there from the start. (What a loop computes, the
/// result may follow in that loop.)
static bool isPrologue(GenericOp op) {
  llvm::SmallSetVector<Value, 8> made;
  made.insert(op->getResult(0));
  int64_t bytes = 0;
  for (unsigned i = 0; i < made.size(); ++i) {
    Operation *source = made[i].getDefiningOp();
    auto producer = dyn_cast_or_null<GenericOp>(source);
    if (producer && isProducer(producer)) {
      for (OpOperand *input : producer.getDpsInputOperands())
        if (!producer.getMatchingBlockArgument(input).use_empty())
          made.insert(input->get());
    } else if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
                   source)) {
      made.insert(source->getOperand(0));
    } else if (!matchPattern(made[i], m_Constant())) {
      if (source)
        return false;
      bytes += bytesOf(made[i]);
    }
  }
  return bytes < bytesOf(op->getResult(0));
}

/// Rows of a product that share what is read of a factor in registers.
static constexpr int64_t fewUses = 8;

/// Whether the contraction computes an element of the producer once, or about
/// so, in registers.
static bool isUsedRarely(const Placement &at) {
  GenericOp root = at.root;
  SmallVector<int64_t> bounds = root.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators = root.getIteratorTypesArray();
  int64_t uses = 1;
  for (auto [d, iterator] : llvm::enumerate(iterators))
    if (iterator == utils::IteratorType::parallel && !at.map.isFunctionOfDim(d))
      uses *= bounds[d];
  return uses <= fewUses;
}

static bool isPrologueAt(const Placement &at, GenericOp producer) {
  return isContraction(at.root) && isUsedRarely(at) && isPrologue(producer);
}

static bool accepts(const Placement &at, GenericOp producer) {
  return !isContraction(at.root) || isPermutingView(producer) ||
         isPrologueAt(at, producer);
}

/// Whether the op may run where a contraction has its sums in registers.
static bool endsContraction(GenericOp op) {
  return llvm::any_of(op.getDpsInputs(), [](Value input) {
    Operation *source = input.getDefiningOp();
    return source && source->hasAttr("mg.contraction") && input.hasOneUse();
  });
}

/// Whether both may run at the end of contractions, which are not one: each at
/// its own, a sum of products keeps one array at a time.
bool Planner::endApart(GenericOp op, GenericOp root) {
  if (!endsContraction(op))
    return false;
  return endsContraction(root) ||
         llvm::any_of(kernels[root], [](const FusedOp &fused) {
           return endsContraction(fused.op);
         });
}

/// Arrays that one kernel reads, where it would be more by arithmetic.
static constexpr unsigned maxReads = 64;

static unsigned countReads(GenericOp op) {
  return llvm::count_if(op.getDpsInputOperands(), [&](OpOperand *input) {
    return isa<RankedTensorType>(input->get().getType()) &&
           !op.getMatchingBlockArgument(input).use_empty();
  });
}

bool Planner::hasRoomFor(GenericOp op, GenericOp root) const {
  return countReads(op) <= 1 ||
         countReads(root) + addedReads.lookup(root) + countReads(op) <=
             maxReads;
}

void Planner::add(const Placement &placement, GenericOp producer,
                  Demand &demand) {
  if (!accepts(placement, producer))
    demand.tensor = true;
  else if (!llvm::is_contained(demand.placements, placement))
    demand.placements.push_back(placement);
}

Demand Planner::demandOn(GenericOp op) {
  Demand demand;
  for (OpOperand &use : op->getUses()) {
    auto user = dyn_cast<GenericOp>(use.getOwner());
    auto placed = user ? placements.find(user) : placements.end();
    if (placed == placements.end() || !user.isDpsInput(&use)) {
      demand.tensor = true;
      continue;
    }
    for (const Placement &at : placed->second)
      add({at.root, composeAccess(use, at.map)}, op, demand);
  }
  return demand;
}

void Planner::place(GenericOp op) {
  Demand demand;
  bool fused = false, stays = true;
  if (isProducer(op)) {
    demand = demandOn(op);
    stays = demand.tensor;
    fused =
        isView(op) || (!viewsOnly && isSource(op)) ||
        (!viewsOnly && !demand.tensor && demand.placements.size() == 1 &&
         hasRoomFor(op, demand.placements.front().root) &&
         ((steps(demand.placements.front().root) <= steps(op) &&
           !endApart(op, demand.placements.front().root)) ||
          (isContraction(demand.placements.front().root) && isPrologue(op))));
  }
  SmallVector<Placement> &at = placements[op];
  if (fused)
    at = demand.placements;
  for (const Placement &placement : at) {
    kernels[placement.root].push_back({op, placement.map});
    addedReads[placement.root] += countReads(op) - std::min(countReads(op), 1u);
  }
  if (!fused || stays)
    at.push_back({op, AffineMap::getMultiDimIdentityMap(op.getNumLoops(),
                                                        op.getContext())});
}

SmallVector<FusedNest> Planner::plan(Block &block) {
  for (Operation &op : llvm::reverse(block))
    if (auto generic = dyn_cast<GenericOp>(op);
        generic && generic.hasPureTensorSemantics() &&
        !generic.hasDynamicShape())
      place(generic);
  SmallVector<FusedNest> plan;
  for (auto &[root, producers] : llvm::reverse(kernels)) {
    std::reverse(producers.begin(), producers.end());
    plan.push_back({cast<GenericOp>(root), std::move(producers)});
  }
  return plan;
}

SmallVector<FusedNest> mg::planProducers(Block &block, bool viewsOnly) {
  return Planner(viewsOnly).plan(block);
}
