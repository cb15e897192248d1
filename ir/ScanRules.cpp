//===- ScanRules.cpp - derivatives and batching of scans ------------------===//
//
// Forward mode is a scan that carries tangents as well. Reverse mode is two
// scans: one on the way there, which stacks what the way back needs of every
// step, and one in the other direction, which carries the cotangents of the
// carries and the sums of those of the constants.
//
// What the way back needs is not stacked where it is there anyway: constants,
// what depends on nothing else, sequences, outputs.
//
//===----------------------------------------------------------------------===//
#include "ir/ControlFlow.h"
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

static StringRef nameOf(func::FuncOp function) { return function.getName(); }

/// Activity of the body's arguments: a carry is active if it begins so, or
/// becomes so in a step.
static void growActivity(func::FuncOp body, size_t consts, size_t carries,
                         MutableArrayRef<bool> active) {
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<bool> results = dependentResults(body, active);
    for (size_t i = 0; i < carries; ++i)
      if (results[i] && !active[consts + i])
        active[consts + i] = changed = true;
  }
}

/// `tangents` of the operands that are active, zeros where there is none.
static SmallVector<Value> tangentsOf(RuleBuilder &r, ValueRange operands,
                                     ArrayRef<Value> tangents,
                                     ArrayRef<bool> active) {
  SmallVector<Value> values;
  for (auto [operand, tangent, isActive] :
       llvm::zip(operands, tangents, active))
    if (isActive)
      values.push_back(r.materialize(tangent, operand.getType()));
  return values;
}

static NewScan copyOf(ScanOp op, ValueRange operands) {
  const size_t consts = op.getConsts(), carries = op.getCarries();
  return {SmallVector<Value>(operands.take_front(consts)),
          SmallVector<Value>(operands.slice(consts, carries)),
          SmallVector<Value>(operands.drop_front(consts + carries)),
          static_cast<int64_t>(op.getLength()), op.getReverse()};
}

//===----------------------------------------------------------------------===//
// Forward mode
//===----------------------------------------------------------------------===//

FailureOr<Forward> ScanOp::emitForward(RuleBuilder &r, ValueRange operands,
                                       ArrayRef<Value> tangents) {
  FailureOr<func::FuncOp> body = r.functions().lookup(*this, getBodyAttr());
  if (failed(body))
    return failure();
  const size_t consts = getConsts(), carries = getCarries();
  SmallVector<bool> active = present(tangents);
  growActivity(*body, consts, carries, active);
  auto jvp = r.functions().forwardFunction(*body, active);
  if (failed(jvp))
    return failure();
  const SmallVector<bool> depends = dependentResults(*body, active);
  const SmallVector<int64_t> numbers = floatNumbers(body->getResultTypes());
  NewScan scan = copyOf(*this, operands);
  auto extend = [&](SmallVector<Value> &role, size_t first, size_t count) {
    llvm::append_range(role, tangentsOf(r, operands.slice(first, count),
                                        tangents.slice(first, count),
                                        ArrayRef(active).slice(first, count)));
  };
  const size_t before = consts + carries, sequences = operands.size() - before;
  extend(scan.consts, 0, consts);
  extend(scan.carries, consts, carries);
  extend(scan.sequences, before, sequences);
  auto emit = [&](RuleBuilder &inner, ValueRange c, ValueRange k,
                  ValueRange s) {
    SmallVector<Value> values(c.take_front(consts));
    llvm::append_range(values, k.take_front(carries));
    llvm::append_range(values, s.take_front(sequences));
    llvm::append_range(values, c.drop_front(consts));
    llvm::append_range(values, k.drop_front(carries));
    llvm::append_range(values, s.drop_front(sequences));
    SmallVector<Value> all = inner.inlineBody(*jvp, values), results;
    auto give = [&](size_t from, size_t to, bool isTangent) {
      for (size_t i = from; i < to; ++i) {
        const bool wanted = i < carries ? active[consts + i] : depends[i];
        if (!isTangent)
          results.push_back(all[i]);
        else if (wanted)
          results.push_back(all[numbers.size() + numbers[i]]);
      }
    };
    give(0, carries, false);
    give(0, carries, true);
    give(carries, numbers.size(), false);
    give(carries, numbers.size(), true);
    return results;
  };
  SmallVector<Value> all = scan.make(r, nameOf(*body) + ".forward", emit);
  // In the order in which `emit` gives them.
  Forward out{{}, SmallVector<Value>(getNumResults())};
  size_t next = 0;
  for (auto [from, to] :
       {std::pair<size_t, size_t>(0, carries),
        std::pair<size_t, size_t>(carries, getNumResults())}) {
    for (size_t i = from; i < to; ++i)
      out.results.push_back(all[next++]);
    for (size_t i = from; i < to; ++i)
      if (i < carries ? active[consts + i] : depends[i])
        out.tangents[i] = all[next++];
  }
  return out;
}

