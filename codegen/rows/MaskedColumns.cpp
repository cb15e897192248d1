//===- MaskedColumns.cpp - what a triangular mask leaves out --------------===//
//
// See MaskedColumns.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/rows/MaskedColumns.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// The mask
//===----------------------------------------------------------------------===//

namespace {
/// row * r + column * c + constant, at row r and column c.
struct Line {
  int64_t row = 0, column = 0, constant = 0;
  Line operator-(const Line &y) const {
    return {row - y.row, column - y.column, constant - y.constant};
  }
};

/// A comparison that holds exactly in the columns before row + shift, or, if
/// not `before`, from there on.
struct Triangle {
  bool before;
  unsigned column;
  int64_t shift;
};
} // namespace

/// Whether indices, which are below 2^30 here, keep their values in the type.
static bool isWide(Value value) {
  return value.getType().isIndex() ||
         value.getType().getIntOrFloatBitWidth() >= 32;
}

/// Whether no such integer overflows.
static bool isSmall(const Line &line) {
  return std::abs(line.row) <= 1 && std::abs(line.column) <= 1 &&
         std::abs(line.constant) < 1 << 29;
}

/// The index as a line; sets `column` to the loop other than `row`.
static std::optional<Line> lineOf(Value value, const LoopNest &nest,
                                  unsigned row, int &column) {
  Operation *op = value.getDefiningOp();
  if (!op || !isWide(value))
    return std::nullopt;
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSignificantBits() > 29
               ? std::nullopt
               : std::optional(Line{0, 0, constant.getSExtValue()});
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    int loop = nest.loopOf[index.getDim()];
    if (loop == int(row))
      return Line{1, 0, 0};
    if (loop < 0 || (column >= 0 && column != loop) ||
        std::max(nest.extents[loop], nest.extents[row]) > 1 << 29)
      return std::nullopt;
    column = loop;
    return Line{0, 1, 0};
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op))
    return lineOf(op->getOperand(0), nest, row, column);
  if (!isa<arith::AddIOp, arith::SubIOp>(op))
    return std::nullopt;
  auto x = lineOf(op->getOperand(0), nest, row, column),
       y = lineOf(op->getOperand(1), nest, row, column);
  if (!x || !y)
    return std::nullopt;
  Line line = isa<arith::SubIOp>(op) ? *x - *y : *x - (Line{} - *y);
  return isSmall(line) ? std::optional(line) : std::nullopt;
}

static std::optional<Triangle>
matchTriangle(Value condition, const LoopNest &nest, unsigned row) {
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare)
    return std::nullopt;
  int column = -1;
  auto x = lineOf(compare.getLhs(), nest, row, column),
       y = lineOf(compare.getRhs(), nest, row, column);
  if (!x || !y || column < 0)
    return std::nullopt;
  using P = arith::CmpIPredicate;
  P predicate = compare.getPredicate();
  Line line = *x - *y;
  if (line.row == -1 && line.column == 1) {
    line = Line{} - line;
    predicate = predicate == P::sge   ? P::sle
                : predicate == P::sle ? P::sge
                : predicate == P::sgt ? P::slt
                : predicate == P::slt ? P::sgt
                                      : P::eq;
  } else if (line.row != 1 || line.column != -1) {
    return std::nullopt;
  }
  // row - column + constant, compared with 0.
  unsigned loop = column;
  switch (predicate) {
  case P::sge:
    return Triangle{true, loop, line.constant + 1};
  case P::sgt:
    return Triangle{true, loop, line.constant};
  case P::slt:
    return Triangle{false, loop, line.constant + 1};
  case P::sle:
    return Triangle{false, loop, line.constant};
  default:
    return std::nullopt;
  }
}

/// -inf where the comparison leaves out, something else before.
static std::optional<Triangle> matchMask(arith::SelectOp select,
                                         const LoopNest &nest, unsigned row) {
  auto triangle = matchTriangle(select.getCondition(), nest, row);
  if (!triangle)
    return std::nullopt;
  APFloat constant(0.0);
  Value left =
      triangle->before ? select.getFalseValue() : select.getTrueValue();
  // With the first column left out there could be rows of nothing else.
  if (!matchPattern(left, m_ConstantFloat(&constant)) ||
      !constant.isInfinity() || !constant.isNegative() || triangle->shift < 1)
    return std::nullopt;
  return triangle;
}

