//===- IfRules.cpp - derivatives and batching of branches -----------------===//
//
// The derivative of an if is an if of derivatives. In reverse mode both
// branches return what the way back of either needs: values of equal type
// share a place, and a branch that has none puts zeros there.
//
//===----------------------------------------------------------------------===//
#include "ir/ControlFlow.h"
#include "ir/Ops.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::mg;

namespace {

/// The functions of the two branches.
using Branches = std::array<func::FuncOp, 2>;

/// What the branches save for the way back.
class Slots {
public:
  /// Places for the residuals of one branch: those that are arguments need
  /// none, for the way back has them anyway.
  void add(const SplitReverse &split) {
    llvm::SmallBitVector taken(types.size());
    SmallVector<int64_t> &mine = places.emplace_back();
    for (auto [type, argument] :
         llvm::zip(split.residuals, split.residualArgument)) {
      if (argument >= 0) {
        arguments.insert(argument);
        mine.push_back(-1);
        continue;
      }
      size_t slot = 0;
      while (slot < types.size() && (taken[slot] || types[slot] != type))
        ++slot;
      if (slot == types.size())
        types.push_back(type);
      taken.resize(types.size());
      taken.set(slot);
      mine.push_back(slot);
    }
  }

  /// A branch's results and residuals as results and slots.
  SmallVector<Value> fill(RuleBuilder &r, size_t branch,
                          ArrayRef<Value> residuals) const {
    SmallVector<Value> slots(types.size());
    for (auto [place, residual] : llvm::zip(places[branch], residuals))
      if (place >= 0)
        slots[place] = residual;
    for (auto [slot, type] : llvm::zip(slots, types))
      slot = r.materialize(slot, type);
    return slots;
  }

  /// And back: from saved arguments and slots to a branch's residuals.
  SmallVector<Value> residualsOf(const SplitReverse &split, size_t branch,
                                 ValueRange saved) const {
    SmallVector<Value> residuals;
    for (auto [place, argument] :
         llvm::zip(places[branch], split.residualArgument)) {
      const auto at = llvm::find(arguments, argument) - arguments.begin();
      residuals.push_back(saved[place < 0 ? at : arguments.size() + place]);
    }
    return residuals;
  }

  llvm::SetVector<int64_t> arguments;
  SmallVector<Type> types;

private:
  SmallVector<SmallVector<int64_t>> places;
};

} // namespace

static FailureOr<Branches> branchesOf(IfOp op, RuleBuilder &r) {
  auto first = r.functions().lookup(op, op.getThenFunctionAttr());
  auto second = r.functions().lookup(op, op.getElseFunctionAttr());
  if (failed(first) || failed(second))
    return failure();
  return Branches{*first, *second};
}

/// Results have the types of the branches' ones.
static SmallVector<Value> makeIf(RuleBuilder &r, ValueRange operands,
                                 Branches branches) {
  return r.makeAll("if", operands,
                   {functionAttribute(r, "then_function", branches[0]),
                    functionAttribute(r, "else_function", branches[1])},
                   branches[0].getResultTypes());
}

FailureOr<Forward> IfOp::emitForward(RuleBuilder &r, ValueRange operands,
                                     ArrayRef<Value> tangents) {
  FailureOr<Branches> branches = branchesOf(*this, r);
  if (failed(branches))
    return failure();
  const SmallVector<bool> active = present(tangents.drop_front());
  for (func::FuncOp &branch : *branches) {
    auto derived = r.functions().forwardFunction(branch, active);
    if (failed(derived))
      return failure();
    branch = *derived;
  }
  SmallVector<Value> values(operands);
  llvm::append_range(values, chosenOf(tangents.drop_front(), active));
  SmallVector<Value> all = makeIf(r, values, *branches);
  Forward out{SmallVector<Value>(ArrayRef(all).take_front(getNumResults())),
              SmallVector<Value>(getNumResults())};
  for (auto [number, tangent] :
       llvm::zip(floatNumbers(getResultTypes()), out.tangents))
    if (number >= 0)
      tangent = all[getNumResults() + number];
  return out;
}

