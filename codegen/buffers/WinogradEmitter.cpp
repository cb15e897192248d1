//===- WinogradEmitter.cpp - transforms and products as loops -------------===//
//
// See Winograd.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/buffers/FramedRows.h"
#include "codegen/buffers/Winograd.h"
#include "codegen/buffers/WinogradTransforms.h"
#include "codegen/nests/KernelPart.h"
#include "codegen/tasks/ThreadShares.h"

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
// Windows of the operands
//===----------------------------------------------------------------------===//

namespace {

class WinogradEmitter {
public:
  WinogradEmitter(OpBuilder &b, const WinogradConv &conv,
                  const WinogradBlock &block)
      : b(b), conv(conv), op(conv.op), loc(op.getLoc()), block(block),
        image(op->getOperand(0)), result(conv.output()) {}

  /// Whether it makes the image's frame.
  bool emit();

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
                     SquareTransform transform);

  Value createLike(Value buffer, ArrayRef<std::pair<unsigned, int64_t>> sizes,
                   unsigned operand);
  Value cropped(Value whole, Value like);
  std::optional<FramedRows> framedRows();
  void extendImage();
  void extendResult();
  void createBlock();
  std::array<int64_t, 2> weightShape() const;
  void emitWeights();
  void emitInput();
  AffineMap planesMap();
  void emitProducts();
  void emitBack();
  void emitFollowers();
  void emitBlock(Value number);
  void emitBlocks(Value begin, Value end);
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
  /// The image or the result has the room of one block.
  bool isImageLocal = false, isLocal = false;
  /// What the local image is copied from.
  std::optional<FramedRows> rows;
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
  AffineMap map = conv.mapOf(operand);
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
  bool local = channel == conv.loops.results ? isLocal : isImageLocal;
  return {{channel, 0, number(0), channels},
          {conv.loops.images, 1, local ? number(0) : plus(firstImage, 0),
           block.images},
          {conv.loops.rows, 2, local ? number(i) : plus(firstRow, i),
           block.rows, out},
          {conv.loops.columns, 3, number(j), block.columns, out}};
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void WinogradEmitter::emitTransform(ArrayRef<Window> inputs,
                                    ArrayRef<Window> outputs,
                                    SquareTransform transform) {
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
        SmallVector<Value> square(args.take_front(ins.size()));
        body.create<linalg::YieldOp>(loc, transform(body, loc, square));
      });
}

/// [16][results][channels], or with channels outside.
std::array<int64_t, 2> WinogradEmitter::weightShape() const {
  if (conv.areChannelsOutside)
    return {conv.channels, conv.results};
  return {conv.results, conv.channels};
}

void WinogradEmitter::emitWeights() {
  if (conv.isTransformed)
    return;
  std::array<int64_t, 2> shape = weightShape();
  weights = createPlanes(shape[0], shape[1]);
  auto tapAt = [&](unsigned side, int64_t i) {
    return number(conv.isTurned[side] ? taps - 1 - i : i);
  };
  const int outside = conv.areChannelsOutside;
  SmallVector<Window> from, to;
  for (int64_t i = 0; i < taps; ++i)
    for (int64_t j = 0; j < taps; ++j)
      from.push_back(windowOf(
          op->getOperand(1), 1,
          {{conv.loops.results, outside, number(0), conv.results},
           {conv.loops.channels, 1 - outside, number(0), conv.channels},
           {conv.loops.tapRows, -1, tapAt(0, i), 1},
           {conv.loops.tapColumns, -1, tapAt(1, j), 1}},
          2));
  for (int64_t p = 0; p < planes; ++p)
    to.push_back(planeOf(weights, p, shape));
  emitTransform(from, to, transformWeights);
}

/// [16][channels][images][rows][columns] of the block's tiles
void WinogradEmitter::emitInput() {
  SmallVector<Window> from, to;
  for (int64_t i = 0; i < in; ++i)
    for (int64_t j = 0; j < in; ++j)
      from.push_back(windowOf(
          image, 0, tileParts(conv.loops.channels, conv.channels, i, j), 4));
  for (int64_t p = 0; p < planes; ++p)
    to.push_back(planeOf(
        inputs, p, {conv.channels, block.images, block.rows, block.columns}));
  emitTransform(from, to, transformInputs);
}

/// Over the loops of the products, of weights that are transformed already.
AffineMap WinogradEmitter::planesMap() {
  SmallVector<AffineExpr> loops(op.getNumLoops(), b.getAffineConstantExpr(0));
  loops[conv.loops.tapColumns] = b.getAffineDimExpr(0);
  loops[conv.loops.results] = b.getAffineDimExpr(1);
  loops[conv.loops.channels] = b.getAffineDimExpr(3);
  return conv.mapOf(1).replaceDimsAndSymbols(loops, {}, 4, 0);
}

/// [16][results][tiles] = [16][results][channels] . [16][channels][tiles]
void WinogradEmitter::emitProducts() {
  Value zero = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0));
  Value u = conv.isTransformed
                ? op->getOperand(1)
                : allPlanes(weights, weightShape()[0], weightShape()[1]),
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
      ArrayRef{conv.isTransformed        ? planesMap()
               : conv.areChannelsOutside ? map({p, c, k})
                                         : map({p, k, c}),
               map({p, c, t}), map({p, k, t})},
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
      to.push_back(windowOf(result, conv.outputAt(),
                            tileParts(conv.loops.results, conv.results, i, j),
                            4));
  emitTransform(from, to, transformBack);
}

