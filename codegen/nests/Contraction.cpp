//===- Contraction.cpp - the register tile of a dot or convolution --------===//
//
// c[m,n] += a[m,k] * b[k,n]: the lanes run along n, where b and c are
// contiguous; `rows` of m reuse each vector of b, `vecs` vectors of n reuse
// each broadcast of a, and all rows * vecs sums stay in registers over the
// whole of k. In a convolution n is the image's last dimension and m the output
// channel.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include <numeric>

using namespace mlir;

namespace mg::codegen {

/// More rows of a matrix whose stride is a multiple of 4 KiB share too few sets
/// of an 8-way L1 (measured: 14 rows 88 GF/s, 6 to 8 rows 109 to 116).
static constexpr int64_t maxRows = 8;
/// Rows of one vector each, which load a broadcast for every FMA and the vector
/// for all of them.
static constexpr int64_t maxSingleRows = 16;
/// Rows of a tile that are worth a network of shuffles.
static constexpr int64_t minTurnedRows = 4;
/// Sums in flight that hide the latency of an FMA: 4 cycles, 2 per cycle.
static constexpr int64_t minSums = 8;

/// The first cache, of which little else has a part, and cycles for a line that
/// comes from the second one instead (measured, rows that begin anywhere).
static constexpr int64_t firstCacheBytes = 32 << 10, lineBytes = 64;
static constexpr int64_t cacheWays = 8;
static constexpr double farLineCycles = 2.5;
/// For a line of results that a tile writes a part of, where these push each
/// other out of the first cache (measured, planes of 4, 8 and 16 KiB).
static constexpr double crowdedLineCycles = 11;

namespace {
/// What register tiles are cut from.
struct TileSpace {
  /// Rows, and vectors of each.
  int64_t m, n;
  int64_t registers;
  /// Bytes of a vector, and vectors that a column of them has along the sums.
  int64_t bytes, steps;
  /// How many steps in a row read the same lines.
  int64_t overlap = 1;
  /// Parts of the sums side by side.
  int64_t chains = 1;
  /// Rows of a tile of one vector each, at most.
  int64_t mostSingle = maxRows;
  /// Bytes by which a tile's piece of a step reaches into one more line.
  int64_t beyond = 0;
  /// Lanes of a vector, and bytes from one to the next in results that tiles
  /// lie across; 0: they lie along them.
  int64_t lanes = 1, across = 0;

  /// Rows of a tile, at most: many of them where lines of more than one vector
  /// are too many.
  int64_t mostRows(int64_t vecs) const {
    return vecs == 1 && (n == 1 || isCrowded(n)) ? mostSingle : maxRows;
  }