FailureOr<Reverse> IfOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                     ArrayRef<bool> active) {
  FailureOr<Branches> branches = branchesOf(*this, r);
  if (failed(branches))
    return failure();
  const size_t numResults = getNumResults();
  const SmallVector<bool> wanted(active.drop_front());
  SmallVector<SplitReverse> splits;
  Slots slots;
  for (func::FuncOp branch : *branches) {
    auto split = r.functions().split(branch, wanted);
    if (failed(split))
      return failure();
    slots.add(*split);
    splits.push_back(*split);
  }
  Branches there, back;
  for (size_t i : {0, 1})
    there[i] = r.functions().create(
        ((*branches)[i].getName() + ".save").str(), r.getLoc(),
        operands.drop_front().getTypes(),
        [&](RuleBuilder &inner, ValueRange values) {
          SmallVector<Value> all = inner.inlineBody(splits[i].forward, values);
          SmallVector<Value> saved =
              slots.fill(inner, i, ArrayRef(all).drop_front(numResults));
          all.truncate(numResults);
          llvm::append_range(all, saved);
          return all;
        });
  SmallVector<Value> results = makeIf(r, operands, there);
  SmallVector<Value> saved{operands.front()};
  for (int64_t argument : slots.arguments)
    saved.push_back(operands[1 + argument]);
  llvm::append_range(saved, ArrayRef(results).drop_front(numResults));
  results.truncate(numResults);
  auto pull = [splits, slots, saved, results,
               wanted](RuleBuilder &r, ArrayRef<Value> cotangents,
                       MutableArrayRef<Value> gradients) -> LogicalResult {
    SmallVector<Value> values = saved;
    for (auto [result, cotangent] : llvm::zip(results, cotangents))
      if (isDifferentiable(result.getType()))
        values.push_back(r.materialize(cotangent, result.getType()));
    const size_t before = saved.size() - 1;
    Branches back;
    for (size_t i : {0, 1}) {
      func::FuncOp backward = splits[i].backward;
      back[i] = r.functions().create(
          (backward.getName() + ".load").str(), r.getLoc(),
          ValueRange(values).drop_front().getTypes(),
          [&](RuleBuilder &inner, ValueRange given) {
            SmallVector<Value> all = slots.residualsOf(splits[i], i, given);
            llvm::append_range(all, given.drop_front(before));
            return inner.inlineBody(backward, all);
          });
    }
    SmallVector<Value> answers = makeIf(r, values, back);
    size_t next = 0;
    for (auto [isWanted, gradient] : llvm::zip(wanted, gradients.drop_front()))
      if (isWanted)
        gradient = answers[next++];
    return success();
  };
  return Reverse{results, pull};
}

//===----------------------------------------------------------------------===//
// Batching
//===----------------------------------------------------------------------===//

/// Both branches, and per element the result of one.
static FailureOr<SmallVector<Mapped>> batchBoth(RuleBuilder &r,
                                                Branches branches,
                                                Value condition,
                                                ArrayRef<Mapped> operands) {
  auto first = r.functions().batch(r, branches[0], operands);
  auto second = r.functions().batch(r, branches[1], operands);
  if (failed(first) || failed(second))
    return failure();
  SmallVector<Mapped> results;
  for (auto [a, b] : llvm::zip(*first, *second)) {
    Value yes = r.mapped(a), no = r.mapped(b);
    results.push_back(
        {r.select(r.broadcast(condition, {0}, shape(yes)), yes, no), true});
  }
  return results;
}

FailureOr<SmallVector<Mapped>> IfOp::batch(RuleBuilder &r,
                                           ArrayRef<Mapped> operands) {
  FailureOr<Branches> branches = branchesOf(*this, r);
  if (failed(branches))
    return failure();
  if (operands[0].isMapped)
    return batchBoth(r, *branches, operands[0].value, operands.drop_front());
  SmallVector<Value> values;
  SmallVector<bool> mapped;
  for (const Mapped &operand : operands) {
    values.push_back(operand.value);
    mapped.push_back(operand.isMapped);
  }
  // The branches' results must be of one type: mapped where that of one is.
  bool agree = true;
  SmallVector<bool> first, second;
  Branches made;
  for (bool mapAll : {false, true}) {
    for (auto [branch, out, results] :
         llvm::zip(*branches, made, ArrayRef({&first, &second}))) {
      results->clear();
      auto batched =
          r.functions().batchFunction(branch, ArrayRef(mapped).drop_front(),
                                      r.batchSize(), mapAll, *results);
      if (failed(batched))
        return failure();
      out = *batched;
    }
    agree = first == second;
    if (agree)
      break;
  }
  SmallVector<Mapped> results;
  for (auto [value, isMapped] : llvm::zip(makeIf(r, values, made), first))
    results.push_back({value, isMapped});
  return results;
}