//===----------------------------------------------------------------------===//
// Reverse mode
//===----------------------------------------------------------------------===//

namespace {

/// Where the way back finds the residuals of the body.
class Residuals {
public:
  Residuals(ScanOp op, func::FuncOp body, const SplitReverse &split,
            ValueRange operands)
      : op(op), split(split), operands(operands) {
    findInvariant(body);
  }

  /// Sorts them. What is constant over the steps is emitted at r's place.
  void sort(RuleBuilder &r);

  /// Residuals, by number, that the way there has to stack.
  SmallVector<size_t> stacked;
  /// Operands of the way back: constants and sequences.
  SmallVector<Value> consts, sequences;
  /// Per residual: its number among `consts`, or, after them, `sequences`.
  struct Place {
    bool isConst;
    size_t number;
  };
  SmallVector<Place> places;

  /// The stacks, in the order of `stacked`, join the sequences.
  void addStacks(ArrayRef<Value> outputs, ArrayRef<Value> stacks);
  SmallVector<Value> load(ValueRange consts, ValueRange slices) const {
    return llvm::map_to_vector(places, [&](Place place) -> Value {
      return place.isConst ? consts[place.number] : slices[place.number];
    });
  }

private:
  void findInvariant(func::FuncOp body);
  Value emitOutside(OpBuilder &builder, Value value);
  Operation *end() { return split.forward.getBody().front().getTerminator(); }
  void placeConst(size_t i, Value value) {
    places[i] = {true, consts.size()};
    consts.push_back(value);
  }
  void placeSequence(size_t i, Value value) {
    places[i] = {false, sequences.size()};
    sequences.push_back(value);
  }

  ScanOp op;
  SplitReverse split;
  SmallVector<Value> operands;
  /// Values of the way there that are the same in every step; the arguments
  /// among them with what they are outside.
  DenseSet<Value> invariant;
  IRMapping outside;
  /// (residual, output that it is)
  SmallVector<std::pair<size_t, size_t>> shared;
};

} // namespace

void Residuals::findInvariant(func::FuncOp body) {
  Operation *next = body.getBody().front().getTerminator();
  const size_t consts = op.getConsts(), carries = op.getCarries();
  auto isSame = [&](size_t i) {
    return i < consts || (i < consts + carries &&
                          next->getOperand(i - consts) == body.getArgument(i));
  };
  for (size_t i = 0; i < consts + carries; ++i)
    if (isSame(i)) {
      invariant.insert(split.forward.getArgument(i));
      outside.map(split.forward.getArgument(i), operands[i]);
    }
  for (Operation &inner : split.forward.getBody().front().without_terminator())
    if (llvm::all_of(inner.getOperands(),
                     [&](Value v) { return invariant.contains(v); }))
      invariant.insert(inner.result_begin(), inner.result_end());
}

Value Residuals::emitOutside(OpBuilder &builder, Value value) {
  if (Value known = outside.lookupOrNull(value))
    return known;
  Operation *inner = value.getDefiningOp();
  for (Value operand : inner->getOperands())
    emitOutside(builder, operand);
  builder.clone(*inner, outside);
  return outside.lookup(value);
}

void Residuals::sort(RuleBuilder &r) {
  const size_t before = op.getConsts() + op.getCarries();
  const size_t carries = op.getCarries(), results = op.getNumResults();
  places.resize(split.residuals.size());
  for (size_t i = 0; i < places.size(); ++i) {
    Value value = end()->getOperand(results + i);
    const int64_t argument = split.residualArgument[i];
    if (invariant.contains(value)) {
      placeConst(i, emitOutside(r.getBuilder(), value));
    } else if (argument >= static_cast<int64_t>(before)) {
      placeSequence(i, operands[argument]);
    } else {
      size_t output = carries;
      while (output < results && end()->getOperand(output) != value)
        ++output;
      if (output < results)
        shared.emplace_back(i, output);
      else
        stacked.push_back(i);
    }
  }
}