  double cycles(int64_t rows, int64_t vecs) const;

private:
  double tileCycles(int64_t rows, int64_t vecs) const;
  bool isCrowded(int64_t vecs) const;
};

struct RegisterTile {
  int64_t rows = 1, vecs = 1;
  /// For the whole of m x n vectors, per step of k.
  double cycles = std::numeric_limits<double>::infinity();
};
} // namespace

/// Whether so many pieces, `stride` bytes apart, fall on sets of a cache that
/// do not hold all of them.
static bool shareSets(int64_t stride, int64_t count, int64_t cache) {
  int64_t places = cache / cacheWays / std::gcd(stride, cache);
  return count > std::max<int64_t>(places, 1) * cacheWays;
}

/// Whether the lines that so many vectors of a tile lie across are more than
/// twice those that their sets of the first cache hold. (Stores wait in a queue
/// of their own: sixteen lines in one set of twelve cost nothing.)
bool TileSpace::isCrowded(int64_t vecs) const {
  return across && shareSets(across, vecs * lanes / 2, firstCacheBytes);
}

/// Cycles of one tile per step of k: FMAs, loads, or the latency. The rows of
/// other tiles read the same vectors again, if need be from the second cache.
double TileSpace::tileCycles(int64_t rows, int64_t vecs) const {
  if (rows == 0 || vecs == 0)
    return 0;
  double units = std::max({rows * vecs, rows + vecs, minSums / chains}) / 2.0;
  const int64_t piece = vecs * bytes + beyond;
  const bool isFar = m > rows && steps / overlap * piece > firstCacheBytes;
  double lines = double(piece) / lineBytes / overlap;
  const double stores =
      isCrowded(vecs) ? double(vecs * lanes) / steps * crowdedLineCycles : 0;
  return std::max(units, isFar ? lines * farLineCycles : 0) + stores + 0.25;
}

/// Cycles for all tiles of a rows x vecs register tile, per step of k.
double TileSpace::cycles(int64_t rows, int64_t vecs) const {
  return double(m / rows) * (n / vecs) * tileCycles(rows, vecs) +
         double(m / rows) * tileCycles(rows, n % vecs) +
         double(n / vecs) * tileCycles(m % rows, vecs) +
         tileCycles(m % rows, n % vecs);
}

/// `panel`: the vectors of a panel; 0: there is none. Tiles divide it, or are
/// made of several where they may span panels. Of tiles with as many sums that
/// cost about the same one that leaves no columns over, and hardly any rows:
/// chunks of them are equal.
static RegisterTile chooseTile(const TileSpace &space, int64_t panel = 0,
                               bool maySpan = false) {
  constexpr double aboutTheSame = 1.01, hardlyAny = 0.03;
  RegisterTile best, even;
  for (int64_t rows = 1; rows <= std::min(space.m, maxSingleRows); ++rows)
    for (int64_t vecs = 1; vecs <= std::min(space.n, minSums); ++vecs) {
      bool fits = panel % vecs == 0 || (maySpan && vecs % panel == 0);
      if (rows > space.mostRows(vecs) || rows * vecs + vecs > space.registers ||
          !fits)
        continue;
      double cycles = space.cycles(rows, vecs);
      if (cycles <= best.cycles) // of equals the largest, with fewest loads
        best = {rows, vecs, cycles};
      if (space.n % vecs == 0 && space.m % rows <= hardlyAny * space.m &&
          rows * vecs >= even.rows * even.vecs)
        even = {rows, vecs, cycles};
    }
  bool isAsGood = even.rows * even.vecs >= best.rows * best.vecs &&
                  even.cycles <= aboutTheSame * best.cycles;
  return isAsGood ? even : best;
}

/// For a broadcast and a mask; with many registers LLVM loads ahead.
static int64_t registersFor(int64_t registers) {
  return registers == 32 ? 32 - 3 : 16 - 2;
}

/// Whether the vectors along `vector` are the same for all iterations of the
/// parallel loop `d`: one operand moves along each, none along both.
static bool isShared(const LoopNest &nest, unsigned d, int vector) {
  return !nest.reduction[d] && int(d) != vector &&
         llvm::all_of(nest.inputs, [&](const Access &access) {
           return access.isLinear() &&
                  (!access.strides[d] || !access.strides[vector]);
         });
}

/// The loop whose rows share the vectors: one that fills a tile, and of those
/// the one whose rows lie closest together in the result.
static int chooseRowLoop(const LoopNest &nest, int vector) {
  auto rank = [&](unsigned d) {
    const Access &output = nest.outputs.front();
    return std::pair(std::min(nest.extents[d], maxRows),
                     output.isLinear() ? -std::abs(output.strides[d]) : 0);
  };
  int choice = -1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (isShared(nest, d, vector) && (choice < 0 || rank(d) > rank(choice)))
      choice = d;
  return choice;
}

/// The second cache of the level's machines.
static int64_t secondCacheBytes(int64_t nativeLanes) {
  return nativeLanes == 16 ? 1 << 20 : 256 << 10;
}

static int64_t bytesOf(const Access &access) {
  return llvm::divideCeil(access.element.getIntOrFloatBitWidth(), 8);
}

int chooseLaneInput(const LoopNest &nest, unsigned vector) {
  int choice = -1;
  for (auto [i, access] : llvm::enumerate(nest.inputs)) {
    if (access.isScalar() || !access.isLinear())
      return -1;
    if (!access.strides[vector])
      continue;
    if (choice >= 0)
      return -1;
    choice = i;
  }
  return choice;
}

/// Rows of a tile of one vector each, whose next ones fall on other sets of the
/// first cache.
static int64_t mostSingleRows(const LoopNest &nest, int row) {
  bool shares =
      row >= 0 && llvm::any_of(nest.inputs, [&](const Access &input) {
        return !input.isScalar() && input.isLinear() && input.strides[row] &&
               shareSets(std::abs(input.strides[row]) * bytesOf(input),
                         maxSingleRows, firstCacheBytes);
      });
  return shares ? maxRows : maxSingleRows;
}

/// Whether pieces along `vector`, of which each step reads one, begin anywhere
/// in a line.
static bool areCut(const LoopNest &nest, const Access &input, unsigned vector) {
  return !input.hasPanels() && input.strides[vector] == 1 &&
         llvm::any_of(llvm::seq<unsigned>(0, nest.size()), [&](unsigned d) {
           return nest.reduction[d] &&
                  input.strides[d] * bytesOf(input) % lineBytes != 0;
         });
}

/// Bytes between the lanes of results whose rows are neighbours, as many as
/// make a line at most; else 0. (Of products of words tiles of so many rows
/// take as much longer as they save, measured.)
static int64_t strideAcross(const LoopNest &nest, unsigned vector, int row) {
  const Access &output = nest.epilogues.empty()
                             ? nest.outputs[0]
                             : nest.epilogues.back().outputs[0];
  if (row < 0 || nest.products != Products::Single || !output.isLinear() ||
      output.strides[row] != 1 || maxSingleRows * bytesOf(output) < lineBytes)
    return 0;
  return std::abs(output.strides[vector]) * bytesOf(output);
}

/// Parts of the innermost loop that are summed side by side: as many as hide
/// the latency of an FMA where there are fewer results than that, in vectors of
/// the widest level.
static int64_t chainsOf(const LoopNest &nest, unsigned vector, int row) {
  constexpr int64_t leastSteps = 8;
  int64_t steps = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nest.reduction[d] && d != vector)
      steps = nest.extents[d];
  const int64_t rows = row < 0 ? 1 : nest.extents[row],
                sums = rows * int64_t(llvm::divideCeil(nest.extents[vector],
                                                       widestLanes(nest))),
                most = std::min(minSums / sums, steps / leastSteps);
  return most > 1 ? int64_t(llvm::bit_floor(uint64_t(most))) : 1;
}

