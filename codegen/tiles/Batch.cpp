//===- Batch.cpp - many independent loops in one launch -------------------===//
//
// See Batch.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/Batch.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace mg::codegen {

namespace {

/// Elements of the line; a chunk is a multiple.
constexpr int64_t unit = 256;

//===----------------------------------------------------------------------===//
// What may share a launch
//===----------------------------------------------------------------------===//

/// Whether no nest touches what another one writes.
bool areIndependent(ArrayRef<LoopNest> nests) {
  struct Touched {
    unsigned nest;
    bool written;
  };
  llvm::DenseMap<Value, Touched> touched;
  const auto meets = [&](unsigned nest, Value memory, bool writes) {
    auto [known, isNew] = touched.insert({rootOf(memory), {nest, writes}});
    Touched &before = known->second;
    if (before.nest != nest && (before.written || writes))
      return true;
    before = {nest, before.written || writes};
    return false;
  };
  for (auto [number, nest] : llvm::enumerate(nests)) {
    bool conflict = false;
    for (const Access &access : nest.inputs)
      conflict |= !access.isScalar() && meets(number, access.buffer, false);
    for (const Access &access : nest.outputs)
      conflict |= meets(number, access.buffer, true);
    nest.body->walk([&](memref::LoadOp load) {
      conflict |= meets(number, load.getMemRef(), false);
    });
    if (conflict)
      return false;
  }
  return true;
}

/// Memory that may be reached under two names: then nothing is known.
bool hasPlainNames(ArrayRef<LoopNest> nests) {
  return llvm::all_of(nests, [](LoopNest nest) {
    return llvm::all_of(nest.accesses(), [](Access *access) {
      if (access->isScalar())
        return true;
      Value root = rootOf(access->buffer);
      if (auto argument = dyn_cast<BlockArgument>(root))
        return isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
      return isa<memref::AllocOp, memref::GetGlobalOp>(root.getDefiningOp());
    });
  });
}

//===----------------------------------------------------------------------===//
// Kinds
//===----------------------------------------------------------------------===//

/// Nests with one loop between them.
using Kind = SmallVector<LoopNest, 0>;

bool isSimple(LoopNest nest) {
  const auto isSet = [](Value value) { return bool(value); };
  return nest.size() <= 1 && nest.epilogues.empty() &&
         !llvm::any_of(nest.initial, isSet) &&
         !llvm::is_contained(nest.reduction, true) &&
         !llvm::is_contained(nest.indexed, true) &&
         llvm::all_of(nest.accesses(),
                      [](Access *access) { return access->isLinear(); });
}

bool haveSameBody(const LoopNest &a, const LoopNest &b) {
  return OperationEquivalence::isRegionEquivalentTo(
      a.body->getParent(), b.body->getParent(),
      OperationEquivalence::IgnoreLocations);
}

/// Whether both are simple and `nest` differs from `first` in lengths and
/// places only. One element has no step.
bool fits(LoopNest first, LoopNest nest) {
  if (!isSimple(first) || !isSimple(nest))
    return false;
  if (first.inputs.size() != nest.inputs.size() ||
      first.outputs.size() != nest.outputs.size())
    return false;
  for (auto [x, y] : llvm::zip(first.accesses(), nest.accesses()))
    if (x->element != y->element || x->isScalar() != y->isScalar() ||
        (x->isScalar() && x->buffer != y->buffer) ||
        (nest.size() == 1 && x->strides != y->strides))
      return false;
  return haveSameBody(first, nest);
}

/// Kinds of at least two nests; the other nests are appended to `others`.
SmallVector<Kind, 0> sortByKind(ArrayRef<LoopNest> nests,
                                SmallVectorImpl<LoopNest> &others) {
  SmallVector<Kind, 0> kinds;
  // Those of one element last: they fit wherever the body does.
  for (unsigned loops : {1, 0})
    for (const LoopNest &nest : nests) {
      if (!isSimple(nest) ? loops == 1 : nest.size() != loops)
        continue;
      Kind *kind =
          llvm::find_if(kinds, [&](Kind &k) { return fits(k.front(), nest); });
      if (kind != kinds.end())
        kind->push_back(nest);
      else
        kinds.push_back({nest});
    }
  llvm::erase_if(kinds, [&](Kind &kind) {
    const bool isAlone = kind.size() == 1 || kind.front().size() == 0;
    if (isAlone)
      llvm::append_range(others, kind);
    return isAlone;
  });
  return kinds;
}

//===----------------------------------------------------------------------===//
// One kind as one loop
//===----------------------------------------------------------------------===//

class KindEmitter {
public:
  KindEmitter(OpBuilder &b, const Kind &kind, int64_t lanes);

