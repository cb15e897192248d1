//===- TileEmitter.h - loops, tiles and vectors of a planned nest ---------===//
//
// Emits a LoopNest as its VectorPlan says. One class in eleven files: the loops
// around a tile (TileAndVectorize.cpp), the reduction loops inside it
// (Reduction.cpp), what is done between pieces of them (SumPieces.cpp), taps of
// rows that slide (SlidingRows.cpp), maxima (Extremes.cpp), packed panels
// (PackedPanels.cpp), the next ones (ReadAhead.cpp), what follows a contraction
// (EpilogueEmitter.cpp), tiles across their output (TurnedStores.cpp), operands
// as vectors (VectorAccess.cpp) and the body on them (VectorBody.cpp).
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_TILES_TILEEMITTER_H
#define MG_CODEGEN_TILES_TILEEMITTER_H

#include "codegen/nests/VectorPlan.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

#include <memory>
#include <vector>

namespace mg::codegen {

/// What one step computes: `rows` x `vecs` vectors, of which the last one of
/// each row has `last` elements.
struct Tile {
  int64_t rows = 1, vecs = 1, last = 1;
};

class TileEmitter {
public:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<mlir::Value>;

  TileEmitter(mlir::OpBuilder &b, const LoopNest &nest, const VectorPlan &plan);
  void emit();

private:
  /// Names the buffers, where the nest begins.
  void enter();
  /// A buffer as one dimension, and where its first element is.
  struct Flat {
    Value buffer, offset;
  };
  /// Where a vector of a tile stands.
  struct Place {
    int64_t row, vec;
    /// Elements of the vector that exist; `plan.lanes` for a full one.
    int64_t valid;
  };
  /// A range of a loop: whole steps of [begin, begin + length), or to `end`
  /// where that is known at run time only, and what is left of the loop after
  /// the last share.
  struct Share {
    Value begin;
    int64_t length = 0;
    Value end = {};
  };
  using Body = llvm::function_ref<Values(Value iv, mlir::ValueRange carried)>;

  // TileAndVectorize.cpp: the loops around a tile.
  void emitParallel(unsigned level, Tile tile);
  void emitInside(unsigned level, Tile tile);
  void emitChunks();
  void emitChunk(Share share);
  void emitShare(unsigned level, Tile tile, Share share);
  void emitRest(unsigned level, Tile tile, int64_t rest);
  void emitTile(Tile tile);
  Values step(Tile tile, Values accumulators);
  void stepInRow(Tile tile, int64_t row, Values &accumulators);
  void keep(mlir::ArrayRef<Value> yields, Place place, Values &accumulators);
  /// [begin, end) by `step`; no loop where there is one step or none.
  Values loop(int64_t begin, int64_t end, int64_t step,
              mlir::ValueRange carried, Body body);
  Values loop(Value begin, Value end, int64_t step, mlir::ValueRange carried,
              Body body);
  Tile fullTile() const { return tileOf(plan.rows, plan.vecs * plan.lanes); }
  Tile tileOf(int64_t rows, int64_t width) const;
  /// Where a vector of sums stands.
  Place placeOf(Tile tile, int64_t row, int64_t vec) const {
    bool partial = !plan.isRowStyle() && vec + 1 == tile.vecs;
    return {row, vec, partial ? tile.last : plan.lanes};
  }
  /// Whether only a part of the loop, `nest.range`, is wanted.
  bool isPartial(unsigned d) const {
    return nest.range.loop >= 0 && nest.loopOf[nest.range.loop] == int(d);
  }
  Values partialLoop(Value begin, Value end, int64_t step,
                     mlir::ValueRange carried, Body body);
  Values ifWanted(Value iv, mlir::ValueRange carried,
                  llvm::function_ref<Values()> then);
  /// Loads what no remaining loop changes, before them.
  void hoist(unsigned level);

  /// The body of the task or function: an alloca in a loop would grow it.
  mlir::Block *frame();

  // PackedPanels.cpp: panels of the packed input, the reduction in passes.
  void emitPanel(unsigned level, Tile tile);
  void emitPasses(unsigned level, Tile tile);
  void emitPass(unsigned level, Tile tile, Value begin, int64_t count);
  void preparePartial(unsigned level);
  void swapPartial();
  void packPanel(Tile tile);
  enum PanelPart { All, CutOff, Last };
  void copyToPanel(const Producer &producer, const Access &panel, Tile tile,
                   PanelPart part, Value rowOfNext = {});
  Value createPanel(int64_t size, mlir::Type element);

  // ReadAhead.cpp: what the next panel and the next tile are made of.
  struct ReadAhead;
  /// Tiles that share what is asked for, and the number of the one in hand.
  struct Sharing {
    int64_t tiles;
    Value number;
  };
  Value distanceToNext(const Access &input);
  void beginAhead();
  Sharing tilesFrom(unsigned level);
  Value nextColumns(const ReadAhead &ahead, Sharing sharing);
  void beginPart(ReadAhead &ahead, Value distance, Sharing sharing);
  void beginRows(ReadAhead &ahead);
  void addWindows(const Access &access, const Flat &flat);
  void beginReadAhead();
  void askForNext();