void MaskedColumns::findMask(unsigned member) {
  const LoopNest &nest = group.members[member].nest;
  for (auto select : nest.body->getOps<arith::SelectOp>()) {
    auto triangle = matchMask(select, nest, group.rows - 1);
    if (!triangle || triangle->column < group.rows)
      continue;
    mask = select;
    first = member;
    shift = triangle->shift;
    extent = nest.extents[triangle->column];
    loops[member] = triangle->column;
    return;
  }
}

//===----------------------------------------------------------------------===//
// Which members may stop
//===----------------------------------------------------------------------===//

MaskedColumns::MaskedColumns(const KernelGroup &group,
                             function_ref<bool(Operation *)> isErased)
    : group(group), loops(group.members.size(), -1) {
  for (unsigned m = 0; m < group.members.size() && !mask; ++m)
    findMask(m);
  if (!mask)
    return;
  spreadColumns();
  for (unsigned m = 0; m < group.members.size(); ++m) {
    if (loops[m] >= 0 && (!ownsColumns(m) || !evaluate(m)))
      loops[m] = -1;
    if (loops[m] < 0)
      evaluateRow(m);
  }
  // What a member leaves unwritten no one may read.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto [m, member] : llvm::enumerate(group.members)) {
      if (loops[m] < 0 || llvm::all_of(
                              member.nest.outputs,
                              [&](const Access &output) {
                                return !output.strides[loops[m]] ||
                                       isUnread(output, isErased);
                              }))
        continue;
      loops[m] = -1;
      changed = true;
    }
  }
}

/// Follows the columns from the mask through the temporaries.
void MaskedColumns::spreadColumns() {
  auto see = [&](unsigned m) {
    LoopNest nest = group.members[m].nest;
    for (Access *access : nest.accesses())
      if (!access->isScalar() && access->isLinear() &&
          rootOf(access->buffer).getDefiningOp<memref::AllocOp>() &&
          access->strides[loops[m]])
        columns.try_emplace(
            rootOf(access->buffer),
            Column{access->strides[loops[m]], offsetInRoot(*access)});
  };
  see(first);
  for (unsigned m = first; m-- > 0;) {
    findLoop(m);
    if (loops[m] >= 0)
      see(m);
  }
  for (unsigned m = first + 1; m < group.members.size(); ++m) {
    findLoop(m);
    if (loops[m] >= 0)
      see(m);
  }
}

/// The one loop along which the member walks temporaries' columns.
void MaskedColumns::findLoop(unsigned m) {
  LoopNest nest = group.members[m].nest;
  int loop = -1;
  for (const Access *access : nest.accesses()) {
    if (access->isScalar())
      continue;
    auto column = columns.find(rootOf(access->buffer));
    if (column == columns.end())
      continue;
    auto [stride, offset] = column->second;
    auto own = llvm::find(access->strides, stride);
    if (!access->isLinear() || llvm::count(access->strides, stride) != 1 ||
        !offset || offset != offsetInRoot(*access))
      return;
    int d = own - access->strides.begin();
    if (nest.extents[d] != extent || d < int(group.rows) ||
        (loop >= 0 && d != loop))
      return;
    loop = d;
  }
  loops[m] = loop;
}

/// Whether the member computes something for each column, or sums over them as
/// its only reduction.
bool MaskedColumns::ownsColumns(unsigned m) const {
  const LoopNest &nest = group.members[m].nest;
  unsigned column = loops[m];
  return llvm::all_of(nest.outputs, [&](const Access &output) {
    if (!nest.reduction[column])
      return output.strides[column] != 0;
    return int(m) >= first && llvm::count(nest.reduction, true) == 1 &&
           nest.isReduced(output) == (output.strides[column] == 0);
  });
}

bool MaskedColumns::isUnread(const Access &output,
                             function_ref<bool(Operation *)> isErased) const {
  Value root = rootOf(output.buffer);
  if (!root.getDefiningOp<memref::AllocOp>() || !columns.contains(root))
    return false;
  SmallVector<Value> names = {root};
  while (!names.empty())
    for (Operation *user : names.pop_back_val().getUsers()) {
      auto member = llvm::find_if(
          group.members, [&](const KernelMember &m) { return m.op == user; });
      if (isa<ViewLikeOpInterface>(user))
        names.append(user->result_begin(), user->result_end());
      else if (member == group.members.end()
                   ? !isErased(user)
                   : loops[member - group.members.begin()] < 0)
        return false;
    }
  return true;
}

