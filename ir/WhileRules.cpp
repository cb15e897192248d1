//===- WhileRules.cpp - derivatives and batching of while -----------------===//
//
// Forward mode carries tangents as well. Reverse mode needs a limit of trips:
// the way there writes the states that the way back reads onto tapes of that
// length, and counts its trips; the way back is a while that counts down and
// computes each step again from its states.
//
// Over a batch, where the condition differs between elements, the loop runs as
// long as any element's does; the others keep their states.
//
//===----------------------------------------------------------------------===//
#include "ir/ControlFlow.h"
#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

static StringRef nameOf(func::FuncOp function) { return function.getName(); }

namespace {

/// The functions of a while.
struct LoopFunctions {
  func::FuncOp condition, body;
};

} // namespace

static FailureOr<LoopFunctions> functionsOf(WhileOp op, RuleBuilder &r) {
  auto condition = r.functions().lookup(op, op.getConditionAttr());
  auto body = r.functions().lookup(op, op.getBodyAttr());
  if (failed(condition) || failed(body))
    return failure();
  return LoopFunctions{*condition, *body};
}

static SmallVector<Value> joined(ValueRange a, ValueRange b) {
  SmallVector<Value> all(a);
  llvm::append_range(all, b);
  return all;
}

/// A state is active if it begins so, or becomes so in a trip.
static void growActivity(func::FuncOp body, size_t consts,
                         MutableArrayRef<bool> active) {
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<bool> results = dependentResults(body, active);
    for (auto [result, state] : llvm::zip(results, active.drop_front(consts)))
      if (result && !state)
        state = changed = true;
  }
}

static std::optional<int64_t> limitOf(WhileOp op) {
  if (auto limit = op.getMaxTrips())
    return static_cast<int64_t>(*limit);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Forward mode
//===----------------------------------------------------------------------===//

FailureOr<Forward> WhileOp::emitForward(RuleBuilder &r, ValueRange operands,
                                        ArrayRef<Value> tangents) {
  FailureOr<LoopFunctions> functions = functionsOf(*this, r);
  if (failed(functions))
    return failure();
  const size_t consts = getConsts(), states = getNumResults();
  SmallVector<bool> active = present(tangents);
  growActivity(functions->body, consts, active);
  auto jvp = r.functions().forwardFunction(functions->body, active);
  if (failed(jvp))
    return failure();
  NewWhile loop{SmallVector<Value>(operands.take_front(consts)),
                SmallVector<Value>(operands.drop_front(consts)),
                limitOf(*this)};
  for (size_t i = 0; i < operands.size(); ++i)
    if (active[i])
      (i < consts ? loop.consts : loop.states)
          .push_back(r.materialize(tangents[i], operands[i].getType()));
  const SmallVector<int64_t> numbers = floatNumbers(getResultTypes());
  SmallVector<Value> all = loop.make(
      r, nameOf(functions->body) + ".forward",
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        return inner.inlineBody(
            functions->condition,
            joined(c.take_front(consts), s.take_front(states)));
      },
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        SmallVector<Value> values =
            joined(c.take_front(consts), s.take_front(states));
        llvm::append_range(values, c.drop_front(consts));
        llvm::append_range(values, s.drop_front(states));
        SmallVector<Value> out = inner.inlineBody(*jvp, values);
        SmallVector<Value> next(ArrayRef(out).take_front(states));
        for (size_t i = 0; i < states; ++i)
          if (active[consts + i])
            next.push_back(out[states + numbers[i]]);
        return next;
      });
  Forward out{SmallVector<Value>(ArrayRef(all).take_front(states)),
              SmallVector<Value>(states)};
  size_t next = states;
  for (size_t i = 0; i < states; ++i)
    if (active[consts + i])
      out.tangents[i] = all[next++];
  return out;
}

//===----------------------------------------------------------------------===//
// Reverse mode
//===----------------------------------------------------------------------===//

/// A number for counting trips.
static Value count(RuleBuilder &r, int64_t value) {
  return r.splat(RankedTensorType::get({}, r.getBuilder().getI64Type()), value);
}

/// The start of entry `at` of a tape whose entries have that rank.
static Value startOf(RuleBuilder &r, Value at, int64_t rank) {
  Value first = r.reshape(at, {1});
  if (rank == 0)
    return first;
  auto rest = RankedTensorType::get({rank}, r.getBuilder().getI64Type());
  return r.concat({first, r.zeros(rest)}, 0);
}

