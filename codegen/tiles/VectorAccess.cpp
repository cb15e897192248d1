//===- VectorAccess.cpp - operands of a nest as vectors -------------------===//
//
// An operand is contiguous along the lanes (one load, masked at the end of a
// row), the same for all lanes (a scalar), at a short stride along them (all
// vectors of the piece of memory that they span, picked apart in registers), or
// crossed: contiguous along the tile's rows (a square of vectors, turned in
// registers). Anything else is one load per lane. Lanes past the end repeat the
// last element there, so that no address is ever outside.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/TileEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mg::codegen {

const Access &TileEmitter::accessOf(unsigned operand) const {
  unsigned inputs = nest.inputs.size();
  return operand < inputs ? nest.inputs[operand]
                          : nest.outputs[operand - inputs];
}

/// One more than the last element that the layout reaches, from element 0 of
/// the underlying buffer.
static int64_t spanOf(MemRefType type, ArrayRef<int64_t> strides,
                      int64_t offset) {
  int64_t span = 1 + offset;
  for (auto [extent, stride] : llvm::zip_equal(type.getShape(), strides))
    span += (extent - 1) * std::max<int64_t>(stride, 0);
  return span;
}

Value TileEmitter::startOf(const Access &access) {
  Value offset = constant(access.offset);
  return access.start ? add(access.start, offset) : offset;
}