  /// Fills the table; once, before any chunk.
  void createTable();
  /// The elements [begin, end) of the line.
  void emit(OpBuilder &builder, Value begin, Value end);
  int64_t length() const;
  double work() const;

private:
  int64_t extentOf(const LoopNest &nest) const {
    return nest.size() == 0 ? 1 : nest.extents[0];
  }
  bool isShared(unsigned access);
  void chooseColumns();
  Value addressOf(const Access &access);
  Value memoryAt(Value address, Type element);
  /// Steps of `width` elements over [begin, end) of one member.
  void emitSteps(LoopNest &nest, Value begin, Value end, int64_t width);
  LoopNest nestOf(Value row);
  Value constant(int64_t value) {
    return b.create<arith::ConstantIndexOp>(value);
  }
  Value entry(Value row, int64_t column) {
    return b.create<memref::LoadOp>(table, ValueRange{row, constant(column)});
  }

  ImplicitLocOpBuilder b;
  Kind kind;
  int64_t lanes;
  /// Per access, inputs first: its column of the table; -1: it has none.
  SmallVector<int> columns;
  /// Per column, an access that it holds.
  SmallVector<unsigned> accessOf;
  Value table;
};

KindEmitter::KindEmitter(OpBuilder &builder, const Kind &kind, int64_t lanes)
    : b(kind.front().loc, builder), kind(kind), lanes(lanes) {
  chooseColumns();
}

int64_t KindEmitter::length() const {
  int64_t sum = 0;
  for (const LoopNest &nest : kind)
    sum += llvm::alignTo(extentOf(nest), unit);
  return sum;
}

double KindEmitter::work() const {
  double sum = 0;
  for (const LoopNest &nest : kind)
    sum += workOf(nest);
  return sum;
}

static bool isSamePlace(const Access &x, const Access &y) {
  return x.buffer == y.buffer && x.offset == y.offset && x.start == y.start;
}

/// Whether all members read the same element, always.
bool KindEmitter::isShared(unsigned access) {
  const Access &first = *kind.front().accesses()[access];
  return llvm::all_of(kind, [&](LoopNest &nest) {
    Access &own = *nest.accesses()[access];
    return own.isScalar() || (isSamePlace(own, first) &&
                              llvm::all_of(first.strides, [](int64_t stride) {
                                return stride == 0;
                              }));
  });
}

void KindEmitter::chooseColumns() {
  for (unsigned i = 0, e = kind.front().accesses().size(); i < e; ++i) {
    if (isShared(i)) {
      columns.push_back(-1);
      continue;
    }
    const auto isSame = [&](unsigned other) {
      return llvm::all_of(kind, [&](LoopNest &nest) {
        return isSamePlace(*nest.accesses()[i], *nest.accesses()[other]);
      });
    };
    unsigned *known = llvm::find_if(accessOf, isSame);
    columns.push_back(known - accessOf.begin());
    if (known == accessOf.end())
      accessOf.push_back(i);
  }
}

/// Of the first element, in bytes.
Value KindEmitter::addressOf(const Access &access) {
  auto type = cast<MemRefType>(access.buffer.getType());
  Value base = b.create<memref::ExtractAlignedPointerAsIndexOp>(access.buffer);
  Value offset;
  if (int64_t known = getStridesAndOffset(type).second;
      !ShapedType::isDynamic(known))
    offset = constant(known + access.offset);
  else
    offset = b.create<arith::AddIOp>(
        b.create<memref::ExtractStridedMetadataOp>(access.buffer).getOffset(),
        constant(access.offset));
  if (access.start)
    offset = b.create<arith::AddIOp>(offset, access.start);
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  return b.create<arith::AddIOp>(
      base, b.create<arith::MulIOp>(offset, constant(bytes)));
}

void KindEmitter::createTable() {
  table = b.create<memref::AllocaOp>(MemRefType::get(
      {int64_t(kind.size()), int64_t(accessOf.size()) + 1}, b.getIndexType()));
  for (auto [row, nest] : llvm::enumerate(kind)) {
    const auto put = [&, row = row](Value value, int64_t column) {
      b.create<memref::StoreOp>(value, table,
                                ValueRange{constant(row), constant(column)});
    };
    for (auto [column, access] : llvm::enumerate(accessOf))
      put(addressOf(*nest.accesses()[access]), column);
    put(constant(extentOf(nest)), accessOf.size());
  }
}

/// A memref of any length. Its descriptor is made here, as no op makes one of
/// an address; the conversion to LLVM meets what it would have made itself.
Value KindEmitter::memoryAt(Value address, Type element) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Type i64 = b.getI64Type(), one = LLVM::LLVMArrayType::get(i64, 1);
  auto type = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {pointer, pointer, i64, one, one});
  Value at = b.create<LLVM::IntToPtrOp>(
      pointer, b.create<arith::IndexCastOp>(i64, address));
  const auto number = [&](int64_t value) -> Value {
    return b.create<arith::ConstantIntOp>(value, 64);
  };
  Value descriptor = b.create<LLVM::UndefOp>(type);
  const auto set = [&](Value value, ArrayRef<int64_t> place) {
    descriptor = b.create<LLVM::InsertValueOp>(descriptor, value, place);
  };
  set(at, {0});
  set(at, {1});
  set(number(0), {2});
  set(number(std::numeric_limits<int64_t>::max()), {3, 0});
  set(number(1), {4, 0});
  auto memory = MemRefType::get({ShapedType::kDynamic}, element);
  return b.create<UnrealizedConversionCastOp>(memory, descriptor).getResult(0);
}