static Value writeTape(RuleBuilder &r, Value tape, Value state, Value at) {
  Value entry = r.reshape(state, RuleBuilder::prepended(1, shape(state)));
  return r.make("dynamic_update_slice",
                {tape, entry, startOf(r, at, shape(state).size())});
}

static Value readTape(RuleBuilder &r, Value tape, Value at) {
  ArrayRef<int64_t> state = shape(tape).drop_front();
  Value entry = r.make("dynamic_slice", {tape, startOf(r, at, state.size())},
                       r.attribute("size", RuleBuilder::prepended(1, state)));
  return r.reshape(entry, state);
}

namespace {

/// The way back of a while.
struct WhilePull {
  /// One trip back: (constants, states, cotangents of active states) ->
  /// (gradients of active operands).
  func::FuncOp step;
  SmallVector<Value> operands, results;
  SmallVector<bool> active; // of the operands
  size_t consts;
  int64_t limit;
  /// The trips that were made, and a tape per state that `step` reads.
  Value trips;
  SmallVector<Value> tapes;
  SmallVector<bool> taped;

  ArrayRef<bool> activeConsts() const {
    return ArrayRef(active).take_front(consts);
  }
  ArrayRef<bool> activeStates() const {
    return ArrayRef(active).drop_front(consts);
  }

  LogicalResult operator()(RuleBuilder &r, ArrayRef<Value> cotangents,
                           MutableArrayRef<Value> gradients) const;

private:
  SmallVector<Value> trip(RuleBuilder &r, ValueRange given,
                          ValueRange carried) const;
};

} // namespace

/// Constants: the loop's, then the tapes. States: the trips that are left,
/// cotangents of the active states, sums for the active constants.
SmallVector<Value> WhilePull::trip(RuleBuilder &r, ValueRange given,
                                   ValueRange carried) const {
  Value left = r.sub(carried.front(), count(r, 1));
  SmallVector<Value> values(given.take_front(consts));
  size_t tape = consts;
  for (auto [result, isTaped] : llvm::zip(results, taped))
    values.push_back(isTaped ? readTape(r, given[tape++], left)
                             : r.zeros(result.getType()));
  const size_t states = llvm::count(activeStates(), true);
  const size_t sums = llvm::count(activeConsts(), true);
  llvm::append_range(values, carried.slice(1, states));
  SmallVector<Value> answers = r.inlineBody(step, values);
  SmallVector<Value> next{left};
  llvm::append_range(next, ArrayRef(answers).drop_front(sums));
  for (size_t i = 0; i < sums; ++i)
    next.push_back(r.add(carried[1 + states + i], answers[i]));
  return next;
}

LogicalResult WhilePull::operator()(RuleBuilder &r, ArrayRef<Value> cotangents,
                                    MutableArrayRef<Value> gradients) const {
  NewWhile loop{SmallVector<Value>(ArrayRef(operands).take_front(consts)),
                {trips},
                limit};
  llvm::append_range(loop.consts, tapes);
  for (auto [result, cotangent, isActive] :
       llvm::zip(results, cotangents, activeStates()))
    if (isActive)
      loop.states.push_back(r.materialize(cotangent, result.getType()));
  for (auto [operand, isActive] : llvm::zip(operands, activeConsts()))
    if (isActive)
      loop.states.push_back(r.zeros(operand.getType()));
  SmallVector<Value> all = loop.make(
      r, nameOf(step),
      [&](RuleBuilder &inner, ValueRange, ValueRange carried, ValueRange) {
        return SmallVector<Value>{
            inner.compare(Direction::GT, carried.front(), count(inner, 0))};
      },
      [&](RuleBuilder &inner, ValueRange given, ValueRange carried,
          ValueRange) { return trip(inner, given, carried); });
  size_t next = 1;
  for (size_t i = consts; i < operands.size(); ++i)
    if (active[i])
      gradients[i] = all[next++];
  for (size_t i = 0; i < consts; ++i)
    if (active[i])
      gradients[i] = all[next++];
  return success();
}

