//===- WinogradEmitter.cpp - transforms and products as loops -------------===//
//
// See Winograd.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/KernelPart.h"
#include "codegen/Winograd.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t taps = WinogradConv::taps, out = WinogradConv::out,
                         in = WinogradConv::in, planes = in * in;
/// Floats of a cache line.
static constexpr int64_t line = 16;

//===----------------------------------------------------------------------===//
// The transforms of a square, on its columns and then on its rows
//===----------------------------------------------------------------------===//

namespace {
class Arithmetic {
public:
  Arithmetic(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  Value add(Value x, Value y) { return b.create<arith::AddFOp>(loc, x, y); }
  Value subtract(Value x, Value y) {
    return b.create<arith::SubFOp>(loc, x, y);
  }
  Value halve(Value x) {
    Value half = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0.5));
    return b.create<arith::MulFOp>(loc, x, half);
  }

private:
  OpBuilder &b;
  Location loc;
};
} // namespace

using Line = SmallVector<Value, 4>;
using Transform = Line (*)(Arithmetic &, ArrayRef<Value>);

/// B' of the essay: what is made of four inputs.
static Line transformInput(Arithmetic &a, ArrayRef<Value> x) {
  return {a.subtract(x[0], x[2]), a.add(x[1], x[2]), a.subtract(x[2], x[1]),
          a.subtract(x[1], x[3])};
}

/// G, of three weights.
static Line transformWeights(Arithmetic &a, ArrayRef<Value> w) {
  Value outer = a.halve(a.add(w[0], w[2])), middle = a.halve(w[1]);
  return {w[0], a.add(outer, middle), a.subtract(outer, middle), w[2]};
}

/// A', the two results of four products.
static Line transformBack(Arithmetic &a, ArrayRef<Value> m) {
  return {a.add(a.add(m[0], m[1]), m[2]),
          a.subtract(a.subtract(m[1], m[2]), m[3])};
}

