//===- VectorPlan.h - how a loop nest becomes vectors ---------------------===//
//
// The decisions of TileAndVectorize, made before any IR changes. A kernel is a
// register tile of `rows` x `vecs` vectors, stepped through the parallel loops,
// with the reduction loops inside it:
//
//   for parallel loops, the tile's two loops by rows and by vecs * lanes:
//     accumulators[rows][vecs]
//     for reduction loops:
//       the body, once per vector of the tile
//     store the accumulators
//
// An elementwise op is a tile without reduction loops; a dot has both loops of
// the tile parallel; a sum of rows has its vectors along the reduced loop, so
// that its 64 virtual lanes are folded at the end.
//
// Whatever decides about the order of a float sum depends on shapes only, never
// on `lanes` or threads: the same bits everywhere.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_VECTORPLAN_H
#define MG_CODEGEN_NESTS_VECTORPLAN_H

#include "codegen/nests/LoopNest.h"

namespace mg::codegen {

/// Lanes x vectors of a sum along its own loop, at every CPU level.
inline constexpr int64_t virtualLanes = 64;
/// Additions in a row before blocks are combined pairwise.
inline constexpr int64_t blockSteps = 8;

/// Elements at such a stride are picked out of whole vectors, in registers.
inline constexpr int64_t longestShort = 4;
inline bool isShort(int64_t stride) {
  return stride != 0 && std::abs(stride) <= longestShort;
}

/// What a level computes with.
struct VectorUnit {
  /// `lanes`: f32 lanes of a vector. Registers: of x86, unless given.
  VectorUnit(int64_t lanes, int64_t registers = 0)
      : lanes(lanes), registers(registers     ? registers
                                : lanes == 16 ? 32
                                              : 16) {}
  int64_t lanes, registers;
};

/// A long sum of a tile may be made in so many pieces (SumPieces.cpp).
inline constexpr int64_t sumPieces = 8;
/// Steps by which the loop around pieces is no cost.
inline constexpr int64_t minSumSteps = sumPieces * 16;

struct VectorPlan {
  /// Elements per vector; 1: scalars.
  int64_t lanes = 1;
  /// The loop that runs along the lanes; -1: none.
  int vector = -1;
  /// Vectors of a tile along `vector`.
  int64_t vecs = 1;
  /// The other loop of the tile, parallel; -1: none.
  int row = -1;
  int64_t rows = 1;
  /// Rows lie between each other in an output and are stored together.
  bool interleaves = false;
  /// The input of which taps of one row of the tile are taps of another
  /// (SlidingRows.cpp); -1: none.
  int sliding = -1;
  /// Loops outside the tile's steps, outermost first: all parallel ones.
  llvm::SmallVector<unsigned> parallel;
  /// The reduction loops in their order; `vector`, if it is one, last.
  llvm::SmallVector<unsigned> reduction;
  /// Sums are made of blocks of `blockSteps`, combined as a binary counter
  /// does.
  bool pairwise = false;
  /// Sums of a contraction's result that are in flight at once, of as many
  /// parts of the innermost loop; by the shape alone.
  int64_t chains = 1;
  /// See matchCombiners.
  llvm::SmallVector<mlir::Operation *> combiners;
  /// The input whose panels are copied into one piece; -1: none.
  int packed = -1;
  /// Whether tiles copy the next panel while they go through one.
  bool copiesAhead = false;
  /// The input whose columns are read where they lie, in a matrix that the
  /// second cache does not hold; -1: none.
  int inPlace = -1;
  /// The input whose next columns are asked for, in place or copied; -1: none.
  int columnsAhead = -1;
  /// The input of which a tile's rows follow those of the tile before, in a
  /// matrix that caches do not hold beside all else; -1: none.
  int rowsAhead = -1;
  /// The input whose windows lie in many places of memory that caches do not
  /// hold, of which the next row's are asked for; -1: none.
  int windowsAhead = -1;
  /// Whether the lines of results, which come from afar, are asked for before
  /// the sums are complete.
  bool asksForResults = false;
  /// The same of what epilogues read beside the sums.
  bool asksBeside = false;
  /// Whether each tile asks for the results of the one beside it along
  /// `vector`, whose turn comes after all other rows.
  bool asksForNext = false;
  /// Of `parallel`: the loops after this one share a panel, and take part in
  /// each pass (`depth`) before the next.
  unsigned panelLevel = 0;
  /// f32 lanes and vector registers of the level.
  int64_t nativeLanes = 1, registers = 16;
  /// Iterations of the first reduction loop that all rows take before the next
  /// ones; 0: all at once.
  int64_t depth = 0;
  /// Chunks of a parallel loop, `parallel[split]`, for threads; 1: no threads.
  int64_t chunks = 1;
  unsigned split = 0;