/// See WhilePull::step.
static func::FuncOp makeStep(WhileOp op, RuleBuilder &r,
                             const SplitReverse &split, ArrayRef<bool> active) {
  const size_t operands = op.getNumOperands(), consts = op.getConsts();
  SmallVector<Type> arguments(op.getOperandTypes());
  for (auto [type, isActive] :
       llvm::zip(op.getResultTypes(), active.drop_front(consts)))
    if (isActive)
      arguments.push_back(type);
  return r.functions().create(
      (nameOf(split.backward) + ".trip").str(), r.getLoc(), arguments,
      [&](RuleBuilder &inner, ValueRange given) {
        SmallVector<Value> values =
            inner.inlineBody(split.forward, given.take_front(operands));
        values.erase(values.begin(), values.begin() + op.getNumResults());
        size_t next = operands;
        for (auto [type, isActive] :
             llvm::zip(op.getResultTypes(), active.drop_front(consts)))
          if (isActive)
            values.push_back(given[next++]);
          else if (isDifferentiable(type))
            values.push_back(inner.zeros(type));
        return inner.inlineBody(split.backward, values);
      });
}

/// The loop as it is, and an error where a cotangent comes.
static FailureOr<Reverse> refuse(WhileOp op, RuleBuilder &r,
                                 ValueRange operands) {
  IRMapping map;
  map.map(op.getOperands(), operands);
  Operation *primal = r.getBuilder().clone(*op, map);
  return Reverse{primal->getResults(),
                 [primal](RuleBuilder &, ArrayRef<Value>,
                          MutableArrayRef<Value>) -> LogicalResult {
                   return primal->emitError(
                       "while: has no reverse-mode derivative without a limit "
                       "of trips: give max_trips, or use scan");
                 }};
}

/// No trip is ever made.
static Reverse passThrough(ValueRange operands, size_t consts) {
  return Reverse{SmallVector<Value>(operands.drop_front(consts)),
                 [consts](RuleBuilder &, ArrayRef<Value> cotangents,
                          MutableArrayRef<Value> gradients) {
                   llvm::copy(cotangents, gradients.begin() + consts);
                   return success();
                 }};
}

FailureOr<Reverse> WhileOp::emitReverse(RuleBuilder &r, ValueRange operands,
                                        ArrayRef<bool> given) {
  const std::optional<int64_t> limit = limitOf(*this);
  const size_t consts = getConsts(), states = getNumResults();
  if (!limit)
    return refuse(*this, r, operands);
  if (*limit == 0)
    return passThrough(operands, consts);
  FailureOr<LoopFunctions> functions = functionsOf(*this, r);
  if (failed(functions))
    return failure();
  SmallVector<bool> active(given);
  growActivity(functions->body, consts, active);
  FailureOr<SplitReverse> split = r.functions().split(functions->body, active);
  if (failed(split))
    return failure();
  func::FuncOp step = makeStep(*this, r, *split, active);
  SmallVector<bool> taped;
  NewWhile loop{SmallVector<Value>(operands.take_front(consts)),
                SmallVector<Value>(operands.drop_front(consts)), limit};
  loop.states.push_back(count(r, 0));
  for (size_t i = 0; i < states; ++i) {
    Value state = operands[consts + i];
    taped.push_back(!step.getArgument(consts + i).use_empty());
    if (taped.back())
      loop.states.push_back(r.zeros(tensorType(state).clone(
          RuleBuilder::prepended(*limit, shape(state)))));
  }
  // States, the count of trips, tapes.
  SmallVector<Value> all = loop.make(
      r, nameOf(functions->body) + ".save",
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        return inner.inlineBody(functions->condition,
                                joined(c, s.take_front(states)));
      },
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        Value trips = s[states];
        SmallVector<Value> next =
            inner.inlineBody(functions->body, joined(c, s.take_front(states)));
        next.push_back(inner.add(trips, count(inner, 1)));
        size_t tape = states + 1;
        for (size_t i = 0; i < states; ++i)
          if (taped[i])
            next.push_back(writeTape(inner, s[tape++], s[i], trips));
        return next;
      });
  SmallVector<Value> results(ArrayRef(all).take_front(states));
  return Reverse{results, WhilePull{step, SmallVector<Value>(operands), results,
                                    active, consts, *limit, all[states],
                                    SmallVector<Value>(
                                        ArrayRef(all).drop_front(states + 1)),
                                    taped}};
}

//===----------------------------------------------------------------------===//
// Batching
//===----------------------------------------------------------------------===//

namespace {

/// A while over a batch.
class BatchedWhile {
public:
  BatchedWhile(WhileOp op, RuleBuilder &r, LoopFunctions functions,
               ArrayRef<Mapped> operands)
      : op(op), r(r), functions(functions), size(r.batchSize()),
        consts(op.getConsts()) {
    for (const Mapped &operand : operands)
      mapped.push_back(operand.isMapped);
    given.assign(operands.begin(), operands.end());
  }