  // Reduction.cpp: the loops inside a tile.
  Values reduce(Tile tile);
  bool isUnrolled(Tile tile) const;
  bool areFewSteps(Tile tile, int64_t count) const;
  Values reduceInOrder(unsigned level, Tile tile, Values accumulators);
  void pushBlocks(unsigned level, Tile tile, Value blocksBefore);
  /// `count` iterations of the innermost reduction loop, from `begin`.
  Values steps(Tile tile, Value begin, int64_t count, Values accumulators);
  int64_t stepSize() const;
  int64_t innermostBlocks() const;
  bool startsFromOutput(unsigned output) const;
  Value neutralOf(unsigned output);
  Values neutralAccumulators();
  Values initialAccumulators(Tile tile);
  Value finish(unsigned reducedOutput, Place place, mlir::ArrayRef<Value> sums);
  void storeAccumulators(Tile tile, Values accumulators);
  /// The number of one accumulator; they are [reduced][rows][vecs].
  unsigned accumulator(unsigned reducedOutput, int64_t row, int64_t vec) const {
    return (reducedOutput * accumulatorRows + row) * accumulatorVecs + vec;
  }
  Value combine(unsigned output, Value x, Value y);
  Values combineAll(mlir::ArrayRef<Value> x, mlir::ArrayRef<Value> y);
  Value foldLanes(unsigned output, mlir::ArrayRef<Value> vectors);
  void createStacks(int64_t blocks);
  void push(Value block, Values accumulators);
  Values popAll(int64_t blocks);
  Values loadLevel(Value level);
  /// Index of the stacks' level, in elements.
  Value stackIndex(Value level, unsigned vector);

  // SumPieces.cpp: what is done between pieces of the sums.
  bool asksBeside() const;
  bool isInPieces(int64_t count) const;
  Values stepsInChains(Tile tile, Value begin, int64_t count,
                       Values accumulators);
  Values stepsInPieces(Tile tile, Value begin, int64_t count,
                       Values accumulators);
  void askForRow(const Access &access, const Flat &flat, Tile tile, Value row,
                 bool isWrite, int64_t ahead = 0);
  void askForResults(Tile tile, Value row, int64_t ahead = 0);
  void askBeside(Tile tile, Value row);
  void askAtOnce(Tile tile);
  bool copiesAhead() const;
  void packPair(Access &panel, int64_t size, Tile tile);
  void askForSource(Value row);
  void copyAhead(Value piece);
  void askForLines(const Access &access, Value buffer, Value index,
                   int64_t width, unsigned loop, bool isWrite);

  // SlidingRows.cpp: taps that rows share.
  Values slide(Tile tile, Values accumulators);

  // Extremes.cpp: the largest and the smallest of a row.
  bool isGuarded() const;
  Values reduceGuarded(Tile tile);
  Value compareAndSelect(unsigned output, Value x, Value old);
  Value widenExtreme(mlir::Operation &op, mlir::IRMapping &values, Place place);
  void updateGuards(Values &accumulators);
  Values foldAll(mlir::ArrayRef<Value> accumulators);
  Value needExact(Tile tile, mlir::ArrayRef<Value> results,
                  mlir::ArrayRef<Value> guards);

  // Epilogue.cpp: what follows on a tile whose sums are complete.
  void createStages();
  void emitEpilogues(Tile tile, mlir::ArrayRef<Value> sums);
  void emitStages(Place place, mlir::ArrayRef<Value> sums);
  void loopOverTile(Tile tile, mlir::ArrayRef<Value> sums);
  void moveTo(mlir::ArrayRef<Value> corner);
  Value tileBuffer(unsigned reducedOutput);

  // TurnedStores.cpp: outputs that the tile lies across.
  bool isTurned(unsigned output) const;
  bool isInterleaved(unsigned output) const;
  void storeInterleaved(unsigned output, Place place,
                        mlir::ArrayRef<Value> values);
  void storeTurned(unsigned output, Place place, mlir::ArrayRef<Value> values);
  void finishTurned();
  void park(Tile tile);
  void storeParked(Tile tile);

  // VectorAccess.cpp: operands.
  Flat flatten(const Access &access);
  Value startOf(const Access &access);
  /// Whether the operand is an output whose old value is known.
  bool startsFilled(unsigned operand) const;
  Value read(unsigned operand, Place place);
  void prefetch(const Access &access, Place place, Value buffer, Value index);
  Value loadShort(mlir::Type element, Value buffer, Value index, int64_t stride,
                  int64_t valid);
  Value readLanes(unsigned operand, Value index, Place place);
  void readSquare(unsigned operand, Place place);
  Value readGeneral(const Access &access, Place place);
  void write(unsigned output, Place place, Value value);
  Value elementIndex(unsigned operand, Place place);
  Value panelOf(const Access &access);
  Value loadVector(mlir::Type element, Value buffer, Value index);
  Value loadWords(const Access &access, Value buffer, Value index,
                  int64_t valid);
  Value loadWord(const Access &access, Value buffer, Value index);
  Value asWords(const Access &access, Value elements);
  mlir::Operation *wideningOf(unsigned operand) const;
  void storeVector(Value value, Value buffer, Value index);
  const Access &accessOf(unsigned operand) const;

