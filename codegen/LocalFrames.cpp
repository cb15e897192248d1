//===- LocalFrames.cpp - padded arrays in pieces --------------------------===//
//
// A convolution with padding reads its image from a copy with a frame of zeros.
// Where it goes through that copy image by image or channel by channel, each
// piece is framed when its turn comes, in memory that the first caches hold:
//
//   p = alloc ; fill p 0 ; copy i -> middle of p
//   y[c, ..] += .. p[c, ..] ..               what follows in the kernel
//     ->
//   forall chunk:
//     q = alloc of one c ; fill q 0          the frame stays 0
//     for c of the chunk:
//       copy i[c] -> middle of q
//       y[c, ..] += .. q ..                  what follows, for this c
//
//===----------------------------------------------------------------------===//
#include "codegen/KernelPart.h"
#include "codegen/PaddedArray.h"
#include "codegen/Passes.h"
#include "codegen/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mg::codegen {

#define GEN_PASS_DEF_LOCALFRAMES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// Writes the loops over the pieces.
class FrameEmitter {
public:
  FrameEmitter(OpBuilder &b, PaddedArray &array)
      : b(b), loc(array.reader.getLoc()), array(array),
        start(findStart(array.reader)) {}

  void emit(int64_t chunks);
  /// Erases the ops that the loops replace.
  void eraseOps();

private:
  void emitPieces(Value begin, Value end);
  Value createPiece();
  void emitPiece(Value piece, Value number);
  void copyImage(Value piece, ArrayRef<Value> at);
  SmallVector<Value> indicesOf(Value number);

  Value constant(int64_t value) {
    return b.create<arith::ConstantIndexOp>(loc, value);
  }

  OpBuilder &b;
  Location loc;
  PaddedArray &array;
  linalg::FillOp start;
};

} // namespace

/// One piece with its frame.
Value FrameEmitter::createPiece() {
  SmallVector<int64_t> shape(array.type().getShape());
  for (PaddedArray::Walk walk : array.walks)
    shape[walk.dim] = 1;
  Value piece = b.create<memref::AllocOp>(
      loc, MemRefType::get(shape, array.type().getElementType()),
      b.getI64IntegerAttr(64));
  b.create<linalg::FillOp>(loc, array.fill.getInputs()[0], piece);
  return piece;
}

void FrameEmitter::copyImage(Value piece, ArrayRef<Value> at) {
  MemRefType type = array.middle.getType();
  SmallVector<OpFoldResult> from(type.getRank(), b.getIndexAttr(0)), sizes,
      ones(type.getRank(), b.getIndexAttr(1));
  for (int64_t extent : type.getShape())
    sizes.push_back(b.getIndexAttr(extent));
  for (auto [walk, index] : llvm::zip_equal(array.walks, at)) {
    sizes[walk.dim] = b.getIndexAttr(1);
    from[walk.dim] = index;
  }
  Value source = b.create<memref::SubViewOp>(loc, array.copy().getSource(),
                                             from, sizes, ones);
  Value target = b.create<memref::SubViewOp>(
      loc, piece, array.middle.getMixedOffsets(), sizes, ones);
  b.create<memref::CopyOp>(loc, source, target);
}

/// The piece's index along each walk.
SmallVector<Value> FrameEmitter::indicesOf(Value number) {
  SmallVector<Value> indices(array.walks.size());
  for (unsigned w = indices.size(); w-- > 1;) {
    Value extent = constant(array.type().getDimSize(array.walks[w].dim));
    indices[w] = b.create<arith::RemUIOp>(loc, number, extent);
    number = b.create<arith::DivUIOp>(loc, number, extent);
  }
  indices[0] = number;
  return indices;
}

void FrameEmitter::emitPiece(Value piece, Value number) {
  SmallVector<Value> at = indicesOf(number);
  copyImage(piece, at);
  const auto partsOf = [&](auto loopOf) {
    SmallVector<LoopPart> parts;
    for (auto [walk, index] : llvm::zip_equal(array.walks, at))
      parts.push_back({loopOf(walk.loop), index, 1});
    return parts;
  };
  SmallVector<LoopPart> own = partsOf([](unsigned loop) { return loop; });
  KernelPart part(b);
  part.replace(array.alloc, piece);
  if (start)
    part.cloneStart(start, array.reader, own);
  part.clone(array.reader, own);
  for (linalg::GenericOp follower : array.followers)
    part.clone(follower, partsOf([&](unsigned loop) {
                 return *loopInFollower(array.reader, loop, follower);
               }));
}

void FrameEmitter::emitPieces(Value begin, Value end) {
  Value piece = createPiece();
  auto loop = b.create<scf::ForOp>(loc, begin, end, constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitPiece(piece, loop.getInductionVar());
}

void FrameEmitter::emit(int64_t chunks) {
  const int64_t pieces = array.pieces(),
                perChunk = llvm::divideCeil(pieces, chunks);
  if (perChunk >= pieces)
    return emitPieces(constant(0), constant(pieces));
  auto forall =
      b.create<scf::ForallOp>(loc,
                              ArrayRef<OpFoldResult>{b.getIndexAttr(
                                  llvm::divideCeil(pieces, perChunk))},
                              ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  Value begin = b.create<arith::MulIOp>(loc, forall.getInductionVar(0),
                                        constant(perChunk));
  Value end = b.create<arith::AddIOp>(loc, begin, constant(perChunk));
  if (pieces % perChunk)
    end = b.create<arith::MinUIOp>(loc, end, constant(pieces));
  emitPieces(begin, end);
}

void FrameEmitter::eraseOps() {
  for (linalg::GenericOp follower : llvm::reverse(array.followers))
    follower.erase();
  array.reader.erase();
  if (start)
    start.erase();
  array.erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct LocalFrames : public impl::LocalFramesBase<LocalFrames> {
  using LocalFramesBase::LocalFramesBase;

  void runOnOperation() final {
    SmallVector<memref::AllocOp> allocs;
    getOperation().walk([&](memref::AllocOp op) { allocs.push_back(op); });
    for (memref::AllocOp alloc : allocs)
      if (std::optional<PaddedArray> array = PaddedArray::match(alloc);
          array && array->isLate())
        rewrite(*array);
  }

  void rewrite(PaddedArray &array) {
    OpBuilder b(&getContext());
    b.setInsertionPointAfter(array.last());
    FrameEmitter emitter(b, array);
    emitter.emit(
        std::min(wantedChunks(workOf(array), grain), maxChunksWithMemory));
    emitter.eraseOps();
  }

  /// Of a copy with a frame and of all that is computed of it.
  static double workOf(PaddedArray &array) {
    double work = 2.0 * array.type().getNumElements();
    const auto add = [&](linalg::GenericOp op) {
      if (FailureOr<LoopNest> nest = buildLoopNest(op); succeeded(nest))
        work += codegen::workOf(*nest);
    };
    add(array.reader);
    for (linalg::GenericOp follower : array.followers)
      add(follower);
    return work;
  }
};

} // namespace
} // namespace mg::codegen