  FailureOr<SmallVector<Mapped>> emit();

private:
  /// Which states are mapped; the functions for these.
  LogicalResult growMapped();
  /// The states of the next trip, mapped where states are.
  SmallVector<Value> next(RuleBuilder &inner, ValueRange c, ValueRange s) const;
  SmallVector<Value> whileAll(const NewWhile &loop) const;
  SmallVector<Value> whileAny(NewWhile loop) const;

  WhileOp op;
  RuleBuilder &r;
  LoopFunctions functions;
  int64_t size;
  size_t consts;
  SmallVector<Mapped> given;
  SmallVector<bool> mapped;
  LoopFunctions batched;
  SmallVector<bool> bodyMapped;
  bool conditionMapped = false;
};

} // namespace

LogicalResult BatchedWhile::growMapped() {
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<bool> flag, results;
    auto condition = r.functions().batchFunction(functions.condition, mapped,
                                                 size, /*mapAll=*/false, flag);
    auto body = r.functions().batchFunction(functions.body, mapped, size,
                                            /*mapAll=*/false, results);
    if (failed(condition) || failed(body))
      return failure();
    batched = {*condition, *body};
    bodyMapped = results;
    conditionMapped = flag.front();
    // Elements that stop at different trips have states of their own.
    for (size_t i = 0; i < results.size(); ++i)
      if ((results[i] || conditionMapped) && !mapped[consts + i])
        mapped[consts + i] = changed = true;
  }
  return success();
}

SmallVector<Value> BatchedWhile::next(RuleBuilder &inner, ValueRange c,
                                      ValueRange s) const {
  SmallVector<Value> states = inner.inlineBody(batched.body, joined(c, s));
  for (size_t i = 0; i < states.size(); ++i)
    if (mapped[consts + i] && !bodyMapped[i])
      states[i] = repeated(inner, states[i], size);
  return states;
}

/// One condition for all elements.
SmallVector<Value> BatchedWhile::whileAll(const NewWhile &loop) const {
  return loop.make(
      r, nameOf(functions.body) + ".batch",
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        return inner.inlineBody(batched.condition, joined(c, s));
      },
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        return next(inner, c, s);
      });
}

/// A condition per element, which is one more state.
SmallVector<Value> BatchedWhile::whileAny(NewWhile loop) const {
  loop.states.push_back(
      r.inlineBody(batched.condition, joined(loop.consts, loop.states))
          .front());
  SmallVector<Value> all = loop.make(
      r, nameOf(functions.body) + ".batch",
      [&](RuleBuilder &inner, ValueRange, ValueRange s, ValueRange) {
        return SmallVector<Value>{inner.reduce(Reduction::Or, s.back(), {0})};
      },
      [&](RuleBuilder &inner, ValueRange c, ValueRange s, ValueRange) {
        Value flags = s.back();
        SmallVector<Value> states = next(inner, c, s.drop_back());
        for (auto [state, old] : llvm::zip(states, s))
          state =
              inner.select(inner.broadcast(flags, {0}, shape(old)), state, old);
        Value goesOn =
            inner.inlineBody(batched.condition, joined(c, states)).front();
        states.push_back(inner.make("and", {flags, goesOn}));
        return states;
      });
  all.pop_back();
  return all;
}

FailureOr<SmallVector<Mapped>> BatchedWhile::emit() {
  if (failed(growMapped()))
    return failure();
  NewWhile loop;
  loop.maxTrips = limitOf(op);
  for (auto [i, operand] : llvm::enumerate(given))
    if (i < consts)
      loop.consts.push_back(operand.value);
    else
      loop.states.push_back(mapped[i] ? r.mapped(operand) : operand.value);
  SmallVector<Mapped> results;
  for (auto [value, isMapped] :
       llvm::zip(conditionMapped ? whileAny(loop) : whileAll(loop),
                 ArrayRef(mapped).drop_front(consts)))
    results.push_back({value, isMapped});
  return results;
}

FailureOr<SmallVector<Mapped>> WhileOp::batch(RuleBuilder &r,
                                              ArrayRef<Mapped> operands) {
  FailureOr<LoopFunctions> functions = functionsOf(*this, r);
  if (failed(functions))
    return failure();
  return BatchedWhile(*this, r, *functions, operands).emit();
}