static SmallVector<Value> transformSquare(Arithmetic &a, ArrayRef<Value> square,
                                          int64_t size, Transform transform) {
  SmallVector<Line> columns;
  for (int64_t j = 0; j < size; ++j) {
    Line column;
    for (int64_t i = 0; i < size; ++i)
      column.push_back(square[i * size + j]);
    columns.push_back(transform(a, column));
  }
  SmallVector<Value> result;
  for (size_t i = 0; i < columns.front().size(); ++i) {
    Line row;
    for (const Line &column : columns)
      row.push_back(column[i]);
    llvm::append_range(result, transform(a, row));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Windows of the operands
//===----------------------------------------------------------------------===//

namespace {

class WinogradEmitter {
public:
  WinogradEmitter(OpBuilder &b, const WinogradConv &conv,
                  const WinogradBlock &block)
      : b(b), conv(conv), op(conv.op), loc(op.getLoc()), block(block),
        image(op->getOperand(0)), result(op->getOperand(2)) {}

  void emit();

private:
  /// A loop of the op, of which a window takes `size` steps from `offset`; they
  /// are the loop `loop` of a transform (-1: of none).
  struct Part {
    unsigned original;
    int loop;
    OpFoldResult offset;
    int64_t size, stride = 1;
  };
  struct Window {
    Value view;
    AffineMap map;
  };

  Window windowOf(Value whole, unsigned operand, ArrayRef<Part> parts,
                  unsigned loops);
  Value createPlanes(int64_t rows, int64_t columns);
  Window planeOf(Value buffer, int64_t plane, ArrayRef<int64_t> shape);
  Value allPlanes(Value buffer, int64_t rows, int64_t columns);
  SmallVector<Part> tileParts(unsigned channel, int64_t channels, int64_t i,
                              int64_t j);
  void emitTransform(ArrayRef<Window> inputs, ArrayRef<Window> outputs,
                     int64_t size, Transform transform);

  Value createLike(Value buffer, ArrayRef<std::pair<unsigned, int64_t>> sizes,
                   unsigned operand);
  Value cropped(Value whole, Value like);
  void extendImage();
  void chooseResult();
  void emitWeights();
  void emitInput();
  void emitProducts();
  void emitBack();
  void emitFollowers();
  void emitBlock();
  bool isPrivate(Value buffer);
  OpFoldResult number(int64_t value) { return b.getIndexAttr(value); }
  /// `begin` + i, of a buffer that has blocks before the one in hand.
  OpFoldResult plus(Value begin, int64_t i);

  OpBuilder &b;
  const WinogradConv &conv;
  linalg::GenericOp op;
  Location loc;
  const WinogradBlock &block;
  /// What is read and written in place of the op's operands.
  Value image, result;
  /// The result has the room of one block.
  bool isLocal = false;
  Value weights, inputs, products;
  /// First image and row of the block in hand.
  Value firstImage, firstRow;
};

} // namespace

OpFoldResult WinogradEmitter::plus(Value begin, int64_t i) {
  return affine::makeComposedFoldedAffineApply(
      b, loc, b.getAffineDimExpr(0) + i, {begin});
}

/// The dimension of an operand that moves with the loop.
static unsigned dimOf(AffineMap map, unsigned loop) {
  for (auto [i, index] : llvm::enumerate(map.getResults()))
    if (index.isFunctionOfDim(loop))
      return i;
  llvm_unreachable("a convolution's operand moves with its loops");
}

/// Loops of the op that are in no part are at 0.
WinogradEmitter::Window WinogradEmitter::windowOf(Value whole, unsigned operand,
                                                  ArrayRef<Part> parts,
                                                  unsigned loops) {
  AffineMap map = op.getIndexingMapsArray()[operand];
  unsigned rank = map.getNumResults();
  SmallVector<OpFoldResult> offsets(rank, number(0)), sizes(rank, number(1)),
      strides(rank, number(1));
  SmallVector<AffineExpr> indices(rank, b.getAffineConstantExpr(0));
  for (const Part &part : parts) {
    unsigned dim = dimOf(map, part.original);
    offsets[dim] = part.offset;
    sizes[dim] = number(part.size);
    strides[dim] = number(part.stride);
    if (part.loop >= 0)
      indices[dim] = b.getAffineDimExpr(part.loop);
  }
  return {b.create<memref::SubViewOp>(loc, whole, offsets, sizes, strides),
          AffineMap::get(loops, 0, indices, b.getContext())};
}

/// 16 planes of rows x columns, each row on lines of its own. A line more
/// between planes: they are walked side by side, and at a multiple of 4 KiB
/// would share sets of the first cache.
Value WinogradEmitter::createPlanes(int64_t rows, int64_t columns) {
  int64_t size = rows * llvm::alignTo(columns, line) + line;
  return b.create<memref::AllocOp>(
      loc, MemRefType::get({planes, size}, b.getF32Type()));
}

/// A view of planes as `shape`, whose first dimension is the rows, or with
/// `isAll` the planes, and then the rows.
static Value viewOf(OpBuilder &b, Location loc, Value buffer, int64_t plane,
                    ArrayRef<int64_t> shape, bool isAll) {
  int64_t stride = 1, size = cast<MemRefType>(buffer.getType()).getDimSize(1);
  SmallVector<int64_t> strides(shape.size());
  for (size_t d = shape.size(); d-- > 0; stride *= shape[d]) {
    if (d == size_t(isAll))
      stride = llvm::alignTo(stride, line);
    strides[d] = isAll && d == 0 ? size : stride;
  }
  auto layout = StridedLayoutAttr::get(b.getContext(), plane * size, strides);
  return b.create<memref::ReinterpretCastOp>(
      loc, MemRefType::get(shape, b.getF32Type(), layout), buffer, plane * size,
      shape, strides);
}

WinogradEmitter::Window WinogradEmitter::planeOf(Value buffer, int64_t plane,
                                                 ArrayRef<int64_t> shape) {
  return {viewOf(b, loc, buffer, plane, shape, false),
          b.getMultiDimIdentityMap(shape.size())};
}

Value WinogradEmitter::allPlanes(Value buffer, int64_t rows, int64_t columns) {
  return viewOf(b, loc, buffer, 0, {planes, rows, columns}, true);
}

/// Element (i, j) of each tile of the block, over the loops (channel, image,
/// row, column).
SmallVector<WinogradEmitter::Part> WinogradEmitter::tileParts(unsigned channel,
                                                              int64_t channels,
                                                              int64_t i,
                                                              int64_t j) {
  bool local = isLocal && channel == conv.dims.outputChannel[0];
  return {{channel, 0, number(0), channels},
          {conv.dims.batch[0], 1, local ? number(0) : plus(firstImage, 0),
           block.images},
          {conv.dims.outputImage[0], 2, local ? number(i) : plus(firstRow, i),
           block.rows, out},
          {conv.dims.outputImage[1], 3, number(j), block.columns, out}};
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void WinogradEmitter::emitTransform(ArrayRef<Window> inputs,
                                    ArrayRef<Window> outputs, int64_t size,
                                    Transform transform) {
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  for (const Window &window : inputs) {
    ins.push_back(window.view);
    maps.push_back(window.map);
  }
  for (const Window &window : outputs) {
    outs.push_back(window.view);
    maps.push_back(window.map);
  }
  SmallVector<utils::IteratorType> parallel(maps.front().getNumDims(),
                                            utils::IteratorType::parallel);
  b.create<linalg::GenericOp>(
      loc, ins, outs, maps, parallel,
      [&](OpBuilder &body, Location loc, ValueRange args) {
        Arithmetic arithmetic(body, loc);
        SmallVector<Value> square(args.take_front(ins.size()));
        body.create<linalg::YieldOp>(
            loc, transformSquare(arithmetic, square, size, transform));
      });
}

/// [16][results][channels]
void WinogradEmitter::emitWeights() {
  weights = createPlanes(conv.results, conv.channels);
  SmallVector<Window> from, to;
  for (int64_t i = 0; i < taps; ++i)
    for (int64_t j = 0; j < taps; ++j)
      from.push_back(
          windowOf(op->getOperand(1), 1,
                   {{conv.dims.outputChannel[0], 0, number(0), conv.results},
                    {conv.dims.inputChannel[0], 1, number(0), conv.channels},
                    {conv.dims.filterLoop[0], -1, number(i), 1},
                    {conv.dims.filterLoop[1], -1, number(j), 1}},
                   2));
  for (int64_t p = 0; p < planes; ++p)
    to.push_back(planeOf(weights, p, {conv.results, conv.channels}));
  emitTransform(from, to, taps, transformWeights);
}

/// [16][channels][images][rows][columns] of the block's tiles
void WinogradEmitter::emitInput() {
  SmallVector<Window> from, to;
  for (int64_t i = 0; i < in; ++i)
    for (int64_t j = 0; j < in; ++j)
      from.push_back(windowOf(
          image, 0, tileParts(conv.dims.inputChannel[0], conv.channels, i, j),
          4));
  for (int64_t p = 0; p < planes; ++p)
    to.push_back(planeOf(
        inputs, p, {conv.channels, block.images, block.rows, block.columns}));
  emitTransform(from, to, in, transformInput);
}

/// [16][results][tiles] = [16][results][channels] . [16][channels][tiles]
void WinogradEmitter::emitProducts() {
  Value zero = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0));
  Value u = allPlanes(weights, conv.results, conv.channels),
        v = allPlanes(inputs, conv.channels, block.tiles()),
        m = allPlanes(products, conv.results, block.tiles());
  b.create<linalg::FillOp>(loc, zero, m);
  AffineExpr p, k, t, c;
  bindDims(b.getContext(), p, k, t, c);
  auto map = [&](ArrayRef<AffineExpr> indices) {
    return AffineMap::get(4, 0, indices, b.getContext());
  };
  constexpr auto parallel = utils::IteratorType::parallel;
  auto product = b.create<linalg::GenericOp>(
      loc, ValueRange{u, v}, ValueRange{m},
      ArrayRef{map({p, k, c}), map({p, c, t}), map({p, k, t})},
      ArrayRef{parallel, parallel, parallel, utils::IteratorType::reduction},
      [](OpBuilder &body, Location loc, ValueRange args) {
        Value product = body.create<arith::MulFOp>(loc, args[0], args[1]);
        Value sum = body.create<arith::AddFOp>(loc, args[2], product);
        body.create<linalg::YieldOp>(loc, sum);
      });
  product->setAttr("mg.contraction", b.getUnitAttr());
}

void WinogradEmitter::emitBack() {
  SmallVector<Window> from, to;
  for (int64_t p = 0; p < planes; ++p)
    from.push_back(planeOf(
        products, p, {conv.results, block.images, block.rows, block.columns}));
  for (int64_t i = 0; i < out; ++i)
    for (int64_t j = 0; j < out; ++j)
      to.push_back(windowOf(
          result, 2, tileParts(conv.dims.outputChannel[0], conv.results, i, j),
          4));
  emitTransform(from, to, in, transformBack);
}

/// What follows in the kernel, on the block's results.
void WinogradEmitter::emitFollowers() {
  KernelPart part(b);
  if (isLocal)
    part.replace(op->getOperand(2), result);
  for (linalg::GenericOp follower : conv.followers) {
    SmallVector<LoopPart> parts;
    auto addPart = [&](unsigned loop, Value offset, int64_t size) {
      if (auto own = loopInFollower(op, loop, follower))
        parts.push_back({*own, offset, size});
    };
    addPart(conv.dims.batch[0], firstImage, block.images);
    addPart(conv.dims.outputImage[0], firstRow, block.rows * out);
    part.clone(follower, parts);
  }
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Memory of an operand's shape but for the dimensions of some loops.
Value WinogradEmitter::createLike(Value buffer,
                                  ArrayRef<std::pair<unsigned, int64_t>> sizes,
                                  unsigned operand) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> shape(type.getShape());
  for (auto [loop, size] : sizes)
    shape[dimOf(op.getIndexingMapsArray()[operand], loop)] = size;
  return b.create<memref::AllocOp>(
      loc, MemRefType::get(shape, type.getElementType()));
}

/// The first elements of `whole`, as many as `like` has.
Value WinogradEmitter::cropped(Value whole, Value like) {
  auto type = cast<MemRefType>(like.getType());
  SmallVector<int64_t> offsets(type.getRank(), 0), ones(type.getRank(), 1);
  return b.create<memref::SubViewOp>(loc, whole, offsets, type.getShape(),
                                     ones);
}

/// Where the last tiles stand over the edge they read zeros.
void WinogradEmitter::extendImage() {
  if (!conv.isOdd())
    return;
  int64_t edge = in - out;
  ArrayRef<unsigned> loops = conv.dims.outputImage;
  Value extended = createLike(image,
                              {{loops[0], conv.tileRows() * out + edge},
                               {loops[1], conv.tileColumns() * out + edge}},
                              0);
  Value zero = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0));
  b.create<linalg::FillOp>(loc, zero, extended);
  b.create<memref::CopyOp>(loc, image, cropped(extended, image));
  image = extended;
}

