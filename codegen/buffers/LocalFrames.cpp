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
// Where windows slide over a large piece and nothing else is read with them, as
// those of single channels do, it is framed some rows at a time (FramedRows.h).
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/buffers/FramedRows.h"
#include "codegen/buffers/PaddedArray.h"
#include "codegen/nests/KernelPart.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mg::codegen {

#define GEN_PASS_DEF_LOCALFRAMES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// Rows of a piece, in blocks.
struct RowBlocks {
  FramedRows rows;
  /// The reader's loop along the rows, and how many of its results a block has.
  unsigned loop;
  int64_t results;
};

/// How an index of windows moves: with one parallel loop, by `step`, and with
/// the taps of a window, which see `reach` rows.
struct Slide {
  unsigned loop = 0;
  int64_t step = 0, reach = 1;
};

} // namespace

static std::optional<Slide> matchSlide(linalg::GenericOp reader,
                                       AffineExpr index) {
  const unsigned loops = reader.getNumLoops();
  SmallVector<int64_t> moves;
  if (failed(getFlattenedAffineExpr(index, loops, 0, &moves)) ||
      moves.size() != loops + 1 || moves.back() != 0)
    return std::nullopt;
  const auto kinds = reader.getIteratorTypesArray();
  const SmallVector<int64_t> extents = reader.getStaticLoopRanges();
  Slide slide;
  for (unsigned d = 0; d < loops; ++d) {
    if (moves[d] < 0)
      return std::nullopt;
    if (kinds[d] == utils::IteratorType::reduction) {
      slide.reach += moves[d] * (extents[d] - 1);
    } else if (moves[d] && extents[d] > 1) {
      if (slide.step)
        return std::nullopt;
      slide.loop = d;
      slide.step = moves[d];
    }
  }
  return slide.step ? std::optional(slide) : std::nullopt;
}

/// Whether pieces along the loop read nothing again but rows that they share.
static bool readsOnlyRows(PaddedArray &array, unsigned loop) {
  linalg::GenericOp reader = array.reader;
  const auto walks = [&](unsigned d) {
    return llvm::any_of(array.walks,
                        [&](PaddedArray::Walk w) { return w.loop == d; });
  };
  const auto kinds = reader.getIteratorTypesArray();
  for (OpOperand *input : reader.getDpsInputOperands())
    for (unsigned d = 0; d < kinds.size(); ++d)
      if (input->get() != array.alloc.getResult() && !walks(d) &&
          kinds[d] == utils::IteratorType::parallel &&
          reader.getStaticLoopRanges()[d] > 1 &&
          reader.getMatchingIndexingMap(input).isFunctionOfDim(d))
        return false;
  return canSlice(reader, loop, array.alloc.getResult()) &&
         llvm::all_of(array.followers, [&](linalg::GenericOp follower) {
           std::optional<unsigned> own = loopInFollower(reader, loop, follower);
           return own && canSlice(follower, *own);
         });
}

/// Blocks of equal size that the first cache holds, beside what is made of
/// them; none where the whole piece is not larger, or blocks would share more
/// than a few rows.
static std::optional<RowBlocks> chooseRows(PaddedArray &array) {
  constexpr int64_t mostBytes = 16 << 10, leastShare = 4;
  AffineMap map;
  for (OpOperand *input : array.reader.getDpsInputOperands())
    if (input->get() == array.alloc.getResult())
      map = array.reader.getMatchingIndexingMap(input);
  SmallVector<int64_t> shape(array.type().getShape());
  for (PaddedArray::Walk walk : array.walks)
    shape[walk.dim] = 1;
  const auto *first = llvm::find_if(shape, [](int64_t n) { return n > 1; });
  if (first == shape.end())
    return std::nullopt;
  const unsigned dim = first - shape.begin();
  const std::optional<Slide> slide =
      matchSlide(array.reader, map.getResult(dim));
  const auto movesOthers = [&](unsigned d) {
    return d != dim && map.getResult(d).isFunctionOfDim(slide->loop);
  };
  if (!slide ||
      llvm::any_of(llvm::seq<unsigned>(0, shape.size()), movesOthers) ||
      !readsOnlyRows(array, slide->loop))
    return std::nullopt;
  const int64_t row =
                    array.pieceElements() / shape[dim] *
                    llvm::divideCeil(array.type().getElementTypeBitWidth(), 8),
                all = array.reader.getStaticLoopRanges()[slide->loop];
  int64_t results = all;
  const auto seen = [&] { return (results - 1) * slide->step + slide->reach; };
  while (results > 1 && (all % results || seen() * row > mostBytes))
    --results;
  if (results == all ||
      results * slide->step < leastShare * (slide->reach - slide->step))
    return std::nullopt;
  shape[dim] = seen();
  FramedRows rows{array.copy().getSource(),
                  array.fill.getInputs()[0],
                  SmallVector<int64_t>(array.middle.getStaticOffsets()),
                  shape,
                  dim,
                  results * slide->step,
                  all / results};
  if (!rows.isRegular())
    return std::nullopt;
  return RowBlocks{rows, slide->loop, results};
}