  // VectorBody.cpp: the body.
  Values body(Place place, llvm::function_ref<Value(unsigned)> argument);
  bool isDivisorKept(mlir::Operation &op) const;
  Value widen(mlir::Operation &op, mlir::IRMapping &values, Place place);
  Value multiplyAdd(mlir::Operation &add, mlir::IRMapping &values);
  Value cloneOn(mlir::Operation &op, mlir::ValueRange vectors);
  /// The index of the op's own loop at the place: a vector along the lanes,
  /// else a scalar.
  Value loopIndex(unsigned original, Place place);
  Value indexInNest(int loop, Place place);
  Value evaluate(mlir::AffineExpr expr, mlir::ArrayRef<Value> dims);
  /// buffer[indices], one load per lane where an index is a vector.
  Value load(Value buffer, mlir::ArrayRef<Value> indices);

  // Small words.
  mlir::Type vectorOf(mlir::Type element) const;
  /// One value per lane as a vector.
  mlir::Value fromLanes(llvm::ArrayRef<mlir::Value> lanes);
  Value asVector(Value value);
  Value constant(int64_t value);
  Value mask(int64_t valid);
  Value add(Value x, Value y);
  Value multiply(Value x, int64_t factor);

  mlir::OpBuilder &b;
  mlir::Location loc;
  LoopNest nest;
  const VectorPlan &plan;
  /// Per operand, inputs first.
  llvm::SmallVector<Flat> flats;
  /// Per loop: its index where the current tile or step begins.
  Values ivs;
  /// Values of operands that no loop further in changes.
  llvm::DenseMap<unsigned, Value> hoisted;
  /// Values read in this step, by operand, row, vector.
  llvm::DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> seen;
  /// Index of an operand's first element in this step.
  llvm::DenseMap<unsigned, Value> bases;
  /// The outputs that are reduced, in order.
  llvm::SmallVector<unsigned> reduced;
  /// Rows of the tile in hand.
  int64_t tileRows = 1;
  int64_t accumulatorRows = 1, accumulatorVecs = 1;
  /// What the step in hand compares with the accumulators of a guarded row.
  struct Candidate {
    unsigned output;
    Place place;
    Value value;
  };
  llvm::SmallVector<Candidate> candidates;
  bool guarding = false;
  /// Per reduced output: partial sums, [level][rows][vecs] vectors.
  Values stacks;
  std::pair<mlir::Operation *, mlir::Operation *> fused;
  Value panelBuffer;
  /// In a loop over panels: where the first one begins, and the last whole one
  /// ends.
  std::optional<Share> panels;
  /// What tiles copy while they go through the panel before: whether there is
  /// one, what it is made of, and where that lies.
  struct NextPanel {
    Access panel;
    Value exists = {};
    Producer producer = {};
    std::unique_ptr<mlir::Block> body = {};
    llvm::SmallVector<Flat, 1> flats = {};
  };
  std::optional<NextPanel> nextPanel;
  /// The chunk in hand, in a task.
  std::optional<Share> chunk;
  /// In passes over the rows: the sums between them, and the iterations of the
  /// first reduction loop that this pass takes.
  struct Partial {
    Access access;
    Flat flat;
    Value initial, buffer;
  };
  std::optional<Partial> partial;
  std::optional<Share> pass;
  bool isLastPass = true;
  /// What is asked for while the tiles of a panel are computed: columns so many
  /// elements further, or the rows of the next tile (`distance` null); by the
  /// tile in hand from `first` on, if that is not null, by `pace` elements
  /// where the sums walk by `unit`. Of a piece of memory there are `width`
  /// elements for each step; 0: it is none.
  struct ReadAhead {
    Access access;
    Flat flat;
    Value distance = {}, first = {}, pace = {};
    int64_t width = 0, unit = 1;
    /// Each step asks for what it will read itself, so far on.
    bool isOwn = false;
  };
  llvm::SmallVector<ReadAhead, 2> readAhead;
  /// The rows of a tile of sums that is being stored, 0 where none is; per
  /// output and vector the values that wait for the other rows, and per vector
  /// its elements.
  int64_t turnedRows = 0;
  llvm::MapVector<std::pair<unsigned, int64_t>, Values> turned;
  llvm::DenseMap<int64_t, int64_t> turnedValid;
  /// In a loop over the tile: per output that waits, its buffer, and the place
  /// of the vector in hand.
  llvm::MapVector<unsigned, Value> parked;
  Value parkedAt;
  /// One emitter per epilogue, its plan, and the tile where it is looped over.
  std::unique_ptr<VectorPlan> stagePlan;
  std::vector<TileEmitter> stages;
  Values tileBuffers;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_TILES_TILEEMITTER_H