/// Tiles with vectors of `lanes` along `vector` and rows along `row` (-1: one).
static TileSpace tileSpace(const LoopNest &nest, unsigned vector, int row,
                           int64_t lanes, int64_t registers) {
  int64_t bytes = lanes * bytesOf(nest.outputs[0]), steps = 1, overlap = 1;
  int input = chooseLaneInput(nest, vector);
  for (unsigned d = 0; d < nest.size(); ++d) {
    if (!nest.reduction[d] || int(d) == int(vector))
      continue;
    steps *= nest.extents[d];
    if (input >= 0 && !nest.inputs[input].hasPanels() &&
        std::abs(nest.inputs[input].strides[d]) < lanes)
      overlap *= nest.extents[d];
  }
  const bool isCut = input >= 0 && areCut(nest, nest.inputs[input], vector);
  return {.m = row < 0 ? 1 : nest.extents[row],
          .n = int64_t(llvm::divideCeil(nest.extents[vector], lanes)),
          .registers = registersFor(registers),
          .bytes = bytes,
          .steps = steps,
          .overlap = overlap,
          .chains = chainsOf(nest, vector, row),
          .mostSingle = mostSingleRows(nest, row),
          .beyond = isCut ? lineBytes : 0,
          .lanes = lanes,
          .across = strideAcross(nest, vector, row)};
}

int64_t sharedUses(const LoopNest &nest, unsigned loop) {
  int64_t uses = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (isShared(nest, d, loop))
      uses *= nest.extents[d];
  return uses;
}

int64_t panelUses(const LoopNest &nest, unsigned loop) {
  if (!nest.contraction || nest.reduction[loop] ||
      chooseLaneInput(nest, loop) < 0 || chooseRowLoop(nest, loop) < 0)
    return 0;
  int64_t uses = sharedUses(nest, loop);
  int64_t least =
      nest.products == Products::Single ? minPanelUses : minWordUses;
  return uses >= least ? uses : 0;
}