TileEmitter::Flat TileEmitter::flatten(const Access &access) {
  if (access.isScalar() || !access.isLinear() || !access.stored)
    return {};
  auto type = cast<MemRefType>(access.buffer.getType());
  auto [strides, offset] = getStridesAndOffset(type);
  bool dynamic = ShapedType::isDynamic(offset);
  if (type.getRank() == 1 && strides[0] == 1 && offset == 0)
    return {access.buffer, startOf(access)};

  Value base = access.buffer, first = constant(dynamic ? 0 : offset);
  int64_t span = ShapedType::kDynamic;
  if (dynamic) {
    auto parts = b.create<memref::ExtractStridedMetadataOp>(loc, base);
    base = parts.getBaseBuffer();
    first = parts.getOffset();
  } else {
    span = spanOf(type, strides, offset);
    // The offset counts from the array that was sliced. (Upstream's
    // expand-strided-metadata dies of a slice whose dropped dimensions it
    // cannot tell from the kept ones by their strides; unused, the slice is
    // gone.)
    while (auto slice = base.getDefiningOp<memref::SubViewOp>())
      base = slice.getSource();
  }
  OpFoldResult size = b.getIndexAttr(span);
  if (dynamic) // Unknown and never read: any size does.
    size = constant(std::numeric_limits<int64_t>::max());
  auto flatType =
      MemRefType::get({span}, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  Value flat = b.create<memref::ReinterpretCastOp>(
      loc, flatType, base, b.getIndexAttr(0), ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  return {flat, add(first, startOf(access))};
}

/// From a panel to the next, less what its loop's stride makes of it.
static int64_t stepToPanel(const Access &access) {
  const auto &[loop, width, step] = access.panels;
  return step - width * access.strides[loop];
}

/// Where the panel in hand begins, less what its loop's stride makes of it.
Value TileEmitter::panelOf(const Access &access) {
  Value number = b.create<arith::DivUIOp>(loc, ivs[access.panels.loop],
                                          constant(access.panels.width));
  return multiply(number, stepToPanel(access) * access.group);
}

Value TileEmitter::elementIndex(unsigned operand, Place place) {
  const Access &access = accessOf(operand);
  Value &base = bases[operand];
  if (!base) {
    Value index = flats[operand].offset;
    for (unsigned d = 0; d < nest.size(); ++d)
      index = add(index, multiply(ivs[d], access.strides[d] * access.group));
    if (access.hasPanels())
      index = add(index, panelOf(access));
    base = index;
  }
  int64_t moved = 0;
  if (plan.row >= 0)
    moved += place.row * access.strides[plan.row];
  if (plan.vector >= 0)
    moved += place.vec * plan.lanes * access.strides[plan.vector];
  if (access.hasPanels()) // a tile that spans several begins with one
    moved += place.vec * plan.lanes / access.panels.width * stepToPanel(access);
  return add(base, constant(moved * access.group));
}

Value TileEmitter::loadVector(Type element, Value buffer, Value index) {
  if (plan.lanes == 1)
    return b.create<memref::LoadOp>(loc, buffer, index);
  return b.create<vector::LoadOp>(loc, vectorOf(element), buffer, index);
}

/// Words of neighbours in memory, each widened to its part of the word.
Value TileEmitter::loadWords(const Access &access, Value buffer, Value index,
                             int64_t valid) {
  auto memory = cast<MemRefType>(buffer.getType()).getElementType();
  auto narrow = VectorType::get({plan.lanes * access.group}, memory);
  if (valid == plan.lanes)
    return asWords(access,
                   b.create<vector::LoadOp>(loc, narrow, buffer, index));
  Value zero = b.create<arith::ConstantOp>(loc, b.getZeroAttr(narrow));
  Value mask = b.create<vector::ConstantMaskOp>(
      loc, narrow.clone(b.getI1Type()),
      b.getI64ArrayAttr({valid * access.group}));
  return asWords(access, b.create<vector::MaskedLoadOp>(loc, narrow, buffer,
                                                        index, mask, zero));
}

Value TileEmitter::loadWord(const Access &access, Value buffer, Value index) {
  auto memory = cast<MemRefType>(buffer.getType()).getElementType();
  auto narrow = VectorType::get({access.group}, memory);
  Value word =
      asWords(access, b.create<vector::LoadOp>(loc, narrow, buffer, index));
  return b.create<vector::ExtractOp>(loc, word, 0);
}

Value TileEmitter::asWords(const Access &access, Value elements) {
  auto type = cast<VectorType>(elements.getType());
  unsigned bits = access.element.getIntOrFloatBitWidth() / access.group;
  auto wide = type.clone(b.getIntegerType(bits));
  if (type.getElementTypeBitWidth() < bits)
    elements = access.isUnsigned
                   ? Value(b.create<arith::ExtUIOp>(loc, wide, elements))
                   : Value(b.create<arith::ExtSIOp>(loc, wide, elements));
  auto words =
      VectorType::get({type.getNumElements() / access.group}, access.element);
  return b.create<vector::BitCastOp>(loc, words, elements);
}

void TileEmitter::storeVector(Value value, Value buffer, Value index) {
  if (plan.lanes == 1)
    b.create<memref::StoreOp>(loc, value, buffer, index);
  else
    b.create<vector::StoreOp>(loc, asVector(value), buffer, index);
}

void TileEmitter::prefetch(const Access &access, Place place, Value buffer,
                           Value index) {
  int64_t line = 64 * 8 / access.element.getIntOrFloatBitWidth();
  if (access.prefetch && place.vec * plan.lanes % line == 0)
    b.create<memref::PrefetchOp>(loc, buffer,
                                 add(index, constant(access.prefetch)),
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
}

Value TileEmitter::readLanes(unsigned operand, Value index, Place place) {
  const Access &access = accessOf(operand);
  int64_t stride = access.strides[plan.vector] * access.group;
  Values lanes;
  for (int64_t lane = 0; lane < plan.lanes; ++lane) {
    if (lane >= place.valid) {
      lanes.push_back(lanes.back());
      continue;
    }
    Value at = add(index, constant(lane * stride));
    Value buffer = flats[operand].buffer;
    lanes.push_back(access.group > 1
                        ? loadWord(access, buffer, at)
                        : b.create<memref::LoadOp>(loc, buffer, at));
  }
  return fromLanes(lanes);
}

/// Loads `valid` elements at a short stride: whole vectors from the first to
/// the last of them, of which the last vector ends with the last element (or
/// one vector under a mask), and from these the lanes:
///
///   stride 2, 4 lanes:   a . b . c . d    ->   [a . b .]  [. c . d]
Value TileEmitter::loadShort(Type element, Value buffer, Value index,
                             int64_t stride, int64_t valid) {
  if (stride == 1 && valid == plan.lanes)
    return loadVector(element, buffer, index);
  int64_t lanes = plan.lanes, span = (valid - 1) * std::abs(stride) + 1;
  Value lowest = stride < 0 ? add(index, constant(1 - span)) : index;
  auto type = cast<VectorType>(vectorOf(element));
  auto load = [&](int64_t at) -> Value {
    Value place = add(lowest, constant(at));
    if (span >= lanes)
      return b.create<vector::LoadOp>(loc, type, buffer, place);
    Value zero = b.create<arith::ConstantOp>(loc, b.getZeroAttr(type));
    return b.create<vector::MaskedLoadOp>(loc, type, buffer, place, mask(span),
                                          zero);
  };
  SmallVector<int64_t> starts = {0};
  while (starts.back() + lanes < span)
    starts.push_back(std::min(starts.back() + lanes, span - lanes));
  Value picked = load(0);
  for (size_t p = 1; p == 1 || p < starts.size(); ++p) {
    int64_t start = p < starts.size() ? starts[p] : span;
    Value next = p < starts.size() ? load(start) : picked;
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t used = std::min(lane, valid - 1);
      int64_t from = (stride < 0 ? valid - 1 - used : used) * std::abs(stride);
      // What only a later vector has comes in then.
      int64_t comes = lanes + std::min(from - start, lanes - 1);
      order.push_back(from >= start ? comes : p == 1 ? from : lane);
    }
    picked = b.create<vector::ShuffleOp>(loc, picked, next, order);
  }
  return picked;
}

/// The op that widens an input, where the body has no other use of it.
Operation *TileEmitter::wideningOf(unsigned operand) const {
  if (operand >= nest.inputs.size())
    return nullptr;
  BlockArgument argument = nest.body->getArgument(operand);
  if (!argument.hasOneUse())
    return nullptr;
  Operation *user = *argument.user_begin();
  bool widens = isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(user);
  return widens && user->getBlock() == nest.body ? user : nullptr;
}

/// Reads the square of a transposed operand: vectors along the tile's rows, one
/// per lane, turned by as many perfect shuffles as the lanes have bits. Each
/// rotates the bits of (vector, lane) by one. Wide lanes are turned faster than
/// narrow ones: what is to be widened is widened first.
void TileEmitter::readSquare(unsigned operand, Place place) {
  const Access &access = accessOf(operand);
  Value corner = elementIndex(operand, {0, place.vec, place.valid});
  Values square;
  Value buffer = flats[operand].buffer;
  int64_t apart = access.strides[plan.vector] * access.group;
  Operation *widening = wideningOf(operand);
  for (int64_t lane = 0; lane < plan.lanes; ++lane) {
    Value at = add(corner, constant(lane * apart));
    Value line = access.group > 1
                     ? loadWords(access, buffer, at, plan.lanes)
                     : loadShort(access.element, buffer, at,
                                 access.strides[plan.row], plan.lanes);
    if (widening)
      line = cloneOn(*widening, {line});
    square.push_back(line);
  }
  int64_t half = plan.lanes / 2;
  SmallVector<int64_t> lower, upper;
  for (int64_t i = 0; i < half; ++i) {
    lower.append({i, plan.lanes + i});
    upper.append({half + i, plan.lanes + half + i});
  }
  for (int64_t bit = 1; bit < plan.lanes; bit *= 2) {
    Values next;
    for (int64_t i = 0; i < half; ++i)
      for (ArrayRef<int64_t> order : {ArrayRef(lower), ArrayRef(upper)})
        next.push_back(b.create<vector::ShuffleOp>(loc, square[i],
                                                   square[i + half], order));
    square = next;
  }
  for (int64_t row = 0; row < plan.lanes; ++row)
    seen[{operand, row, place.vec}] = square[row];
}

Value TileEmitter::readGeneral(const Access &access, Place place) {
  Values dims, indices;
  for (unsigned d = 0; d < nest.loopOf.size(); ++d)
    dims.push_back(loopIndex(d, place));
  for (AffineExpr expr : access.map.getResults())
    indices.push_back(evaluate(expr, dims));
  return load(access.buffer, indices);
}

bool TileEmitter::startsFilled(unsigned operand) const {
  return operand >= nest.inputs.size() &&
         nest.initial[operand - nest.inputs.size()];
}

Value TileEmitter::read(unsigned operand, Place place) {
  const Access &access = accessOf(operand);
  if (access.isScalar())
    return access.buffer;
  if (startsFilled(operand))
    return nest.initial[operand - nest.inputs.size()];
  if (Value value = hoisted.lookup(operand))
    return value;
  if (!access.isLinear())
    return readGeneral(access, place);
  int64_t stride = plan.vector >= 0 ? access.strides[plan.vector] : 0;
  bool perRow = plan.row >= 0 && access.strides[plan.row] != 0;
  auto key =
      std::make_tuple(operand, perRow ? place.row : 0, stride ? place.vec : 0);
  bool full = place.valid == plan.lanes;
  if (!seen.count(key) && plan.row >= 0 && full && tileRows == plan.lanes &&
      isCrossed(access, plan.vector, plan.row) &&
      (access.group == 1 || access.strides[plan.row] == 1))
    readSquare(operand, place);
  Value &value = seen[key];
  if (value)
    return value;

  Value index = elementIndex(operand, place);
  Value buffer = flats[operand].buffer;
  // A body that loads by itself must see real elements in every lane: zeros
  // could become indices.
  bool maskable = nest.body->getOps<memref::LoadOp>().empty();
  Type type = vectorOf(access.element);
  if (access.group > 1 && stride == 1) {
    prefetch(access, place, buffer, index);
    value = loadWords(access, buffer, index, place.valid);
  } else if (access.group > 1 && stride == 0) {
    value = loadWord(access, buffer, index);
  } else if (access.group > 1) {
    value = readLanes(operand, index, place);
  } else if (stride == 0) {
    value = b.create<memref::LoadOp>(loc, buffer, index);
  } else if (stride == 1 && full) {
    prefetch(access, place, buffer, index);
    value = loadVector(access.element, buffer, index);
  } else if (stride == 1 && maskable) {
    Value zero = b.create<arith::ConstantOp>(loc, b.getZeroAttr(type));
    value = b.create<vector::MaskedLoadOp>(loc, type, buffer, index,
                                           mask(place.valid), zero);
  } else if (isShort(stride) && (stride != 1 || maskable)) {
    value = loadShort(access.element, buffer, index, stride, place.valid);
  } else {
    value = readLanes(operand, index, place);
  }
  return value;
}

void TileEmitter::write(unsigned output, Place place, Value value) {
  unsigned operand = nest.inputs.size() + output;
  const Access &access = accessOf(operand);
  if (auto waiting = parked.find(output); waiting != parked.end())
    return storeVector(asVector(value), waiting->second, parkedAt);
  if (isTurned(output)) {
    turned[{output, place.vec}].push_back(asVector(value));
    turnedValid[place.vec] = place.valid;
    return;
  }
  Value index = elementIndex(operand, place);
  Value buffer = flats[operand].buffer;
  int64_t stride = plan.vector >= 0 ? access.strides[plan.vector] : 0;
  if (stride == 0) {
    b.create<memref::StoreOp>(loc, value, buffer, index);
  } else if (stride != 1) {
    value = asVector(value);
    for (int64_t lane = 0; lane < place.valid; ++lane)
      b.create<memref::StoreOp>(loc,
                                b.create<vector::ExtractOp>(loc, value, lane),
                                buffer, add(index, constant(lane * stride)));
  } else if (place.valid == plan.lanes && access.streamed && plan.lanes > 1) {
    b.create<vector::StoreOp>(loc, asVector(value), buffer, index,
                              /*nontemporal=*/true);
  } else if (place.valid == plan.lanes) {
    storeVector(value, buffer, index);
  } else {
    b.create<vector::MaskedStoreOp>(loc, buffer, index, mask(place.valid),
                                    asVector(value));
  }
}

//===----------------------------------------------------------------------===//
// Small words
//===----------------------------------------------------------------------===//

Type TileEmitter::vectorOf(Type element) const {
  return plan.lanes == 1 ? element
                         : Type(VectorType::get({plan.lanes}, element));
}

Value TileEmitter::fromLanes(ArrayRef<Value> lanes) {
  if (plan.lanes == 1)
    return lanes.front();
  return b.create<vector::FromElementsOp>(
      loc, vectorOf(lanes.front().getType()), lanes);
}

Value TileEmitter::asVector(Value value) {
  if (plan.lanes == 1 || isa<VectorType>(value.getType()))
    return value;
  return b.create<vector::BroadcastOp>(loc, vectorOf(value.getType()), value);
}

Value TileEmitter::constant(int64_t value) {
  return b.create<arith::ConstantIndexOp>(loc, value);
}

Value TileEmitter::mask(int64_t valid) {
  return b.create<vector::ConstantMaskOp>(
      loc, VectorType::get({plan.lanes}, b.getI1Type()),
      b.getI64ArrayAttr({valid}));
}

Value TileEmitter::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}

Value TileEmitter::multiply(Value x, int64_t factor) {
  return b.createOrFold<arith::MulIOp>(loc, x, constant(factor));
}

} // namespace mg::codegen
