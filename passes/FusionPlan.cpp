//===- FusionPlan.cpp - which loops run in one trip through memory --------===//
//
// See FusionPlan.h; what is legal is in FusionLegality.cpp.
//
//===----------------------------------------------------------------------===//

#include "passes/FusionPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

#include <queue>

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

/// A shared input below this is no reason to join what is independent.
static constexpr int64_t minSharedBytes = 4 << 10;

namespace {

/// Ops that run together; one that is no loop nest is a group of its own.
struct Group {
  /// Numbers of nodes, rising.
  SmallVector<unsigned> nodes;
  /// Whether all ops are loop nests.
  bool fusable = false;
  bool hasContraction = false;
  /// Tensors of loop nests: what they read from outside, and what they write.
  llvm::SmallSetVector<Value, 8> reads, writes;
  llvm::SmallSetVector<unsigned, 8> before, after;
  unsigned first() const { return nodes.front(); }
  unsigned last() const { return nodes.back(); }
};

/// Two groups and what joining them saves.
struct Pair {
  int64_t bytes;
  unsigned a, b;
  bool operator<(const Pair &other) const {
    return std::tuple(bytes, other.a, other.b) < std::tuple(other.bytes, a, b);
  }
};

class Planner {
public:
  explicit Planner(Block &block);
  FusionPlan run();

private:
  void addNode(Operation &op);
  void addEdges(unsigned node);
  void joinBest();
  SmallVector<Pair> candidates() const;
  int64_t savedBytes(const Group &a, const Group &b) const;
  bool staysInside(Value tensor, const Group &a, const Group &b) const;
  bool joinBetweenContractions();
  const char *refusal(ArrayRef<unsigned> together) const;
  bool hasDetour(ArrayRef<unsigned> among) const;
  void moveTogether(unsigned a, unsigned b, unsigned both);
  unsigned join(unsigned a, unsigned b);
  SmallVector<GenericOp> opsOf(ArrayRef<unsigned> nodes) const;

  SmallVector<unsigned> order() const;
  void explain(FusionPlan &plan);

  Block &block;
  SmallVector<Operation *> nodes;
  DenseMap<Operation *, unsigned> numberOf;
  std::vector<Group> groups;
  /// By node.
  SmallVector<unsigned> groupOf;
  /// An order that can run, and by group the place in it. Groups that became
  /// part of another keep a place.
  std::vector<unsigned> sequence, position;
  /// By their two groups, which never change afterwards without a new number.
  DenseMap<std::pair<unsigned, unsigned>, const char *> refused;
};

} // namespace

bool mg::isDestination(Operation *op) {
  if (isa<linalg::FillOp>(op)) {
    Operation *value = op->getOperand(0).getDefiningOp();
    return value && value->hasTrait<OpTrait::ConstantLike>() &&
           op->getOperand(1).getDefiningOp<tensor::EmptyOp>();
  }
  return isa<tensor::EmptyOp>(op) || op->hasTrait<OpTrait::ConstantLike>();
}

static int64_t bytesOf(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  return type ? type.getNumElements() *
                    llvm::divideCeil(type.getElementTypeBitWidth(), 8)
              : 0;
}

