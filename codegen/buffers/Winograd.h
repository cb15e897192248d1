//===- Winograd.h - 3x3 convolutions with fewer multiplications -----------===//
//
// Four neighbouring results of a 3x3 convolution come from a square of 4 x 4
// inputs: 36 multiplications. Winograd's F(2x2, 3x3) needs 16, between linear
// transforms of small factors:
//
//   results = A' [ sum over channels of (G w G') * (B' x B) ] A
//
//   B' = 1  0 -1  0     G = 1    0    0       A' = 1  1  1  0
//        0  1  1  0         1/2  1/2  1/2          0  1 -1 -1
//        0 -1  1  0         1/2 -1/2  1/2
//        0  1  0 -1         0    0    1
//
// The products of one place in the 4 x 4 square, over all tiles and channels,
// are a matrix product, so a convolution is 16 of them:
//
//   U[p] = weights   [results x channels]    once, in the order of the weights
//   for blocks of tiles:
//     rows of the image, with its frame, if that is made here
//     V[p] = inputs  [channels x tiles]      transform: lanes along the tiles
//     M[p] = U[p] . V[p]                     the register tile of any product
//     results = back(M)                      transform
//     what follows in the kernel, on the block's results
//
// Threads take blocks. Where there are fewer than that pays, they share each.
//
// Memory decides. V and M are four times their images, so a block is chosen
// whose V and M stay in the second cache; but where U is larger than that, each
// block reads it again from further away, and few large blocks are better. The
// transforms cost a term per tile and channel, the products one per tile,
// channel and result: it pays from some 30 channels on. `choose` compares these
// costs, measured on a Xeon with AVX-512, with those of the sum of products.
//
// Rounding: an error is relative to the largest terms of the whole 4 x 4
// square, not of each result's nine (docs/accuracy.md); an infinity or NaN
// reaches all results of its tile.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_BUFFERS_WINOGRAD_H
#define MG_CODEGEN_BUFFERS_WINOGRAD_H

#include "codegen/buffers/PaddedArray.h"
#include "codegen/nests/LoopNest.h"

namespace mg::codegen {

/// A 3x3 convolution with steps of one, in f32. The weights may be turned, as
/// where a gradient with respect to images is computed.
struct WinogradConv {
  /// Results and inputs of a tile, and the window, per axis.
  static constexpr int64_t out = 2, in = 4, taps = 3;

  /// The op's loops.
  struct Loops {
    unsigned images, results, rows, columns, channels, tapRows, tapColumns;
  };

  mlir::linalg::GenericOp op;
  Loops loops = {};
  mlir::AffineMap imageMap = {};
  int64_t images = 0, channels = 0, results = 0, height = 0, width = 0;
  /// What its sums start from.
  mlir::linalg::FillOp start = {};
  /// What runs block by block with it, in order.
  llvm::SmallVector<mlir::linalg::GenericOp> followers = {};
  /// Its image, if the frame of that is made in the kernel.
  std::optional<PaddedArray> frame = {};
  /// Per side of the window: whether weights are read from the last to the
  /// first.
  bool isTurned[2] = {false, false};
  /// Whether weights are channels x results rather than results x channels. U
  /// is in their order.
  bool areChannelsOutside = false;
  /// Its second operand is U already, in an order of its own, as `transformed`
  /// says.
  bool isTransformed = false;
  /// On a convolution whose weights are transformed: `Loops`, in order.
  static constexpr llvm::StringLiteral transformed = "mg.winograd";

  unsigned outputAt() const { return op->getNumOperands() - 1; }
  mlir::Value output() const { return op->getOperand(outputAt()); }
  /// Every dimension moves with a loop, the only image with one of a single
  /// iteration.
  mlir::AffineMap mapOf(unsigned operand) const {
    return operand == 0
               ? imageMap
               : mlir::linalg::GenericOp(op).getIndexingMapsArray()[operand];
  }

  /// On tensors or buffers.
  static std::optional<WinogradConv> match(mlir::linalg::GenericOp op);
  /// On buffers: sets `start`, `followers` and `frame`; false where the sums
  /// start from something else than zeros.
  bool findKernel();
  /// On buffers, where they do: lets them start from zeros, and adds what they
  /// started from afterwards.
  void startFromZeros();

  int64_t tileRows() const { return llvm::divideCeil(height, out); }
  int64_t tileColumns() const { return llvm::divideCeil(width, out); }
  /// Whether tiles stand over the edge.
  bool isOdd() const { return height % out || width % out; }
};

/// Tiles that are transformed, multiplied and transformed back before the next.
struct WinogradBlock {
  int64_t images = 1, rows = 1, columns = 1;

  int64_t tiles() const { return images * rows * columns; }
  /// Whether U lies in panels, for lanes along the results: where it is known.
  /// Many tiles fill vectors by themselves, and the products would only have to
  /// be turned (eight images of 256x14x14: 7.6 ms, in panels 8.7).
  bool hasPanels(const WinogradConv &conv) const;
  /// So many blocks are left to threads.
  static constexpr int64_t enoughBlocks = 4;
  /// None where the sum of products is faster, unless that is no choice.
  static std::optional<WinogradBlock> choose(const WinogradConv &conv,
                                             bool isForced = false);
};

/// Whether the op, on tensors or buffers, will be computed so where it may.
bool isWinograd(mlir::linalg::GenericOp op);

/// The products of a block, as a nest over (plane, result, tile, channel) whose
/// first input are the weights: to plan with.
LoopNest productNest(const WinogradConv &conv, const WinogradBlock &block);

/// Writes the loops and erases the ops that they replace.
void emitWinograd(const WinogradConv &conv, const WinogradBlock &block);

} // namespace mg::codegen

#endif // MG_CODEGEN_BUFFERS_WINOGRAD_H