/// The parallel loop along which only `input` moves, the longest one; -1: none.
static int choosePanelLoop(const LoopNest &nest, unsigned input) {
  int choice = -1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && chooseLaneInput(nest, d) == int(input) &&
        (choice < 0 || nest.extents[d] > nest.extents[choice]))
      choice = d;
  return choice;
}

/// The input as it would be read in panels, of which any number follow.
static void layOut(LoopNest &nest, unsigned input, unsigned loop,
                   int64_t width) {
  Access &access = nest.inputs[input];
  int64_t size = width;
  for (unsigned d = nest.size(); d-- > 0;)
    if (nest.reduction[d] && access.strides[d]) {
      access.strides[d] = size;
      size *= nest.extents[d];
    }
  access.strides[loop] = 1;
  access.panels = {int(loop), width, size};
  nest.indexed[loop] = true;
}

/// Whether so few rows read a weight that it comes from memory, or a far cache,
/// at the speed of these.
static bool isFlowing(const LoopNest &nest, const Access &input, int vector) {
  constexpr int64_t fewUses = 16, large = 1 << 20;
  int64_t bytes = bytesOf(input);
  for (unsigned d = 0; d < nest.size(); ++d)
    if (input.strides[d])
      bytes *= nest.extents[d];
  return bytes >= large && sharedUses(nest, vector) <= fewUses;
}

/// Vectors of a panel where tiles have `vecs`. A stream stops at each page
/// until the CPU has seen that it goes on, so that one gets two thirds of what
/// a memory gives where pages are small, and less than all where they are
/// large: a tile has several then, each of whole lines.
static int64_t vecsOfPanel(const LoopNest &nest, const Access &input,
                           int vector, int64_t vecs, int64_t lanes) {
  constexpr int64_t wantedStreams = 4, leastStreams = 3;
  int64_t line = llvm::divideCeil(lineBytes, lanes * bytesOf(input));
  int64_t piece = std::max(line, vecs / wantedStreams);
  bool isCut = vecs % piece == 0 && vecs / piece >= leastStreams;
  return isCut && isFlowing(nest, input, vector) ? piece : vecs;
}

/// Whether each element is read once, which in panels is one stream after the
/// other. What fills up the last panel is read as well, so that few columns
/// rather stay one piece.
static bool streamsInPanels(const LoopNest &nest, int vector, int64_t lanes,
                            bool inWords) {
  constexpr int64_t leastByFill = 16;
  const int64_t columns = nest.extents[vector],
                fill = llvm::alignTo(columns, lanes) - columns;
  return chooseVectorLoop(nest) == vector &&
         (inWords || columns >= leastByFill * fill);
}

std::optional<PanelChoice> choosePanels(const LoopNest &nest, unsigned input,
                                        bool inWords) {
  int loop = choosePanelLoop(nest, input);
  if (!nest.contraction || loop < 0 || nest.extents[loop] == 1)
    return std::nullopt;
  // As it will be planned: the rows of an image follow each other.
  LoopNest merged = nest;
  simplify(merged);
  int own = merged.loopOf[loop];
  int64_t lanes = widestLanes(nest);
  if (sharedUses(nest, loop) < 2 &&
      !streamsInPanels(merged, own, lanes, inWords))
    return std::nullopt;
  TileSpace space = tileSpace(merged, own, chooseRowLoop(merged, own), lanes,
                              /*registers=*/32);
  space.overlap = 1;
  space.beyond = 0;
  // What is stored in the end is not known here; tiles may be a part of a
  // panel.
  space.across = 0;
  int64_t width = lanes * vecsOfPanel(merged, merged.inputs[input], own,
                                      chooseTile(space).vecs, lanes);
  LoopNest panels = nest;
  layOut(panels, input, loop, width);
  simplify(panels);
  if (chooseVectorLoop(panels) != panels.loopOf[loop])
    return std::nullopt;
  return PanelChoice{unsigned(loop), width};
}

double productCost(const LoopNest &nest, unsigned loop, int64_t lanes) {
  int row = chooseRowLoop(nest, loop);
  if (row < 0)
    return 1;
  TileSpace space =
      tileSpace(nest, loop, row, lanes, VectorUnit(lanes).registers);
  // Which loop the lanes take is one choice for all levels, whose caches hold
  // different parts of a column.
  space.steps = 1;
  space.across = 0;
  return 2 * chooseTile(space).cycles / (space.m * space.n);
}