void Residuals::addStacks(ArrayRef<Value> outputs, ArrayRef<Value> stacks) {
  for (auto [i, output] : shared)
    placeSequence(i, outputs[output]);
  for (auto [i, stack] : llvm::zip(stacked, stacks))
    placeSequence(i, stack);
}

namespace {

/// The way back of a scan.
struct ScanPull {
  Residuals residuals;
  SplitReverse split;
  SmallVector<Value> operands, results;
  /// Of the operands.
  SmallVector<bool> active;
  size_t consts, carries;
  int64_t length;
  bool reverse; // of the way there

  ArrayRef<bool> activeConsts() const {
    return ArrayRef(active).take_front(consts);
  }
  ArrayRef<bool> activeCarries() const {
    return ArrayRef(active).slice(consts, carries);
  }

  LogicalResult operator()(RuleBuilder &r, ArrayRef<Value> cotangents,
                           MutableArrayRef<Value> gradients) const;

private:
  /// Carries: cotangents of active carries, sums for active constants.
  /// Sequences: residuals, then the cotangents of outputs that have one.
  NewScan loop(RuleBuilder &r, ArrayRef<Value> cotangents) const;
  SmallVector<Value> step(RuleBuilder &r, ArrayRef<Value> cotangents,
                          ValueRange consts, ValueRange carried,
                          ValueRange slices) const;
};

} // namespace

NewScan ScanPull::loop(RuleBuilder &r, ArrayRef<Value> cotangents) const {
  NewScan scan;
  scan.consts = residuals.consts;
  scan.sequences = residuals.sequences;
  scan.length = length;
  scan.reverse = !reverse;
  for (size_t i = 0; i < carries; ++i)
    if (activeCarries()[i])
      scan.carries.push_back(
          r.materialize(cotangents[i], results[i].getType()));
  for (Value operand :
       chosenOf(ValueRange(operands).take_front(consts), activeConsts()))
    scan.carries.push_back(r.zeros(operand.getType()));
  for (Value cotangent : cotangents.drop_front(carries))
    if (cotangent)
      scan.sequences.push_back(cotangent);
  return scan;
}

SmallVector<Value> ScanPull::step(RuleBuilder &r, ArrayRef<Value> cotangents,
                                  ValueRange consts, ValueRange carried,
                                  ValueRange slices) const {
  SmallVector<Value> values = residuals.load(consts, slices);
  size_t carry = 0, slice = residuals.sequences.size();
  for (auto [i, result] : llvm::enumerate(results)) {
    const bool isCarry = i < carries;
    Value given;
    if (isCarry && activeCarries()[i])
      given = carried[carry++];
    else if (!isCarry && cotangents[i])
      given = slices[slice++];
    if (!isDifferentiable(result.getType()))
      continue;
    auto type = tensorType(result);
    values.push_back(r.materialize(
        given, isCarry ? type : type.clone(type.getShape().drop_front())));
  }
  // In the order of the arguments: constants, carries, sequences.
  SmallVector<Value> answers = r.inlineBody(split.backward, values);
  const size_t sums = llvm::count(activeConsts(), true);
  SmallVector<Value> next(ArrayRef(answers).slice(sums, carry));
  for (size_t i = 0; i < sums; ++i)
    next.push_back(r.add(carried[carry + i], answers[i]));
  llvm::append_range(next, ArrayRef(answers).drop_front(sums + carry));
  return next;
}

LogicalResult ScanPull::operator()(RuleBuilder &r, ArrayRef<Value> cotangents,
                                   MutableArrayRef<Value> gradients) const {
  SmallVector<Value> all =
      loop(r, cotangents)
          .make(r, nameOf(split.backward) + ".scan",
                [&](RuleBuilder &inner, ValueRange consts, ValueRange carried,
                    ValueRange slices) {
                  return step(inner, cotangents, consts, carried, slices);
                });
  size_t next = 0;
  auto give = [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i)
      if (active[i])
        gradients[i] = all[next++];
  };
  give(consts, carries);
  give(0, consts);
  give(consts + carries, gradients.size() - consts - carries);
  return success();
}