namespace {

/// Writes the loops over the pieces.
class FrameEmitter {
public:
  FrameEmitter(OpBuilder &b, PaddedArray &array)
      : b(b), loc(array.reader.getLoc()), array(array),
        start(findStart(array.reader)), blocks(chooseRows(array)) {}

  void emit(int64_t chunks);
  /// Erases the ops that the loops replace.
  void eraseOps();

private:
  void emitPieces(Value begin, Value end);
  Value createPiece();
  void emitPiece(Value piece, Value number);
  void emitBlocks(Value piece, ArrayRef<Value> at);
  void emitOps(Value piece, ArrayRef<LoopPart> loops);
  void copyImage(Value piece, ArrayRef<Value> at);
  SmallVector<Value> indicesOf(Value number);
  SmallVector<LoopPart> partsOf(ArrayRef<Value> at);

  Value constant(int64_t value) {
    return b.create<arith::ConstantIndexOp>(loc, value);
  }

  OpBuilder &b;
  Location loc;
  PaddedArray &array;
  linalg::FillOp start;
  std::optional<RowBlocks> blocks;
};

} // namespace

/// One piece with its frame, or a block of it.
Value FrameEmitter::createPiece() {
  if (blocks)
    return blocks->rows.create(b, loc);
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

/// The members for parts of the reader's loops.
void FrameEmitter::emitOps(Value piece, ArrayRef<LoopPart> loops) {
  KernelPart part(b);
  part.replace(array.alloc, piece);
  if (start)
    part.cloneStart(start, array.reader, loops);
  part.clone(array.reader, loops);
  for (linalg::GenericOp follower : array.followers) {
    SmallVector<LoopPart> own(loops);
    for (LoopPart &loop : own)
      loop.loop = *loopInFollower(array.reader, loop.loop, follower);
    part.clone(follower, own);
  }
}

void FrameEmitter::emitBlocks(Value piece, ArrayRef<Value> at) {
  SmallVector<OpFoldResult> from(array.type().getRank(), b.getIndexAttr(0));
  for (auto [walk, index] : llvm::zip_equal(array.walks, at))
    from[walk.dim] = index;
  auto loop = b.create<scf::ForOp>(loc, constant(0),
                                   constant(blocks->rows.blocks), constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value number = loop.getInductionVar();
  blocks->rows.copy(b, loc, piece, number, from);
  SmallVector<LoopPart> parts = partsOf(at);
  Value begin = b.create<arith::MulIOp>(loc, number, constant(blocks->results));
  parts.push_back({blocks->loop, begin, blocks->results});
  emitOps(piece, parts);
}

SmallVector<LoopPart> FrameEmitter::partsOf(ArrayRef<Value> at) {
  SmallVector<LoopPart> parts;
  for (auto [walk, index] : llvm::zip_equal(array.walks, at))
    parts.push_back({walk.loop, index, 1});
  return parts;
}

void FrameEmitter::emitPiece(Value piece, Value number) {
  SmallVector<Value> at = indicesOf(number);
  if (blocks)
    return emitBlocks(piece, at);
  copyImage(piece, at);
  emitOps(piece, partsOf(at));
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