static bool isNest(Operation &op) {
  auto generic = dyn_cast<GenericOp>(op);
  return generic && generic.hasPureTensorSemantics() &&
         !generic.hasDynamicShape() &&
         !llvm::is_contained(generic.getStaticLoopRanges(), 0);
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

void Planner::addNode(Operation &op) {
  unsigned number = nodes.size();
  nodes.push_back(&op);
  numberOf[&op] = number;
  groupOf.push_back(number);
  Group &group = groups.emplace_back();
  group.nodes.push_back(number);
  group.fusable = isNest(op);
  group.hasContraction = op.hasAttr("mg.contraction");
  if (!group.fusable)
    return;
  auto generic = cast<GenericOp>(op);
  for (OpOperand *input : generic.getDpsInputOperands())
    if (!generic.getMatchingBlockArgument(input).use_empty() &&
        isa<RankedTensorType>(input->get().getType()))
      group.reads.insert(input->get());
  for (Value result : op.getResults())
    group.writes.insert(result);
}

void Planner::addEdges(unsigned node) {
  llvm::SetVector<Value> values;
  values.insert(nodes[node]->operand_begin(), nodes[node]->operand_end());
  getUsedValuesDefinedAbove(nodes[node]->getRegions(), values);
  // What stands in for a destination's own operands.
  for (unsigned i = 0; i < values.size(); ++i)
    if (Operation *def = values[i].getDefiningOp(); def && isDestination(def))
      values.insert(def->operand_begin(), def->operand_end());
  for (Value value : values)
    if (auto found = numberOf.find(value.getDefiningOp());
        found != numberOf.end()) {
      groups[node].before.insert(found->second);
      groups[found->second].after.insert(node);
    }
}

Planner::Planner(Block &block) : block(block) {
  for (Operation &op : block.without_terminator())
    if (!isDestination(&op))
      addNode(op);
  std::optional<unsigned> effect;
  for (unsigned node = 0; node < nodes.size(); ++node) {
    addEdges(node);
    // What has effects keeps its order.
    if (isPure(nodes[node]) || isa<linalg::LinalgOp>(nodes[node]))
      continue;
    if (effect) {
      groups[node].before.insert(*effect);
      groups[*effect].after.insert(node);
    }
    effect = node;
  }
  // As in the program.
  const auto program = llvm::seq<unsigned>(0, groups.size());
  sequence.assign(program.begin(), program.end());
  position = sequence;
}

/// Whether a path leads from one of the groups to another through one that is
/// not among them. The groups have an order, so it can only go forwards, and no
/// further than to the last.
bool Planner::hasDetour(ArrayRef<unsigned> among) const {
  unsigned last = 0;
  for (unsigned group : among)
    last = std::max(last, position[group]);
  SmallVector<unsigned> open;
  llvm::SmallDenseSet<unsigned> seen(among.begin(), among.end());
  auto visit = [&](unsigned group) {
    for (unsigned next : groups[group].after)
      if (position[next] < last && seen.insert(next).second)
        open.push_back(next);
  };
  for (unsigned group : among)
    visit(group);
  while (!open.empty()) {
    unsigned group = open.pop_back_val();
    if (llvm::any_of(among, [&](unsigned member) {
          return groups[group].after.contains(member);
        }))
      return true;
    visit(group);
  }
  return false;
}

/// Gives `both` a place in the order instead of `a` and `b`: only what stands
/// between the two moves, behind it what waits for it. So joining neighbours
/// costs the same in a long program as in a short one.
void Planner::moveTogether(unsigned a, unsigned b, unsigned both) {
  const unsigned first = std::min(position[a], position[b]);
  const unsigned last = std::max(position[a], position[b]);
  llvm::SmallDenseSet<unsigned> waiting = {both};
  SmallVector<unsigned> earlier, later;
  // In order, so that what leads here was looked at before.
  for (unsigned place = first + 1; place < last; ++place) {
    const unsigned group = sequence[place];
    const bool waits = llvm::any_of(groups[group].before, [&](unsigned other) {
      return waiting.contains(other);
    });
    if (waits)
      waiting.insert(group);
    (waits ? later : earlier).push_back(group);
  }
  SmallVector<unsigned> moved = std::move(earlier);
  moved.push_back(both);
  llvm::append_range(moved, later);
  moved.push_back(a); // no group any more
  position.resize(groups.size());
  for (auto [i, group] : llvm::enumerate(moved)) {
    sequence[first + i] = group;
    position[group] = first + i;
  }
}

//===----------------------------------------------------------------------===//
// Joining
//===----------------------------------------------------------------------===//

bool Planner::staysInside(Value tensor, const Group &a, const Group &b) const {
  return llvm::all_of(tensor.getUsers(), [&](Operation *user) {
    Operation *at = block.findAncestorOpInBlock(*user);
    auto found = numberOf.find(at);
    return found != numberOf.end() &&
           (llvm::is_contained(a.nodes, found->second) ||
            llvm::is_contained(b.nodes, found->second));
  });
}

/// Bytes that do not travel if the two run together.
int64_t Planner::savedBytes(const Group &a, const Group &b) const {
  int64_t saved = 0, shared = 0;
  for (Value tensor : b.reads) {
    if (a.writes.contains(tensor))
      saved += bytesOf(tensor) * (staysInside(tensor, a, b) ? 2 : 1);
    else if (a.reads.contains(tensor))
      shared += bytesOf(tensor);
  }
  for (Value tensor : a.reads)
    if (b.writes.contains(tensor))
      saved += bytesOf(tensor) * (staysInside(tensor, a, b) ? 2 : 1);
  return saved == 0 && shared < minSharedBytes ? 0 : saved + shared;
}

SmallVector<Pair> Planner::candidates() const {
  llvm::SetVector<std::pair<unsigned, unsigned>> pairs;
  DenseMap<Value, SmallVector<unsigned>> readers;
  for (unsigned g = 0; g < groups.size(); ++g) {
    if (!groups[g].fusable)
      continue;
    for (unsigned next : groups[g].after)
      if (groups[next].fusable)
        pairs.insert({g, next});
    for (Value tensor : groups[g].reads)
      if (bytesOf(tensor) >= minSharedBytes)
        readers[tensor].push_back(g);
  }
  for (unsigned g = 0; g < groups.size(); ++g)
    for (Value tensor : groups[g].reads)
      for (unsigned other : readers[tensor])
        if (groups[g].fusable && g < other)
          pairs.insert({g, other});
  SmallVector<Pair> found;
  for (auto [a, b] : pairs)
    if (!refused.contains({a, b}))
      if (int64_t bytes = savedBytes(groups[a], groups[b]))
        found.push_back({bytes, a, b});
  llvm::sort(found, [](const Pair &x, const Pair &y) { return y < x; });
  return found;
}

SmallVector<GenericOp> Planner::opsOf(ArrayRef<unsigned> numbers) const {
  return llvm::map_to_vector(
      numbers, [&](unsigned node) { return cast<GenericOp>(nodes[node]); });
}

const char *Planner::refusal(ArrayRef<unsigned> together) const {
  if (hasDetour(together))
    return "something between them waits for one and the other for it";
  SmallVector<unsigned> all;
  for (unsigned group : together)
    llvm::append_range(all, groups[group].nodes);
  llvm::sort(all);
  return judge(LoopClasses(opsOf(all))).refusal;
}

/// Both become a new group. Whatever was refused for either may be legal now.
unsigned Planner::join(unsigned a, unsigned b) {
  groups.emplace_back();
  const unsigned both = groups.size() - 1;
  Group joined;
  joined.fusable = true;
  for (unsigned old : {a, b}) {
    Group &group = groups[old];
    llvm::append_range(joined.nodes, group.nodes);
    for (auto [from, to] : {std::pair(&group.reads, &joined.reads),
                            std::pair(&group.writes, &joined.writes)})
      to->insert(from->begin(), from->end());
    joined.before.insert(group.before.begin(), group.before.end());
    joined.after.insert(group.after.begin(), group.after.end());
    joined.hasContraction |= group.hasContraction;
  }
  llvm::sort(joined.nodes);
  for (unsigned old : {a, b}) {
    joined.before.remove(old);
    joined.after.remove(old);
  }
  for (unsigned other : joined.before) {
    groups[other].after.remove(a);
    groups[other].after.remove(b);
    groups[other].after.insert(both);
  }
  for (unsigned other : joined.after) {
    groups[other].before.remove(a);
    groups[other].before.remove(b);
    groups[other].before.insert(both);
  }
  for (unsigned node : joined.nodes)
    groupOf[node] = both;
  groups[a] = groups[b] = Group();
  groups[both] = std::move(joined);
  moveTogether(a, b, both);
  return both;
}

void Planner::joinBest() {
  for (bool changed = true; changed;) {
    changed = false;
    for (const Pair &pair : candidates()) {
      if (!groups[pair.a].fusable || !groups[pair.b].fusable)
        continue; // One is part of something larger by now.
      if (const char *why = refusal({pair.a, pair.b})) {
        refused[{pair.a, pair.b}] = why;
        continue;
      }
      join(pair.a, pair.b);
      changed = true;
    }
  }
}

/// What stands between two contractions joins neither alone: only together the
/// rows between them never reach memory.
bool Planner::joinBetweenContractions() {
  auto isContraction = [&](unsigned g) {
    return groups[g].fusable && groups[g].hasContraction;
  };
  for (unsigned g = 0; g < groups.size(); ++g) {
    if (!groups[g].fusable || groups[g].hasContraction)
      continue;
    for (unsigned before : groups[g].before)
      for (unsigned after : groups[g].after)
        if (isContraction(before) && isContraction(after) &&
            !refusal({before, g, after})) {
          join(join(before, g), after);
          return true;
        }
  }
  return false;
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

/// The groups in an order that can run, as near to the program's as may be.
SmallVector<unsigned> Planner::order() const {
  using Entry = std::pair<unsigned, unsigned>; // (last op, group)
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
  DenseMap<unsigned, unsigned> waiting;
  for (unsigned g = 0; g < groups.size(); ++g)
    if (!groups[g].nodes.empty()) {
      waiting[g] = groups[g].before.size();
      if (groups[g].before.empty())
        ready.push({groups[g].last(), g});
    }
  SmallVector<unsigned> result;
  while (!ready.empty()) {
    unsigned g = ready.top().second;
    ready.pop();
    result.push_back(g);
    for (unsigned next : groups[g].after)
      if (--waiting[next] == 0)
        ready.push({groups[next].last(), next});
  }
  return result;
}

/// One reason per tensor and user that are in two kernels.
void Planner::explain(FusionPlan &plan) {
  for (auto [number, op] : llvm::enumerate(nodes)) {
    unsigned to = groupOf[number];
    for (Value tensor : op->getOperands()) {
      auto def = numberOf.find(tensor.getDefiningOp());
      if (def == numberOf.end() || bytesOf(tensor) == 0)
        continue;
      unsigned from = groupOf[def->second];
      if (from == to)
        continue;
      const char *why = refused.lookup({from, to});
      if (!groups[from].fusable || !groups[to].fusable)
        why = "one of them is no loop nest";
      plan.unfused.push_back({tensor, op, why ? why : "it saves nothing"});
    }
  }
}

FusionPlan Planner::run() {
  joinBest();
  while (joinBetweenContractions())
    joinBest();
  FusionPlan plan;
  for (unsigned g : order()) {
    if (!groups[g].fusable) {
      plan.steps.push_back({nodes[groups[g].first()]});
      continue;
    }
    plan.steps.push_back({nullptr, int(plan.kernels.size())});
    Kernel &kernel = plan.kernels.emplace_back();
    kernel.ops = opsOf(groups[g].nodes);
    kernel.form = judge(LoopClasses(kernel.ops));
  }
  explain(plan);
  return plan;
}

FusionPlan mg::planFusion(Block &block) { return Planner(block).run(); }
