//===- PaddedArray.cpp - an image with a frame, and who reads it ----------===//
//
// See PaddedArray.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/buffers/PaddedArray.h"

#include "codegen/buffers/Winograd.h"
#include "codegen/nests/KernelPart.h"

using namespace mlir;

namespace mg::codegen {

/// Pieces are cut until the second cache holds one and what is made of it; an
/// array that small is read from there as it is.
static constexpr int64_t enoughBytes = 64 << 10, mostBytes = 256 << 10;

std::optional<PaddedArray> PaddedArray::match(memref::AllocOp alloc) {
  PaddedArray array(alloc);
  if (!array.findMembers() || isWinograd(array.reader) || !array.chooseWalks())
    return std::nullopt;
  return array;
}

std::optional<PaddedArray> PaddedArray::matchBlocks(memref::AllocOp alloc) {
  PaddedArray array(alloc);
  if (!array.findMembers() || !isWinograd(array.reader))
    return std::nullopt;
  array.followers = findFollowers(array.reader);
  return array;
}

/// Whether the part is a box of known place, of the whole's rank.
static bool isMiddle(memref::SubViewOp view) {
  return !view.getDroppedDims().any() && view.getType().hasStaticShape() &&
         !ShapedType::isDynamicShape(view.getStaticOffsets()) &&
         llvm::all_of(view.getStaticStrides(),
                      [](int64_t stride) { return stride == 1; });
}

/// Sorts the users of the array; false if there are others than expected.
bool PaddedArray::findMembers() {
  if (!type().hasStaticShape())
    return false;
  for (Operation *user : alloc->getUsers()) {
    if (user->getBlock() != alloc->getBlock())
      return false;
    if (auto op = dyn_cast<linalg::FillOp>(user); op && !fill)
      fill = op;
    else if (auto op = dyn_cast<memref::SubViewOp>(user); op && !middle)
      middle = op;
    else if (auto op = dyn_cast<linalg::GenericOp>(user); op && !reader)
      reader = op;
    else
      return false;
  }
  return fill && middle && reader && isMiddle(middle) &&
         fill.getOutputs()[0] == alloc.getResult() &&
         llvm::none_of(reader.getDpsInits(),
                       [&](Value init) { return init == alloc.getResult(); }) &&
         !reader.hasIndexSemantics() && reader.getNumReductionLoops() > 0 &&
         !llvm::is_contained(reader.getStaticLoopRanges(), 0);
}

/// What a piece of a contraction has along the rows or columns of its tiles, at
/// least: fewer leave tiles empty, and the other factor is read again for each
/// piece. (Gradient of 3x3 weights, 9 columns of one channel: a third of the
/// speed.)
static constexpr int64_t minAlongTiles = 128;

/// Whether pieces along the loop are as fast as the whole: all factors move
/// along it, or other loops that move the same one are long enough.
bool PaddedArray::leavesTiles(unsigned loop) {
  if (!reader->hasAttr("mg.contraction"))
    return true;
  SmallVector<AffineMap> factors;
  for (OpOperand *input : reader.getDpsInputOperands())
    if (!reader.getMatchingBlockArgument(input).use_empty())
      factors.push_back(reader.getMatchingIndexingMap(input));
  auto movesLike = [&](unsigned d) {
    return llvm::all_of(factors, [&](AffineMap map) {
      return map.isFunctionOfDim(d) == map.isFunctionOfDim(loop);
    });
  };
  if (llvm::all_of(factors,
                   [&](AffineMap map) { return map.isFunctionOfDim(loop); }))
    return true;
  SmallVector<int64_t> extents = reader.getStaticLoopRanges();
  auto kinds = reader.getIteratorTypesArray();
  int64_t left = 1;
  for (unsigned d = 0; d < extents.size(); ++d)
    if (d != loop && kinds[d] == utils::IteratorType::parallel &&
        movesLike(d) &&
        llvm::none_of(walks, [&](Walk walk) { return walk.loop == d; }))
      left *= extents[d];
  return left >= minAlongTiles;
}

/// Whether each member runs in pieces along the loop.
bool PaddedArray::canWalk(unsigned loop) {
  return leavesTiles(loop) && canSlice(reader, loop) &&
         llvm::all_of(followers, [&](linalg::GenericOp follower) {
           std::optional<unsigned> own = loopInFollower(reader, loop, follower);
           return own && canSlice(follower, *own);
         });
}

bool PaddedArray::chooseWalks() {
  followers = findFollowers(reader);
  AffineMap map;
  for (OpOperand *input : reader.getDpsInputOperands())
    if (input->get() == alloc.getResult())
      map = reader.getMatchingIndexingMap(input);
  SmallVector<int64_t> extents = reader.getStaticLoopRanges();
  const int64_t bytes = llvm::divideCeil(type().getElementTypeBitWidth(), 8);
  for (auto [d, index] : llvm::enumerate(map.getResults())) {
    auto walked = dyn_cast<AffineDimExpr>(index);
    if (pieceElements() * bytes <= enoughBytes)
      break;
    if (walked && extents[walked.getPosition()] > 1 &&
        middle.getStaticOffset(d) == 0 &&
        extents[walked.getPosition()] == type().getDimSize(d) &&
        middle.getStaticSize(d) == type().getDimSize(d) &&
        reader.getIteratorTypesArray()[walked.getPosition()] ==
            utils::IteratorType::parallel &&
        canWalk(walked.getPosition()))
      walks.push_back({walked.getPosition(), unsigned(d)});
  }
  return !walks.empty() && pieceElements() * bytes <= mostBytes;
}

memref::CopyOp PaddedArray::copy() {
  if (!middle->hasOneUse())
    return {};
  auto copy = dyn_cast<memref::CopyOp>(*middle->user_begin());
  return copy && copy.getTarget() == middle.getResult() ? copy
                                                        : memref::CopyOp();
}

bool PaddedArray::isLate() {
  Attribute kernel = reader->getAttr("mg.kernel");
  return kernel && copy() && copy()->getAttr("mg.kernel") == kernel &&
         fill->getAttr("mg.kernel") == kernel;
}

void PaddedArray::erase() {
  copy().erase();
  middle.erase();
  fill.erase();
  alloc.erase();
}

int64_t PaddedArray::pieces() {
  int64_t count = 1;
  for (Walk walk : walks)
    count *= type().getDimSize(walk.dim);
  return count;
}

int64_t PaddedArray::pieceElements() {
  return type().getNumElements() / pieces();
}

Operation *PaddedArray::last() {
  return followers.empty() ? reader : followers.back();
}

} // namespace mg::codegen