/// The nest of a member, its operands from the table.
LoopNest KindEmitter::nestOf(Value row) {
  LoopNest nest = kind.front();
  SmallVector<Value> memory;
  for (auto [column, access] : llvm::enumerate(accessOf))
    memory.push_back(
        memoryAt(entry(row, column), nest.accesses()[access]->element));
  for (auto [access, column] : llvm::zip(nest.accesses(), columns))
    if (column >= 0) {
      access->buffer = memory[column];
      access->offset = 0;
      access->start = nullptr;
    }
  return nest;
}

void KindEmitter::emitSteps(LoopNest &nest, Value begin, Value end,
                            int64_t width) {
  auto loop = b.create<scf::ForOp>(begin, end, constant(width));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  LoopNest step = nest;
  step.extents = {width};
  for (auto [access, column] : llvm::zip(step.accesses(), columns))
    if (column >= 0 && access->strides[0] != 0)
      access->start = b.createOrFold<arith::MulIOp>(
          loop.getInductionVar(), constant(access->strides[0]));
  simplify(step);
  VectorPlan plan = planVectors(step, lanes, /*grain=*/0);
  TileEmitter(b, step, plan).emit();
}

void KindEmitter::emit(OpBuilder &builder, Value begin, Value end) {
  OpBuilder::InsertionGuard guard(b);
  b.restoreInsertionPoint(builder.saveInsertionPoint());
  Value zero = constant(0);
  auto members = b.create<scf::ForOp>(zero, constant(kind.size()), constant(1),
                                      ValueRange(zero));
  builder.setInsertionPointAfter(members);
  b.setInsertionPointToStart(members.getBody());
  Value row = members.getInductionVar(), first = members.getRegionIterArg(0);
  Value count = entry(row, accessOf.size());
  const auto clamp = [&](Value at) -> Value {
    at = b.create<arith::SubIOp>(at, first);
    return b.create<arith::MinSIOp>(b.create<arith::MaxSIOp>(at, zero), count);
  };
  Value from = clamp(begin), to = clamp(end);
  LoopNest nest = nestOf(row);

  // As many elements at a time as the body likes, then vectors, then elements.
  LoopNest wide = nest;
  wide.extents = {unit};
  const VectorPlan plan = planVectors(wide, lanes, /*grain=*/0);
  int64_t last = 0;
  for (int64_t width : {plan.vecs * plan.lanes, plan.lanes, int64_t(1)}) {
    if (width == last)
      continue;
    last = width;
    Value left = b.create<arith::SubIOp>(to, from);
    Value until = to;
    if (width > 1)
      until = b.create<arith::SubIOp>(
          to, b.create<arith::RemUIOp>(left, constant(width)));
    emitSteps(nest, from, until, width);
    from = until;
  }
  Value past = b.create<arith::AddIOp>(count, constant(unit - 1));
  Value whole = b.create<arith::SubIOp>(
      past, b.create<arith::RemUIOp>(past, constant(unit)));
  b.create<scf::YieldOp>(
      ValueRange{b.create<arith::AddIOp>(first, whole).getResult()});
}