FailureOr<Reverse> ScanOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                       ArrayRef<bool> given) {
  FailureOr<func::FuncOp> body = r.functions().lookup(*this, getBodyAttr());
  if (failed(body))
    return failure();
  SmallVector<bool> active(given);
  growActivity(*body, getConsts(), getCarries(), active);
  FailureOr<SplitReverse> split = r.functions().split(*body, active);
  if (failed(split))
    return failure();
  Residuals residuals(*this, *body, *split, operands);
  residuals.sort(r);
  const size_t count = getNumResults();
  SmallVector<Value> all =
      copyOf(*this, operands)
          .make(r, nameOf(*body) + ".save",
                [&](RuleBuilder &inner, ValueRange consts, ValueRange carries,
                    ValueRange slices) {
                  SmallVector<Value> values(consts);
                  llvm::append_range(values, carries);
                  llvm::append_range(values, slices);
                  SmallVector<Value> out =
                      inner.inlineBody(split->forward, values);
                  SmallVector<Value> results(ArrayRef(out).take_front(count));
                  for (size_t i : residuals.stacked)
                    results.push_back(out[count + i]);
                  return results;
                });
  SmallVector<Value> results(ArrayRef(all).take_front(count));
  residuals.addStacks(results, ArrayRef(all).drop_front(count));
  return Reverse{results,
                 ScanPull{std::move(residuals), *split,
                          SmallVector<Value>(operands), results, active,
                          static_cast<size_t>(getConsts()),
                          static_cast<size_t>(getCarries()),
                          static_cast<int64_t>(getLength()), getReverse()}};
}

//===----------------------------------------------------------------------===//
// Batching
//===----------------------------------------------------------------------===//

/// x with its first two dimensions exchanged.
static Value exchanged(RuleBuilder &r, Value x) {
  auto perm = llvm::to_vector(llvm::seq<int64_t>(0, shape(x).size()));
  std::swap(perm[0], perm[1]);
  return r.transpose(x, perm);
}

FailureOr<SmallVector<Mapped>> ScanOp::batch(RuleBuilder &r,
                                             ArrayRef<Mapped> operands) {
  FailureOr<func::FuncOp> body = r.functions().lookup(*this, getBodyAttr());
  if (failed(body))
    return failure();
  const size_t consts = getConsts(), carries = getCarries();
  SmallVector<bool> mapped, results;
  for (const Mapped &operand : operands)
    mapped.push_back(operand.isMapped);
  FailureOr<func::FuncOp> batched;
  // A carry is mapped if it begins so, or becomes so in a step.
  for (bool changed = true; changed;) {
    changed = false;
    results.clear();
    batched = r.functions().batchFunction(*body, mapped, r.batchSize(),
                                          /*mapAll=*/false, results);
    if (failed(batched))
      return failure();
    for (size_t i = 0; i < carries; ++i)
      if (results[i] && !mapped[consts + i])
        mapped[consts + i] = changed = true;
  }
  NewScan scan;
  scan.length = getLength();
  scan.reverse = getReverse();
  for (auto [i, operand] : llvm::enumerate(operands))
    if (i < consts)
      scan.consts.push_back(operand.value);
    else if (i < consts + carries)
      scan.carries.push_back(mapped[i] ? r.mapped(operand) : operand.value);
    else
      scan.sequences.push_back(operand.isMapped ? exchanged(r, operand.value)
                                                : operand.value);
  const int64_t size = r.batchSize();
  SmallVector<Value> values = scan.make(
      r, nameOf(*batched) + ".scan",
      [&](RuleBuilder &inner, ValueRange c, ValueRange k, ValueRange s) {
        SmallVector<Value> arguments(c);
        llvm::append_range(arguments, k);
        llvm::append_range(arguments, s);
        SmallVector<Value> out = inner.inlineBody(*batched, arguments);
        for (size_t i = 0; i < carries; ++i)
          if (mapped[consts + i] && !results[i])
            out[i] = repeated(inner, out[i], size);
        return out;
      });
  SmallVector<Mapped> all;
  for (auto [i, value] : llvm::enumerate(values)) {
    const bool isMapped = i < carries ? mapped[consts + i] : results[i];
    all.push_back(
        {i >= carries && isMapped ? exchanged(r, value) : value, isMapped});
  }
  return all;
}