bool canTurn(const LoopNest &nest, const Access &output, unsigned loop) {
  int row = chooseRowLoop(nest, loop);
  return row >= 0 && output.isLinear() && output.strides[row] == 1 &&
         nest.extents[row] >= minTurnedRows;
}

namespace {
/// How an input's vectors lie in memory, one piece for each step of the sums.
struct Columns {
  int64_t steps = 1;
  /// Bytes from one piece to the next; of a piece; of all pieces that vectors
  /// of the nest read.
  int64_t stride, piece, bytes;
  /// Bytes of the caches.
  int64_t second;

  Columns(const LoopNest &nest, const Access &input, const VectorPlan &plan);
  bool isDistributed() const {
    return stride <= piece || !shareSets(stride, steps, second);
  }
  /// Tiles for which a copy is not made, or is a large part of the work.
  static constexpr int64_t fewTiles = 32;
  int64_t mostTiles() const;
};
} // namespace

Columns::Columns(const LoopNest &nest, const Access &input,
                 const VectorPlan &plan)
    : second(secondCacheBytes(plan.nativeLanes)) {
  int64_t element = bytesOf(input);
  bytes = element;
  for (unsigned d : plan.reduction)
    steps *= nest.extents[d];
  for (unsigned d = 0; d < nest.size(); ++d)
    if (int64_t(d) == plan.vector || nest.reduction[d])
      bytes *= nest.extents[d];
  stride = std::abs(input.strides[plan.reduction.back()]) * element;
  piece = llvm::alignTo(plan.vecs * plan.lanes * element, lineBytes);
}

/// Tiles that may read columns of a large matrix where they lie before a copy
/// pays. Each of them waits: a little if the CPU sees the next piece coming or
/// takes whole lines, more if not, most where the first cache would hold a copy
/// and does not hold these.
int64_t Columns::mostTiles() const {
  constexpr int64_t longestSeen = 2048;
  if (steps * piece <= firstCacheBytes &&
      shareSets(stride, steps, firstCacheBytes))
    return 4;
  return stride > longestSeen && stride % lineBytes != 0 ? 8 : fewTiles;
}