//===----------------------------------------------------------------------===//
// What is left out
//===----------------------------------------------------------------------===//

bool MaskedColumns::isWeighted(unsigned m) const {
  return loops[m] >= 0 && group.members[m].nest.contraction &&
         group.members[m].nest.reduction[loops[m]];
}

MaskedColumns::Known MaskedColumns::evaluate(Operation &op,
                                             ArrayRef<Known> operands) {
  if (&op == mask)
    return Known::Lowest;
  auto is = [&](unsigned i, Known kind) { return operands[i] == kind; };
  if (isa<LLVM::SSACopyOp>(op))
    return operands[0];
  if (isa<arith::SubFOp>(op) && is(0, Known::Lowest) && is(1, Known::Maximum))
    return Known::Shifted;
  if (isa<math::ExpOp, math::Exp2Op>(op) && is(0, Known::Shifted))
    return Known::Zero;
  if (isa<arith::DivFOp>(op) && is(0, Known::Zero) && is(1, Known::Sum))
    return Known::Zero;
  // A number instead of -inf for a maximum, or of 0 for a sum: what was true of
  // the one is true of the other.
  APFloat number(0.0);
  if (isa<arith::SelectOp>(op) &&
      matchPattern(op.getOperand(1), m_ConstantFloat(&number)) &&
      number.isFinite() &&
      (is(2, Known::Maximum) ||
       (is(2, Known::Sum) && !number.isZero() && !number.isNegative())))
    return operands[2];
  return Known::Unknown;
}

void MaskedColumns::evaluate(const LoopNest &nest,
                             llvm::SmallDenseMap<Value, Known> &values) {
  for (Operation &op : nest.body->without_terminator()) {
    SmallVector<Known> operands;
    for (Value operand : op.getOperands())
      operands.push_back(values.lookup(operand));
    if (op.getNumResults() == 1)
      values[op.getResult(0)] = evaluate(op, operands);
  }
}

/// Notes what a member without columns makes of rows' maxima and sums.
void MaskedColumns::evaluateRow(unsigned m) {
  const LoopNest &nest = group.members[m].nest;
  llvm::SmallDenseMap<Value, Known> values;
  for (auto [i, access] : llvm::enumerate(nest.inputs)) {
    Known kind = access.isScalar() ? Known::Unknown
                                   : known.lookup(rootOf(access.buffer));
    if (kind == Known::Maximum || kind == Known::Sum)
      values[nest.body->getArgument(i)] = kind;
  }
  evaluate(nest, values);
  for (auto [o, output] : llvm::enumerate(nest.outputs))
    known[rootOf(output.buffer)] =
        nest.isReduced(output)
            ? Known::Unknown
            : values.lookup(nest.body->getTerminator()->getOperand(o));
}

/// Notes what the member's outputs hold; false if the columns left out have a
/// part in what it reduces.
bool MaskedColumns::evaluate(unsigned m) {
  const LoopNest &nest = group.members[m].nest;
  unsigned inputs = nest.inputs.size();
  llvm::SmallDenseMap<Value, Known> values;
  for (auto [i, access] : llvm::enumerate(nest.inputs))
    if (!access.isScalar())
      values[nest.body->getArgument(i)] = known.lookup(rootOf(access.buffer));
  evaluate(nest, values);
  unsigned column = loops[m];
  if (isWeighted(m)) {
    auto isZero = [&](unsigned i) {
      return values.lookup(nest.body->getArgument(i)) == Known::Zero;
    };
    // All rows of a tile share the other factors.
    return inputs == 2 && isZero(0) != isZero(1) &&
           !nest.inputs[isZero(0)].strides[group.rows - 1] &&
           nest.outputs[0].element.isF32() &&
           matchMultiplyAdd(*nest.body).first;
  }
  SmallVector<Operation *> combiners = matchCombiners(nest);
  for (auto [o, output] : llvm::enumerate(nest.outputs)) {
    Value yield = nest.body->getTerminator()->getOperand(o);
    Known &result = known[rootOf(output.buffer)];
    if (!nest.isReduced(output) || !nest.reduction[column]) {
      result = nest.isReduced(output) ? Known::Unknown : values.lookup(yield);
      continue;
    }
    Operation *op = combiners[o];
    if (!op || !nest.initial[o])
      return false;
    Value old = nest.body->getArgument(inputs + o);
    Known added = values.lookup(op->getOperand(op->getOperand(0) == old));
    if (isa<arith::MaximumFOp>(op) && added == Known::Lowest)
      result = Known::Maximum;
    else if (isa<arith::AddFOp>(op) && added == Known::Zero &&
             matchPattern(nest.initial[o], m_PosZeroFloat()))
      result = Known::Sum;
    else
      return false;
  }
  return true;
}