  /// Whether tiles share columns that are to stay in the cache for all of them.
  bool sharesColumns(const LoopNest &nest) const {
    return packed >= 0 || inPlace >= 0 || nest.panels();
  }
  bool isRowStyle() const {
    return !reduction.empty() && int(reduction.back()) == vector;
  }
  /// Elements that a tile covers along `loop`.
  int64_t tileOf(unsigned loop) const {
    return int(loop) == vector ? vecs * lanes : int(loop) == row ? rows : 1;
  }
};

/// `grain`: element operations of a chunk; 0: no chunks. `row`: the loop of a
/// contraction's rows, where that is decided.
VectorPlan planVectors(const LoopNest &nest, VectorUnit unit, int64_t grain,
                       std::optional<unsigned> row = std::nullopt);

/// Per output: the op that combines two partial results; null where it is no
/// reduction, or one whose steps cannot be reordered.
llvm::SmallVector<mlir::Operation *> matchCombiners(const LoopNest &nest);

/// Whether squares of lanes x rows are read along `row` and turned, as the
/// lanes along `vector` are far from each other.
bool isCrossed(const Access &access, int vector, unsigned row);

/// The loop whose few iterations lie between those of `vector` in an output, as
/// the phases of a convolution do between its columns: so many rows of a tile
/// are stored as whole vectors. -1: there is none, or inputs are read across
/// it, whose squares are not as high.
int interleavedLoop(const LoopNest &nest, const Access &output, int vector);

/// Whether crossed operands are all that is read along both loops.
bool isOnlyTurned(const LoopNest &nest, int vector, unsigned row);

/// Element operations of a nest; it depends on the shape only.
double workOf(const LoopNest &nest);

/// Which loop is cut into chunks for threads, for so many wanted ones, and
/// where that is put (ThreadPlan.cpp).
void planThreads(const LoopNest &nest, int64_t wanted, VectorPlan &plan);

/// Chunks that so much work is worth, a power of two; 1: it is too little.
/// Partial results depend on shapes only because this does.
int64_t wantedChunks(double work, int64_t grain);
/// Each chunk has memory of its own: where that is much, this many at most. It
/// stays in the caches, too, from one tile of a chunk to the next.
inline constexpr int64_t maxChunksWithMemory = 16;

/// Whether every op of the body has a form on vectors, or stays scalar.
bool canWiden(mlir::Block &body);

/// In simple vector ops per vector; math functions are polynomials.
double bodyCost(mlir::Block &body);
/// Cheap enough to be written out several times.
inline constexpr double lightBody = 10;

/// Vectors of a whole reduction that are written out: the taps of a depthwise
/// convolution, whose loops would cost as much as the sums.
inline constexpr int64_t maxUnrolled = 72;

/// The register tile of a contraction (Contraction.cpp); `row` as above.
void planContraction(const LoopNest &nest, VectorPlan &plan,
                     std::optional<unsigned> row);
/// The input along whose elements the lanes of a contraction run; -1 if there
/// is none or more.
int chooseLaneInput(const LoopNest &nest, unsigned vector);
/// A tile of a contraction whose rows slide (SlidingRows.cpp); false where
/// there is none.
bool planSliding(const LoopNest &nest, VectorPlan &plan);

/// Cycles of a multiply-add of `lanes` elements in the best register tile with
/// the lanes along `loop`, where 1 is what the units can do.
double productCost(const LoopNest &nest, unsigned loop, int64_t lanes);

/// Whether tiles with the lanes along `loop` lie across the output, with rows
/// that are contiguous: they are turned in registers.
bool canTurn(const LoopNest &nest, const Access &output, unsigned loop);

/// Uses that pay for the copy of a panel.
inline constexpr int64_t minPanelUses = 32;
/// The same of words, in place of which elements would be multiplied one by
/// one.
inline constexpr int64_t minWordUses = 3;
/// How often each element of a packed panel is used where the lanes of a
/// contraction run along `loop`: by the iterations of all parallel loops that
/// do not move the panel. The input may be laid out as it likes then. 0: no
/// panel is made.
int64_t panelUses(const LoopNest &nest, unsigned loop);
/// Iterations of the parallel loops that read the same vectors along `loop`.
int64_t sharedUses(const LoopNest &nest, unsigned loop);

/// Whether a tile has lines of it to itself, so that they may be asked for.
bool hasOwnLines(const Access &access, const VectorPlan &plan);

/// In which panels a contraction wants an input that can be laid out anew for
/// it beforehand: `width` elements along `loop`.
struct PanelChoice {
  unsigned loop;
  int64_t width;
};
/// Nothing where another layout, the present one, is as good: lanes run along
/// another loop, or few columns of one use are one piece already. `inWords`: a
/// panel has words of several steps, which are multiplied as they are.
std::optional<PanelChoice> choosePanels(const LoopNest &nest, unsigned input,
                                        bool inWords = false);

/// The loop of a contraction's lanes; -1: scalars are best.
int chooseVectorLoop(const LoopNest &nest);
/// Lanes of the widest vectors of any level.
int64_t widestLanes(const LoopNest &nest);

/// The multiply and the add of a contraction's body, null if it has another.
std::pair<mlir::Operation *, mlir::Operation *>
matchMultiplyAdd(mlir::Block &body);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_VECTORPLAN_H