/// What follows in the kernel, on the block's results.
void WinogradEmitter::emitFollowers() {
  KernelPart part(b);
  if (isLocal)
    part.replace(conv.output(), result);
  for (linalg::GenericOp follower : conv.followers) {
    SmallVector<LoopPart> parts;
    auto addPart = [&](unsigned loop, Value offset, int64_t size) {
      if (auto own = loopInFollower(op, loop, follower))
        parts.push_back({*own, offset, size});
    };
    addPart(conv.loops.images, firstImage, block.images);
    addPart(conv.loops.rows, firstRow, block.rows * out);
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
    shape[dimOf(conv.mapOf(operand), loop)] = size;
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

/// How the image is copied block by block: with the frame that is made in the
/// kernel, and zeros where the last tiles stand over the edge. None where it is
/// read as it is.
std::optional<FramedRows> WinogradEmitter::framedRows() {
  if (!conv.frame && !conv.isOdd())
    return std::nullopt;
  AffineMap map = conv.mapOf(0);
  const unsigned images = dimOf(map, conv.loops.images),
                 rowDim = dimOf(map, conv.loops.rows),
                 columnDim = dimOf(map, conv.loops.columns);
  auto type = cast<MemRefType>(image.getType());
  FramedRows framed{image,
                    Value(),
                    SmallVector<int64_t>(type.getRank(), 0),
                    SmallVector<int64_t>(type.getShape()),
                    rowDim,
                    block.rows * out,
                    conv.tileRows() / block.rows};
  if (conv.frame) {
    PaddedArray frame = *conv.frame;
    framed.image = frame.copy().getSource();
    framed.fill = frame.fill.getInputs()[0];
    framed.low.assign(frame.middle.getStaticOffsets().begin(),
                      frame.middle.getStaticOffsets().end());
    if (frame.middle.getType().getDimSize(images) != type.getDimSize(images))
      return std::nullopt;
  } else {
    framed.fill = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0));
  }
  const int64_t edge = in - out;
  framed.shape[images] = block.images;
  framed.shape[rowDim] = framed.step + edge;
  framed.shape[columnDim] = conv.tileColumns() * out + edge;
  return framed.isRegular() ? std::optional(framed) : std::nullopt;
}

/// Where the last tiles stand over the edge they read zeros.
void WinogradEmitter::extendImage() {
  rows = framedRows();
  isImageLocal = rows.has_value();
  if (isImageLocal || !conv.isOdd())
    return;
  int64_t edge = in - out;
  Value extended =
      createLike(image,
                 {{conv.loops.rows, conv.tileRows() * out + edge},
                  {conv.loops.columns, conv.tileColumns() * out + edge}},
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

void WinogradEmitter::extendResult() {
  isLocal = !conv.followers.empty() && isPrivate(result);
  if (!isLocal && conv.isOdd())
    result = createLike(result,
                        {{conv.loops.rows, conv.tileRows() * out},
                         {conv.loops.columns, conv.tileColumns() * out}},
                        conv.outputAt());
}

/// The memory of a block.
void WinogradEmitter::createBlock() {
  inputs = createPlanes(conv.channels, block.tiles());
  products = createPlanes(conv.results, block.tiles());
  if (isImageLocal)
    image = rows->create(b, loc);
  if (isLocal)
    result = createLike(conv.output(),
                        {{conv.loops.images, block.images},
                         {conv.loops.rows, block.rows * out}},
                        conv.outputAt());
}

void WinogradEmitter::emitBlock(Value number) {
  auto index = [&](int64_t value) -> Value {
    return b.create<arith::ConstantIndexOp>(loc, value);
  };
  const int64_t inImage = conv.tileRows() / block.rows;
  Value row = b.create<arith::RemUIOp>(loc, number, index(inImage)),
        group = b.create<arith::DivUIOp>(loc, number, index(inImage));
  firstImage = b.create<arith::MulIOp>(loc, group, index(block.images));
  firstRow = b.create<arith::MulIOp>(loc, row, index(block.rows * out));
  if (isImageLocal) {
    SmallVector<OpFoldResult> offsets(rows->shape.size(), b.getIndexAttr(0));
    offsets[dimOf(conv.mapOf(0), conv.loops.images)] = firstImage;
    rows->copy(b, loc, image, row, offsets);
  }
  emitInput();
  emitProducts();
  emitBack();
  emitFollowers();
}

void WinogradEmitter::emitBlocks(Value begin, Value end) {
  createBlock();
  Value one = b.create<arith::ConstantIndexOp>(loc, 1);
  auto loop = b.create<scf::ForOp>(loc, begin, end, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitBlock(loop.getInductionVar());
}

bool WinogradEmitter::emit() {
  extendImage();
  emitWeights();
  extendResult();
  const int64_t count =
      conv.images / block.images * (conv.tileRows() / block.rows);
  auto blocks = [&](Value begin, Value end) { emitBlocks(begin, end); };
  if (count >= WinogradBlock::enoughBlocks)
    emitShares(b, loc, count, blocks);
  else
    blocks(b.create<arith::ConstantIndexOp>(loc, 0),
           b.create<arith::ConstantIndexOp>(loc, count));
  if (!isLocal && conv.isOdd())
    b.create<memref::CopyOp>(loc, cropped(result, conv.output()),
                             conv.output());
  return isImageLocal && conv.frame;
}

void emitWinograd(const WinogradConv &conv, const WinogradBlock &block) {
  Operation *last = conv.op;
  if (!conv.followers.empty())
    last = conv.followers.back();
  OpBuilder b(last->getContext());
  b.setInsertionPointAfter(last);
  const bool isFramed = WinogradEmitter(b, conv, block).emit();
  for (linalg::GenericOp follower : llvm::reverse(conv.followers))
    follower.erase();
  linalg::GenericOp(conv.op).erase();
  linalg::FillOp(conv.start).erase();
  if (isFramed)
    PaddedArray(*conv.frame).erase();
}

} // namespace mg::codegen
