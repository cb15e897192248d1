//===- LoopClasses.cpp - which loops of several ops are the same ----------===//

#include "passes/LoopClasses.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::mg;
using linalg::GenericOp;

namespace {

using Touch = LoopClasses::Touch;

/// Loops of all ops in one numbering, joined to classes.
class Joiner {
public:
  explicit Joiner(ArrayRef<GenericOp> ops);
  void joinAll();
  SmallVector<SmallVector<int>> classes(SmallVectorImpl<int64_t> &extents);

  llvm::MapVector<Value, SmallVector<Touch>> touches;

private:
  void joinThrough(Value tensor, bool internal);
  void join(unsigned a, unsigned b);
  unsigned find(unsigned loop) const;
  int64_t extentOf(unsigned op, unsigned loop) const {
    return bounds[first[op] + loop];
  }

  ArrayRef<GenericOp> ops;
  /// The number of an op's first loop.
  SmallVector<unsigned> first;
  SmallVector<unsigned> parent;
  SmallVector<int64_t> bounds;
  /// Per class (at its root): the ops with a loop in it.
  SmallVector<llvm::SmallBitVector> members;
};

} // namespace

Joiner::Joiner(ArrayRef<GenericOp> ops) : ops(ops) {
  for (unsigned i = 0; i < ops.size(); ++i) {
    first.push_back(parent.size());
    for (int64_t bound : GenericOp(ops[i]).getStaticLoopRanges()) {
      parent.push_back(parent.size());
      bounds.push_back(bound);
      llvm::SmallBitVector own(ops.size());
      own.set(i);
      members.push_back(own);
    }
  }
  for (unsigned i = 0; i < ops.size(); ++i) {
    GenericOp op = ops[i];
    for (auto [o, result] : llvm::enumerate(op->getResults()))
      touches[result].push_back(
          {i, op.getMatchingIndexingMap(op.getDpsInitOperand(o)), true});
  }
  for (unsigned i = 0; i < ops.size(); ++i) {
    GenericOp op = ops[i];
    for (OpOperand *input : op.getDpsInputOperands())
      if (!op.getMatchingBlockArgument(input).use_empty())
        touches[input->get()].push_back(
            {i, op.getMatchingIndexingMap(input), false});
  }
}

unsigned Joiner::find(unsigned loop) const {
  while (parent[loop] != loop)
    loop = parent[loop];
  return loop;
}

/// Never joins two loops of one op: x + transpose(x) has two classes.
void Joiner::join(unsigned a, unsigned b) {
  a = find(a), b = find(b);
  if (a == b || members[a].anyCommon(members[b]))
    return;
  parent[b] = a;
  members[a] |= members[b];
}

void Joiner::joinThrough(Value tensor, bool internal) {
  ArrayRef<Touch> all = touches[tensor];
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || all.size() < 2 || all.front().writes != internal)
    return;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    std::optional<unsigned> previous;
    for (const Touch &touch : all) {
      auto loop = dyn_cast<AffineDimExpr>(touch.map.getResult(dim));
      if (!loop ||
          extentOf(touch.op, loop.getPosition()) != type.getDimSize(dim))
        continue;
      unsigned number = first[touch.op] + loop.getPosition();
      if (previous)
        join(*previous, number);
      previous = number;
    }
  }
}

/// What passes between ops first: it decides whether rows exist.
void Joiner::joinAll() {
  for (bool internal : {true, false})
    for (auto &[tensor, all] : touches)
      joinThrough(tensor, internal);
}

SmallVector<SmallVector<int>>
Joiner::classes(SmallVectorImpl<int64_t> &extents) {
  DenseMap<unsigned, int> numbers;
  SmallVector<SmallVector<int>> result(ops.size());
  for (unsigned i = 0; i < ops.size(); ++i) {
    unsigned end = i + 1 < ops.size() ? first[i + 1] : parent.size();
    for (unsigned loop = first[i]; loop < end; ++loop) {
      if (bounds[loop] == 1) {
        result[i].push_back(-1);
        continue;
      }
      auto [entry, isNew] = numbers.insert({find(loop), extents.size()});
      if (isNew)
        extents.push_back(bounds[loop]);
      result[i].push_back(entry->second);
    }
  }
  return result;
}

LoopClasses::LoopClasses(ArrayRef<GenericOp> list) : ops(list) {
  Joiner joiner(ops);
  joiner.joinAll();
  classes = joiner.classes(extents);
  rows.resize(size(), true);
  for (unsigned cls = 0; cls < size(); ++cls)
    for (unsigned op = 0; op < ops.size(); ++op)
      if (loopIn(op, cls) < 0)
        rows.reset(cls);
  for (auto &[tensor, touches] : joiner.touches)
    see(touches);
}

/// Per dimension of the tensor the class of the loop that indexes it; -1 where
/// it is none.
SmallVector<int> LoopClasses::classesOf(unsigned op, AffineMap map) const {
  return llvm::map_to_vector(map.getResults(), [&](AffineExpr index) {
    auto loop = dyn_cast<AffineDimExpr>(index);
    return loop ? classOf(op, loop.getPosition()) : -1;
  });
}

/// Learns from all that touch one tensor, its writer first.
void LoopClasses::see(ArrayRef<Touch> touches) {
  SmallVector<int> written = classesOf(touches[0].op, touches[0].map);
  for (const Touch &touch : touches) {
    SmallVector<int> read = classesOf(touch.op, touch.map);
    dims.push_back(llvm::to_vector(
        llvm::make_filter_range(read, [](int cls) { return cls >= 0; })));
    if (!touches[0].writes || touches.size() == 1)
      continue;
    // What an op reads of another's result it must read at its own row.
    for (unsigned cls = 0; cls < size(); ++cls) {
      auto dim = llvm::find(written, int(cls));
      if (dim == written.end() || read[dim - written.begin()] != int(cls))
        rows.reset(cls);
    }
  }
}

int LoopClasses::loopIn(unsigned op, unsigned cls) const {
  auto found = llvm::find(classes[op], int(cls));
  return found == classes[op].end() ? -1 : found - classes[op].begin();
}

bool LoopClasses::isReduced(unsigned op, unsigned cls) const {
  int loop = loopIn(op, cls);
  return loop >= 0 && GenericOp(ops[op]).getIteratorTypesArray()[loop] ==
                          utils::IteratorType::reduction;
}
