//===- LoopNest.h - a structured op as loops over linear accesses ---------===//
//
// Every structured op on memrefs is a nest of loops that reads and writes flat
// buffers at `offset + sum(stride[d] * iv[d])`. In this form unit loops vanish,
// loops that walk memory in one go merge, and a transpose, a broadcast, a
// reversal or a window is only another set of strides:
//
//   y[i,j,k] = x[k,i] over 4 x 8 x 1   ->   loops {4, 8 -> merged or kept}
//   x : strides (1 per i, 0 per j)          y : strides (8 per i, 1 per j)
//
// Plain structs; nothing here changes what there is of IR, but for the index
// that `holdLoop` computes.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_LOOPNEST_H
#define MG_CODEGEN_NESTS_LOOPNEST_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mg::codegen {

/// How one operand is reached.
struct Access {
  /// A memref, or a scalar value that is used as it is. Plans are made of
  /// tensors as well, as if they were row-major.
  mlir::Value buffer;
  mlir::Type element;
  /// Per loop of the nest, in elements; all zero for a scalar.
  llvm::SmallVector<int64_t> strides = {};
  /// In elements, from the buffer's own first element.
  int64_t offset = 0;
  /// More elements, known at run time only; null: none.
  mlir::Value start = {};
  /// Set where the indices are no linear functions of the loops (floordiv,
  /// mod): the original map, over the original loops; `strides` means nothing
  /// then.
  mlir::AffineMap map = {};
  /// What a contraction reads may lie in panels (PrepareWeights.h): along
  /// `loop`, whose stride holds inside a panel, each panel of `width` elements
  /// begins `step` after the one before, which counts as strides do. No vector
  /// crosses from one to another.
  struct Panels {
    int loop = -1;
    int64_t width = 1, step = 0;
  };
  Panels panels = {};
  /// False for what only later members of a kernel read, from registers.
  bool stored = true;
  /// Where vectors are read, the line so many elements of memory further is
  /// asked for; 0: none.
  int64_t prefetch = 0;
  /// So many neighbours in memory are one element here, a word of them, each
  /// widened to its part of the word. Strides count words, the offset does not.
  int64_t group = 1;
  /// Whether the neighbours are unsigned integers.
  bool isUnsigned = false;
  /// Full vectors are stored past the caches (Streams.h).
  bool streamed = false;

  bool isScalar() const {
    return !llvm::isa<mlir::ShapedType>(buffer.getType());
  }
  /// In panels as well: what is said of loops holds inside of one.
  bool isLinear() const { return !map; }
  bool hasPanels() const { return panels.loop >= 0; }
};

/// An elementwise op over the parallel loops of a nest, that runs where the
/// nest's sums are still in registers (Epilogue.h). Block arguments of `body`
/// are `inputs`, then `outputs`.
struct Epilogue {
  mlir::Location loc;
  mlir::Block *body;
  /// Over the loops of the nest.
  llvm::SmallVector<Access> inputs = {}, outputs = {};
  /// The op's own loop -> loop of the nest; -1 for one of a single iteration.
  llvm::SmallVector<int> loopOf = {};
  /// Per output, what it holds before; null: what memory holds.
  llvm::SmallVector<mlir::Value> initial = {};
  /// As of a nest, over the op's own loops.
  llvm::SmallVector<mlir::Value> first = {};
};

/// The elements of an array that is nowhere in memory: computed from `inputs`,
/// over the loops of the nest that reads them. Block arguments of `body` are
/// `inputs`, then one that is not used.
struct Producer {
  mlir::Block *body = nullptr;
  llvm::SmallVector<Access> inputs = {};
};

/// What the multiply and the add of a contraction's body stand for: products of
/// one element, or of words of several along the reduction, which are summed.
enum class Products {
  Single,
  /// Two i16.
  Pairs,
  /// The same with one instruction.
  PairsFused,
  /// Four i8, unsigned ones by signed ones, with one instruction.
  Quads,
  /// Two bf16, added to an f32, with one instruction.
  HalfPairs,
};

/// A structured op with no empty loop. Block arguments of `body` are `inputs`,
/// then `outputs`.
struct LoopNest {
  mlir::Location loc;
  mlir::Block *body;
  llvm::SmallVector<int64_t> extents = {};
  llvm::SmallVector<bool> reduction = {};
  llvm::SmallVector<Access> inputs = {}, outputs = {};
  /// Original loop -> loop here; -1 for one of a single iteration.
  llvm::SmallVector<int> loopOf = {};
  /// Loops whose index is read by the body or by a map that is not linear.
  llvm::SmallVector<bool> indexed = {};
  /// A dot or convolution: its multiply and add may become an FMA. It always
  /// has a reduction loop, if need be of one iteration.
  bool contraction = false;
  /// Reduced outputs hold nothing yet: results overwrite them. Then reduction
  /// loops stay, even those of one iteration.
  bool overwrite = false;
  /// Per output: the scalar that it holds at the start; null: what memory does.
  llvm::SmallVector<mlir::Value> initial = {};
  /// The input that `producer` computes while its panel is packed; -1: none. It
  /// is planned as if it lay where the first of the producer's arrays does.
  int computed = -1;
  Producer producer = {};
  Products products = Products::Single;
  /// The loop over words, of which the last one is computed by `tail`, if that
  /// has a body: there are not enough elements for it. -1: none.
  int grouped = -1;
  Producer tail = {};
  /// What follows on the same elements, in order.
  llvm::SmallVector<Epilogue, 0> epilogues = {};
  /// Per original loop: the index of its first iteration; null or none: 0.
  llvm::SmallVector<mlir::Value> first = {};
  /// Of one original loop (-1: none) iterations outside [begin, end) may be
  /// left out, by all steps of vectors that begin there.
  struct Range {
    int loop = -1;
    mlir::Value begin, end;
  };
  Range range = {};

  unsigned size() const { return extents.size(); }
  /// The panels that an input lies in; null: none does.
  const Access::Panels *panels() const;
  bool isReduced(const Access &output) const;
  /// Inputs, then outputs, then those of the epilogues and producers.
  llvm::SmallVector<Access *> accesses();
};

/// Fails, with a diagnostic, for shapes or layouts that are not static.
mlir::FailureOr<LoopNest> buildLoopNest(mlir::linalg::LinalgOp op);

/// The access of an operand of `op` over its loops; fails as above.
mlir::FailureOr<Access> buildAccess(mlir::linalg::LinalgOp op,
                                    mlir::OpOperand &operand);

/// Adds a loop that no access depends on, innermost.
void appendLoop(LoopNest &nest, int64_t extent, bool reduction);
/// Puts the loops in another order: loop i is what order[i] was.
void permute(LoopNest &nest, mlir::ArrayRef<unsigned> order);

/// Holds a loop to `extent` iterations from `index` on, but for accesses that
/// `stays` says stand there already. Not for bodies that read the loop's index.
void holdLoop(mlir::OpBuilder &b, LoopNest &nest, unsigned loop,
              mlir::Value index, int64_t extent,
              llvm::function_ref<bool(const Access &)> stays);

/// Whether loops `outer` and `inner` walk every operand as one loop would.
bool canMerge(LoopNest &nest, unsigned outer, unsigned inner);
/// Makes one loop of both, in the place of `inner`.
void merge(LoopNest &nest, unsigned outer, unsigned inner);

/// Drops loops of one iteration and merges loops where every access allows it.
/// Keeps the order of the reduction loops.
void simplify(LoopNest &nest);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_LOOPNEST_H