Value MaskedColumns::limit(OpBuilder &b, Location loc, Value end) const {
  if (!mask)
    return {};
  auto constant = [&](int64_t value) {
    return b.create<arith::ConstantIndexOp>(loc, value);
  };
  Value last = b.create<arith::AddIOp>(loc, end, constant(shift - 2 + step));
  Value steps = b.create<arith::DivUIOp>(loc, last, constant(step));
  Value rounded = b.create<arith::MulIOp>(loc, steps, constant(step));
  return b.create<arith::MinUIOp>(loc, rounded, constant(extent));
}

void MaskedColumns::leaveOut(unsigned m, LoopNest &nest, Value limit) const {
  if (loops[m] < 0)
    return;
  int original = llvm::find(nest.loopOf, loops[m]) - nest.loopOf.begin();
  OpBuilder b(limit.getContext());
  b.setInsertionPointAfterValue(limit);
  Value zero = b.create<arith::ConstantIndexOp>(limit.getLoc(), 0);
  nest.range = {original, zero, limit};
  nest.indexed[loops[m]] = true;
}

Value MaskedColumns::createZeros(OpBuilder &b, unsigned m) const {
  const LoopNest &nest = group.members[m].nest;
  int64_t size = 1;
  for (unsigned d = group.rows; d < nest.size(); ++d)
    size *= nest.reduction[d] ? 1 : nest.extents[d];
  return b.create<memref::AllocOp>(
      nest.loc, MemRefType::get({size}, nest.outputs[0].element));
}

SmallVector<LoopNest, 2> MaskedColumns::addZeros(OpBuilder &b, unsigned m,
                                                 const LoopNest &nest,
                                                 Value zeros, Value limit) {
  Location loc = nest.loc;
  Type type = nest.outputs[0].element;
  auto constant = [&](double value) -> Value {
    return b.create<arith::ConstantOp>(loc, b.getFloatAttr(type, value));
  };
  Access row{zeros, type, SmallVector<int64_t>(nest.size(), 0)};
  int64_t size = 1;
  for (unsigned d = nest.size(); d-- > group.rows;)
    if (!nest.reduction[d]) {
      row.strides[d] = size;
      size *= nest.extents[d];
    }
  LoopNest sum = nest;
  sum.extents[group.rows - 1] = 1;
  for (Access &access : sum.inputs)
    if (access.strides[group.rows - 1])
      access = {constant(0), type, SmallVector<int64_t>(nest.size(), 0)};
  sum.outputs = {row};
  sum.initial = {constant(-0.0)};
  Value end = b.create<arith::ConstantIndexOp>(loc, extent);
  sum.range = {nest.range.loop, limit, end};

  if (!addition) {
    addition = std::make_unique<Block>();
    addition->addArguments({type, type}, {loc, loc});
    OpBuilder inside(b.getContext());
    inside.setInsertionPointToEnd(addition.get());
    Value total = inside.create<arith::AddFOp>(loc, addition->getArgument(1),
                                               addition->getArgument(0));
    inside.create<linalg::YieldOp>(loc, total);
  }
  LoopNest add = nest;
  add.body = addition.get();
  add.contraction = false;
  add.inputs = {row};
  add.initial = {Value()};
  add.range = {};
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nest.reduction[d]) {
      add.extents[d] = 1;
      add.reduction[d] = false;
    }
  return {sum, add};
}

} // namespace mg::codegen