/// Bytes of an element in memory, of which `input` may make words.
static int64_t storedBytes(const Access &input) {
  Type element = getElementTypeOrSelf(input.buffer.getType());
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

/// Elements from the first to the last step of the sums, of which each begins
/// `first` after the one before; 0: they are not one piece of memory.
static int64_t pieceOf(const LoopNest &nest, const VectorPlan &plan,
                       const Access &input, int64_t first) {
  int64_t size = first;
  for (unsigned d : llvm::reverse(plan.reduction)) {
    if (input.strides[d] != size)
      return 0;
    size *= nest.extents[d];
  }
  return size;
}

/// Whether a panel's columns, which few tiles share, are copied from one piece
/// of memory, of which each step can ask for a part of a line.
static bool isPanelOnePiece(const LoopNest &nest, const Access &input,
                            const VectorPlan &plan, int64_t tiles) {
  int64_t bytes = storedBytes(input),
          step = input.strides[plan.reduction.back()];
  int64_t column = pieceOf(nest, plan, input, step);
  int64_t cache = secondCacheBytes(plan.nativeLanes);
  return column > 0 && step * bytes <= bytesOf(input) && !plan.depth &&
         input.strides[plan.vector] == column &&
         nest.extents[plan.vector] * column * bytes > cache &&
         plan.tileOf(plan.vector) * column * bytes <= cache / 4 &&
         plan.tileOf(plan.vector) * step * bytes <= tiles * lineBytes;
}

/// Whether the second cache holds two panels, of which the tiles of one copy
/// the other, row by row. Of each thread's panels the first one is copied at
/// once, and threads do not take panels from each other, so these must be
/// several.
static bool canCopyAhead(const LoopNest &nest, const VectorPlan &plan) {
  constexpr int64_t enoughPanels = 8;
  const Access &input = nest.inputs[plan.packed];
  const int64_t steps = nest.extents[plan.reduction.back()],
                bytes = steps * plan.vecs * plan.lanes * bytesOf(input),
                width = plan.tileOf(plan.vector);
  return nest.grouped < 0 && plan.reduction.size() == 1 && !plan.depth &&
         steps >= minSumSteps && input.strides[plan.vector] == 1 &&
         nest.extents[plan.vector] >= enoughPanels * width &&
         nest.range.loop < 0 && 2 * bytes <= secondCacheBytes(plan.nativeLanes);
}

/// Has the vectors copied into panels, or read where they are: contiguous, in
/// pieces that do not fall on few sets of the second cache, and either in a
/// matrix which that holds, or by few tiles.
static void planLaneInput(const LoopNest &nest, VectorPlan &plan) {
  int number = chooseLaneInput(nest, plan.vector);
  if (number < 0)
    return;
  const Access &input = nest.inputs[number];
  Columns columns(nest, input, plan);
  bool stays = number != nest.computed && input.strides[plan.vector] == 1 &&
               columns.isDistributed();
  bool isSmall = columns.bytes <= columns.second &&
                 columns.bytes * nest.extents[plan.row] <= 256 * columns.second;
  if (stays && isSmall)
    return;
  int64_t tiles = llvm::divideCeil(sharedUses(nest, plan.vector), plan.rows);
  const bool isPlain = plan.reduction.size() == 1;
  if (stays && isPlain && tiles <= columns.mostTiles())
    plan.inPlace = number;
  else if (panelUses(nest, plan.vector))
    plan.packed = number;
  plan.copiesAhead = plan.packed >= 0 && canCopyAhead(nest, plan);
  bool isSeen =
      !plan.copiesAhead && plan.packed >= 0 && tiles <= Columns::fewTiles &&
      ((stays && isPlain) || isPanelOnePiece(nest, input, plan, tiles));
  if (plan.inPlace >= 0 || isSeen)
    plan.columnsAhead = number;
}

/// The input whose rows the tiles go through one after the other, in memory of
/// one piece: all steps of a row, or the rows of a tile, are neighbours.
static int chooseRowsAhead(const LoopNest &nest, const VectorPlan &plan) {
  auto isCompact = [&](const Access &input) {
    bool areTiles = input.strides[plan.row] == 1;
    int64_t piece = pieceOf(nest, plan, input, areTiles ? plan.rows : 1);
    return piece > 0 &&
           (areTiles || (input.strides[plan.row] == piece && !plan.depth));
  };
  for (auto [i, input] : llvm::enumerate(nest.inputs)) {
    if (input.isScalar() || !input.isLinear() || input.hasPanels() ||
        input.strides[plan.vector] || !isCompact(input))
      continue;
    int64_t bytes = storedBytes(input) * input.group;
    for (unsigned d = 0; d < nest.size(); ++d)
      if (input.strides[d])
        bytes *= nest.extents[d];
    if (2 * bytes >= secondCacheBytes(plan.nativeLanes))
      return i;
  }
  return -1;
}

/// The input that tiles read in windows, a short piece from each of many places
/// that no cache holds: no CPU sees where the next ones will be.
static int chooseWindowsAhead(const LoopNest &nest, const VectorPlan &plan) {
  if (plan.rowsAhead >= 0 || plan.reduction.size() < 2)
    return -1;
  for (auto [i, input] : llvm::enumerate(nest.inputs)) {
    if (input.isScalar() || !input.isLinear() || input.hasPanels() ||
        input.strides[plan.vector] || !input.strides[plan.row])
      continue;
    int64_t span = 1;
    for (unsigned d = 0; d < nest.size(); ++d)
      span += std::abs(input.strides[d]) * (nest.extents[d] - 1);
    if (span * storedBytes(input) * input.group >=
        2 * secondCacheBytes(plan.nativeLanes))
      return i;
  }
  return -1;
}

/// Bytes of a panel that all rows take before the next ones: half of the second
/// cache at most, so that they stay there. What is in panels from the start
/// comes from memory the faster the shorter these parts are (one thread,
/// 128x3072x768: 3.75 ms with all of it, 3.45 with parts of a fifth), and the
/// first one, for which no tile asks, should be a small part of all.
static int64_t longestPart(const LoopNest &nest, const VectorPlan &plan) {
  int64_t cache = secondCacheBytes(plan.nativeLanes);
  if (!nest.panels())
    return cache / 2;
  int64_t all = bytesOf(nest.outputs[0]) * nest.extents[plan.vector];
  for (unsigned d : plan.reduction)
    all *= nest.extents[d];
  return std::clamp(all / 8, cache / 16, cache / 5);
}

/// Where a panel is longer than that all rows take a part before the next one.
static void planPasses(const LoopNest &nest, VectorPlan &plan) {
  if (plan.row < 0 || plan.reduction.empty() || !panelUses(nest, plan.vector) ||
      !nest.initial[0])
    return;
  int64_t panel = plan.vecs * plan.lanes * bytesOf(nest.outputs[0]);
  for (unsigned d : ArrayRef(plan.reduction).drop_front())
    panel *= nest.extents[d];
  int64_t extent = nest.extents[plan.reduction.front()];
  int64_t most = std::max<int64_t>(1, longestPart(nest, plan) / panel);
  if (extent > most + most / 2)
    plan.depth = llvm::divideCeil(extent, llvm::divideCeil(extent, most));
}

/// Whether each step of the sums reads a vector's worth from another page.
static bool walksPages(const LoopNest &nest, const VectorPlan &plan) {
  constexpr int64_t page = 4096;
  return llvm::any_of(nest.inputs, [&](const Access &input) {
    return !input.isScalar() && input.isLinear() &&
           input.strides[plan.vector] == 1 && !plan.reduction.empty() &&
           std::abs(input.strides[plan.reduction.back()]) *
                   input.element.getIntOrFloatBitWidth() / 8 >=
               page;
  });
}

/// Steps of sums that take no longer than to store them.
static constexpr int64_t shortSums = 48;

/// Whether tiles should follow each other along their rows: short sums of a
/// matrix that the second cache holds, into a result that it does not. Down the
/// columns each tile would write a few lines of rows that lie far apart, which
/// takes longer than to sum them (4.8 MB: 262 us, in long pieces 177).
static bool areRowsFirst(const LoopNest &nest, const VectorPlan &plan) {
  const Access &output = nest.outputs[0];
  if (plan.row < 0 || plan.sharesColumns(nest) || plan.depth ||
      !output.stored || output.strides[plan.vector] != 1)
    return false;
  int number = chooseLaneInput(nest, plan.vector);
  int64_t steps = 1, columns = nest.extents[plan.vector], results = 1;
  for (unsigned d : plan.reduction)
    steps *= nest.extents[d];
  for (unsigned d : plan.parallel)
    results *= nest.extents[d];
  int64_t cache = secondCacheBytes(plan.nativeLanes);
  return number >= 0 && steps <= shortSums &&
         results * bytesOf(output) > cache &&
         steps * columns * bytesOf(nest.inputs[number]) <= cache;
}

/// Whether panels are streams of one tile, as they were made for few rows, and
/// nothing is copied from them.
static bool maySpanPanels(const LoopNest &nest, int vector) {
  int input = chooseLaneInput(nest, vector);
  return input >= 0 && input != nest.computed &&
         isFlowing(nest, nest.inputs[input], vector);
}

/// Elements that the nest's loops reach, in bytes.
static int64_t reachedBytes(const LoopNest &nest, const Access &access) {
  int64_t bytes = bytesOf(access);
  for (unsigned d = 0; d < nest.size(); ++d)
    if (access.strides[d])
      bytes *= nest.extents[d];
  return bytes;
}

bool hasOwnLines(const Access &access, const VectorPlan &plan) {
  return !access.isScalar() && access.isLinear() && access.stored &&
         !access.streamed && access.strides[plan.vector] == 1 &&
         access.strides[plan.row];
}

/// Asks for the results, and for what epilogues read beside them, where the
/// second cache does not hold these from one call to the next and they are a
/// large part of what it does not hold: fewer lines do not pay for the loop
/// around pieces.
static void chooseRequests(const LoopNest &nest, VectorPlan &plan) {
  const int64_t cache = secondCacheBytes(plan.nativeLanes);
  int64_t results = 0, beside = 0, others = 0;
  auto add = [&](int64_t &bytes, const Access &access) {
    if (hasOwnLines(access, plan))
      bytes += reachedBytes(nest, access);
  };
  add(results, nest.outputs[0]);
  for (const Epilogue &epilogue : nest.epilogues) {
    for (const Access &output : epilogue.outputs)
      add(results, output);
    for (const Access &input : epilogue.inputs)
      if (llvm::none_of(nest.outputs, [&](const Access &output) {
            return isSameElement(output, input);
          }))
        add(beside, input);
  }
  for (const Access &input : nest.inputs)
    if (!input.isScalar() && input.isLinear())
      others += reachedBytes(nest, input);
  // In passes only what is read beside the sums is asked for: these were stored
  // by the pass before.
  if (plan.depth)
    results = 0;
  if (2 * (results + beside) < cache || results + beside + others <= cache)
    return;
  plan.asksForResults = results;
  plan.asksBeside = beside;
}

/// Whether to write the results takes longer than short sums: each line of rows
/// that lie far apart comes from memory. (From the last cache they come in
/// time: asked for, such rows of one image in MobileNetV2 took 1 to 3 % longer,
/// those of eight half as long.)
static bool waitsForResults(const LoopNest &nest, const VectorPlan &plan) {
  constexpr int64_t shareOfLastCache = 8 << 20;
  int64_t steps = 1, bytes = 0;
  for (unsigned d : plan.reduction)
    steps *= nest.extents[d];
  auto add = [&](const Access &output) {
    if (hasOwnLines(output, plan))
      bytes = std::max(bytes, reachedBytes(nest, output));
  };
  add(nest.outputs[0]);
  for (const Epilogue &epilogue : nest.epilogues)
    llvm::for_each(epilogue.outputs, add);
  return plan.sharesColumns(nest) && steps <= shortSums && !plan.depth &&
         bytes > shareOfLastCache;
}

void planContraction(const LoopNest &nest, VectorPlan &plan,
                     std::optional<unsigned> row) {
  if (plan.isRowStyle())
    return;
  plan.row = row && isShared(nest, *row, plan.vector)
                 ? int(*row)
                 : chooseRowLoop(nest, plan.vector);
  if (plan.row < 0 && planSliding(nest, plan))
    return;
  TileSpace space =
      tileSpace(nest, plan.vector, plan.row, plan.lanes, plan.registers);
  const Access::Panels *panels = nest.panels();
  RegisterTile tile = chooseTile(space, panels ? panels->width / plan.lanes : 0,
                                 maySpanPanels(nest, plan.vector));
  plan.rows = tile.rows;
  plan.vecs = tile.vecs;
  // A single row reads every vector once: the longer a piece of each page it
  // takes, the more of it comes unasked.
  if (space.m == 1 && !panels && walksPages(nest, plan))
    plan.vecs = std::min(space.n, space.registers - 5);
  planPasses(nest, plan);
  if (!plan.depth && !plan.reduction.empty() &&
      llvm::all_of(plan.combiners, [](Operation *op) { return op; }))
    plan.chains = chainsOf(nest, plan.vector, plan.row);
  if (plan.row >= 0) {
    if (!panels)
      planLaneInput(nest, plan);
    else if (panelUses(nest, plan.vector) &&
             chooseLaneInput(nest, plan.vector) == nest.computed)
      plan.packed = nest.computed;
    plan.rowsAhead = chooseRowsAhead(nest, plan);
    plan.windowsAhead = chooseWindowsAhead(nest, plan);
    chooseRequests(nest, plan);
  }
  const bool rowsFirst = areRowsFirst(nest, plan);
  plan.asksForNext = plan.row >= 0 && waitsForResults(nest, plan);
  // Columns outside rows, and outside whatever else shares a panel: it stays in
  // the cache for all of them.
  auto place = [&](unsigned d) {
    return int(d) == plan.row      ? rowsFirst ? 1 : 3
           : int(d) == plan.vector ? rowsFirst ? 3 : 1
           : isShared(nest, d, plan.vector) &&
                   (plan.sharesColumns(nest) || plan.depth)
               ? 2
               : 0;
  };
  llvm::stable_sort(plan.parallel, [&](unsigned x, unsigned y) {
    return place(x) < place(y);
  });
  for (auto [level, d] : llvm::enumerate(plan.parallel))
    if (place(d) < 2)
      plan.panelLevel = level;
}

} // namespace mg::codegen