//===----------------------------------------------------------------------===//
// The launch
//===----------------------------------------------------------------------===//

/// A kind, and the tasks that it is.
struct Part {
  KindEmitter emitter;
  int64_t tasks;

  /// Task `number` of these.
  void emit(OpBuilder &b, Location loc, Value number) {
    int64_t units = emitter.length() / unit;
    int64_t size = llvm::divideCeil(units, tasks) * unit;
    Value extent = b.create<arith::ConstantIndexOp>(loc, size);
    Value begin = b.create<arith::MulIOp>(loc, number, extent);
    Value end = b.create<arith::AddIOp>(loc, begin, extent);
    emitter.emit(b, begin, end);
  }
};

void emitLaunch(OpBuilder &b, Location loc, MutableArrayRef<Part> parts) {
  int64_t tasks = 0;
  for (Part &part : parts)
    tasks += part.tasks;
  auto forall = b.create<scf::ForallOp>(
      loc, ArrayRef<OpFoldResult>{b.getIndexAttr(tasks)}, ValueRange(),
      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  Value task = forall.getInductionVar(0);
  int64_t first = 0;
  for (Part &part : parts) {
    Value begin = b.create<arith::ConstantIndexOp>(loc, first);
    Value number = b.create<arith::SubIOp>(loc, task, begin);
    first += part.tasks;
    if (first == tasks)
      return part.emit(b, loc, number);
    Value end = b.create<arith::ConstantIndexOp>(loc, first);
    Value isHere =
        b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ult, task, end);
    auto choice = b.create<scf::IfOp>(loc, isHere, /*withElseRegion=*/true);
    OpBuilder then = choice.getThenBodyBuilder();
    part.emit(then, loc, number);
    b.setInsertionPointToStart(choice.elseBlock());
  }
}

} // namespace

SmallVector<LoopNest, 0> emitBatch(OpBuilder &b, ArrayRef<LoopNest> nests,
                                   int64_t lanes, int64_t grain) {
  if (!hasPlainNames(nests) || !areIndependent(nests))
    return SmallVector<LoopNest, 0>(nests);
  SmallVector<LoopNest, 0> others;
  double work = 0;
  SmallVector<Part, 0> parts;
  for (const Kind &kind : sortByKind(nests, others)) {
    parts.push_back({KindEmitter(b, kind, lanes), 1});
    work += parts.back().emitter.work();
  }
  for (Part &part : parts)
    part.emitter.createTable();
  const int64_t chunks = wantedChunks(work, grain);
  for (Part &part : parts)
    part.tasks = std::clamp<int64_t>(
        std::llround(double(chunks) * part.emitter.work() / work), 1,
        part.emitter.length() / unit);
  const Location loc = nests.front().loc;
  if (chunks > 1) {
    emitLaunch(b, loc, parts);
    return others;
  }
  for (Part &part : parts)
    part.emit(b, loc, b.create<arith::ConstantIndexOp>(loc, 0));
  return others;
}

} // namespace mg::codegen