/// Whether nothing but the op and what runs with it sees the buffer.
bool WinogradEmitter::isPrivate(Value buffer) {
  return buffer.getDefiningOp<memref::AllocOp>() &&
         llvm::all_of(buffer.getUsers(), [&](Operation *user) {
           return user == op || user == conv.start ||
                  llvm::is_contained(conv.followers, user);
         });
}

void WinogradEmitter::chooseResult() {
  ArrayRef<unsigned> loops = conv.dims.outputImage;
  isLocal = !conv.followers.empty() && isPrivate(result);
  if (isLocal)
    result = createLike(
        result,
        {{conv.dims.batch[0], block.images}, {loops[0], block.rows * out}}, 2);
  else if (conv.isOdd())
    result = createLike(result,
                        {{loops[0], conv.tileRows() * out},
                         {loops[1], conv.tileColumns() * out}},
                        2);
}

void WinogradEmitter::emitBlock() {
  emitInput();
  emitProducts();
  emitBack();
  emitFollowers();
}

void WinogradEmitter::emit() {
  extendImage();
  emitWeights();
  inputs = createPlanes(conv.channels, block.tiles());
  products = createPlanes(conv.results, block.tiles());
  chooseResult();
  auto index = [&](int64_t value) -> Value {
    return b.create<arith::ConstantIndexOp>(loc, value);
  };
  scf::buildLoopNest(b, loc, {index(0), index(0)},
                     {index(conv.images), index(conv.tileRows() * out)},
                     {index(block.images), index(block.rows * out)},
                     [&](OpBuilder &inside, Location, ValueRange ivs) {
                       OpBuilder::InsertionGuard guard(b);
                       b.restoreInsertionPoint(inside.saveInsertionPoint());
                       firstImage = ivs[0];
                       firstRow = ivs[1];
                       emitBlock();
                     });
  if (conv.isOdd())
    b.create<memref::CopyOp>(loc, cropped(result, op->getOperand(2)),
                             op->getOperand(2));
}

void emitWinograd(const WinogradConv &conv, const WinogradBlock &block) {
  Operation *last = conv.op;
  if (!conv.followers.empty())
    last = conv.followers.back();
  OpBuilder b(last->getContext());
  b.setInsertionPointAfter(last);
  WinogradEmitter(b, conv, block).emit();
  for (linalg::GenericOp follower : llvm::reverse(conv.followers))
    follower.erase();
  linalg::GenericOp(conv.op).erase();
  linalg::FillOp(conv.start).erase();
}

} // namespace mg::codegen
