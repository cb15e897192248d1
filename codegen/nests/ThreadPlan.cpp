//===- ThreadPlan.cpp - the loop that threads share -----------------------===//
//
// One loop of a nest becomes chunks, by the shape alone: whatever the number of
// threads, each result is computed in the same order. A nest's first loop with
// enough tiles is that loop, or in a contraction the one that two threads would
// be done with first.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/VectorPlan.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace mg::codegen {

static constexpr int64_t maxChunks = 64;
/// Chunks that are so many that a loop further in, which as the outermost one
/// would have all outer ones' operands read again by each chunk, is no better.
static constexpr int64_t enoughChunks = 16;
/// The same where the outer loop has products of its own in each iteration:
/// further in, each chunk would go through the factors of all of them.
static constexpr int64_t enoughProducts = 8;
/// How much more the busier one of two threads has where another loop is worth
/// what it takes.
static constexpr double clearly = 1.1;

double workOf(const LoopNest &nest) {
  // What a tile reads it uses again and again.
  double work =
      nest.contraction ? 1 : bodyCost(*nest.body) + nest.inputs.size() + 1;
  for (int64_t extent : nest.extents)
    work *= extent;
  return work;
}

int64_t wantedChunks(double work, int64_t grain) {
  if (grain == 0 || work < 2.0 * grain)
    return 1;
  return llvm::bit_floor(uint64_t(std::min<double>(maxChunks, work / grain)));
}

namespace {
/// What two threads take for a contraction one of whose loops they share, in
/// multiply-adds. The one that begins has written what is read, or has it in
/// its cache.
class TwoThreads {
public:
  TwoThreads(const LoopNest &nest, const VectorPlan &plan)
      : nest(nest), plan(plan), work(workOf(nest)) {}

  double alone() const;
  double together(unsigned loop, int64_t chunks) const;
  /// What the busier one has by what each should have, 1 to 2.
  double unevenness(unsigned loop, int64_t chunks) const;
  /// The most chunks that are about even, else the fewest of those that are
  /// most so: the first one, the largest, begins first.
  int64_t evenChunks(unsigned loop, int64_t most) const;

private:
  double linesRead(unsigned loop) const;
  double linesOfPanels(unsigned loop) const;
  double linesShared(unsigned loop) const;

  const LoopNest &nest;
  const VectorPlan &plan;
  const double work;
};
} // namespace

static constexpr int64_t lineBytes = 64;

static int64_t bytesOf(const Access &access) {
  return llvm::divideCeil(access.element.getIntOrFloatBitWidth(), 8);
}

/// Chunks are of whole tiles, the last one has the rest, too.
double TwoThreads::unevenness(unsigned loop, int64_t chunks) const {
  const int64_t extent = nest.extents[loop], tile = plan.tileOf(loop),
                tiles = extent / tile;
  if (tiles < 2 || chunks < 2)
    return 2;
  const int64_t perChunk = llvm::divideCeil(tiles, chunks),
                count = llvm::divideCeil(tiles, perChunk),
                first = count / 2 * perChunk * tile;
  return 2.0 * double(std::max(first, extent - first)) / double(extent);
}

int64_t TwoThreads::evenChunks(unsigned loop, int64_t most) const {
  constexpr double about = 1.04;
  int64_t best = 1;
  double least = 2;
  for (int64_t chunks = most; chunks > 1; --chunks) {
    const double share = unevenness(loop, chunks);
    if (share <= about)
      return chunks;
    if (share <= least) {
      best = chunks;
      least = share;
    }
  }
  return best;
}

/// Lines that the other thread fetches: all of an input, or half of what moves
/// along the loop.
double TwoThreads::linesRead(unsigned loop) const {
  double lines = 0;
  for (const Access &input : nest.inputs) {
    if (input.isScalar() || !input.isLinear() || input.hasPanels())
      continue;
    int64_t elements = 1;
    for (unsigned d = 0; d < nest.size(); ++d)
      elements += std::abs(input.strides[d]) * (nest.extents[d] - 1);
    lines += double(elements * bytesOf(input)) / lineBytes /
             (input.strides[loop] ? 2 : 1);
  }
  return lines;
}

/// Lines of panels that a thread fetches, none of which is in its cache.
double TwoThreads::linesOfPanels(unsigned loop) const {
  double lines = 0;
  for (const Access &input : nest.inputs) {
    if (!input.hasPanels())
      continue;
    int64_t elements = 1;
    for (unsigned d = 0; d < nest.size(); ++d)
      if (input.strides[d])
        elements *= nest.extents[d];
    lines += double(elements * bytesOf(input)) / lineBytes /
             (input.strides[loop] ? 2 : 1);
  }
  return lines;
}

/// What is stored of a contraction, by itself or by what follows it; null:
/// nothing of which is known where.
static const Access *resultOf(const LoopNest &nest) {
  auto isResult = [](const Access &access) {
    return access.stored && access.isLinear() && !access.isScalar();
  };
  if (isResult(nest.outputs[0]))
    return &nest.outputs[0];
  for (const Epilogue &epilogue : nest.epilogues)
    for (const Access &output : epilogue.outputs)
      if (isResult(output))
        return &output;
  return nullptr;
}

/// Lines of the result that both write: one in each piece of it that is cut, if
/// pieces are not of whole lines.
double TwoThreads::linesShared(unsigned loop) const {
  const Access *output = resultOf(nest);
  if (!output)
    return 0;
  const int64_t step = std::abs(output->strides[loop]);
  bool isCut = step * plan.tileOf(loop) * bytesOf(*output) % lineBytes != 0;
  double pieces = 1;
  for (unsigned d : plan.parallel) {
    const int64_t stride = std::abs(output->strides[d]);
    if (stride <= step)
      continue;
    pieces *= double(nest.extents[d]);
    isCut |= stride * bytesOf(*output) % lineBytes != 0;
  }
  return isCut ? pieces : 0;
}

/// A line that the other thread had comes while others are computed with, one
/// of panels unasked; one that both write goes from core to core and back, with
/// those that the CPU asks for beside it.
static constexpr double perLineRead = 512, perPanelLine = 256,
                        perLineShared = 8192, launch = 32768;

double TwoThreads::alone() const {
  return work + perPanelLine * linesOfPanels(plan.row);
}

double TwoThreads::together(unsigned loop, int64_t chunks) const {
  return unevenness(loop, chunks) / 2 * work + perLineRead * linesRead(loop) +
         perPanelLine * linesOfPanels(loop) +
         perLineShared * linesShared(loop) + launch;
}

/// Chunks of rows, few of them, as each has all panels or columns come. What
/// is copied for all rows would be so by each chunk.
static bool planRowChunks(const LoopNest &nest, int64_t wanted,
                          VectorPlan &plan) {
  constexpr int64_t minRows = 48, most = 8;
  if (!nest.contraction || plan.vector < 0 || plan.row < 0 ||
      plan.packed >= 0 || plan.inPlace >= 0 || (plan.depth && !nest.panels()) ||
      chooseLaneInput(nest, plan.vector) < 0)
    return false;
  const TwoThreads threads(nest, plan);
  const unsigned first = plan.parallel[plan.split];
  // In passes each chunk would have all panels come a part at a time.
  if (plan.depth && threads.unevenness(first, plan.chunks) <= clearly)
    return false;
  const int64_t worth =
      std::clamp<int64_t>(sharedUses(nest, plan.vector) / minRows, 2, most);
  double best = std::min(threads.alone(), threads.together(first, plan.chunks));
  bool found = false;
  for (unsigned level = plan.panelLevel + 1; level < plan.parallel.size();
       ++level) {
    const unsigned loop = plan.parallel[level];
    if (int(loop) == plan.vector)
      continue;
    const int64_t chunks = threads.evenChunks(loop, std::min(wanted, worth));
    const double cost = threads.together(loop, chunks);
    if (chunks < 2 || cost >= best)
      continue;
    best = cost;
    found = true;
    plan.split = level;
    plan.chunks = chunks;
  }
  return found;
}

/// Whether the loop goes from one product to another with other factors.
static bool isBatch(const LoopNest &nest, unsigned loop) {
  return nest.contraction &&
         llvm::all_of(nest.inputs, [&](const Access &input) {
           return !input.isScalar() && input.isLinear() && input.strides[loop];
         });
}

/// Chunks of loops that share a panel, each of which makes one of its own, or
/// fetches it. That is to cost it little; but two threads that make one each
/// are done before one that makes one for all (3x3/2 of four 64x8x8 -> 8: 8.4
/// instead of 11.2 us).
static int64_t mostSharing(const LoopNest &nest, int64_t vector) {
  const int64_t uses = panelUses(nest, vector);
  return llvm::bit_floor(uint64_t(std::max(
      uses / (8 * minPanelUses), std::min<int64_t>(uses / minPanelUses, 2))));
}

/// The first loop with enough tiles, else the one with most, of a few the first
/// one where they are about even.
static void planFirstLoop(const LoopNest &nest, int64_t wanted,
                          VectorPlan &plan) {
  const bool sharesPanels = plan.sharesColumns(nest);
  if (sharesPanels || plan.depth)
    wanted = std::min(wanted, maxChunksWithMemory);
  constexpr int64_t few = 8;
  const TwoThreads threads(nest, plan);
  auto chunksOf = [&](unsigned level) {
    const unsigned loop = plan.parallel[level];
    const int64_t tiles =
        llvm::divideCeil(nest.extents[loop], plan.tileOf(loop));
    int64_t most = std::min(tiles, wanted);
    if (sharesPanels && level > plan.panelLevel)
      most = std::min(most, mostSharing(nest, plan.vector));
    return most < few ? threads.evenChunks(loop, most) : most;
  };
  auto enoughAt = [&](unsigned level) {
    return isBatch(nest, plan.parallel[level]) ? enoughProducts : enoughChunks;
  };
  auto unevenness = [&](unsigned level) {
    return threads.unevenness(plan.parallel[level], chunksOf(level));
  };
  for (unsigned level = 0; level < plan.parallel.size(); ++level) {
    const int64_t now = chunksOf(plan.split), then = chunksOf(level);
    if (std::min(then, enoughAt(plan.split)) > now ||
        (now < few && then >= now &&
         unevenness(level) * clearly < unevenness(plan.split)))
      plan.split = level;
  }
  plan.chunks = std::max<int64_t>(1, chunksOf(plan.split));
}

void planThreads(const LoopNest &nest, int64_t wanted, VectorPlan &plan) {
  if (wanted == 1 || plan.parallel.empty())
    return;
  planFirstLoop(nest, wanted, plan);
  // Loops that share a panel stay inside the one that moves it.
  if (planRowChunks(nest, wanted, plan) || plan.sharesColumns(nest) ||
      plan.depth)
    return;
  auto split = plan.parallel.begin() + plan.split;
  std::rotate(plan.parallel.begin(), split, split + 1);
  plan.split = 0;
}

} // namespace mg::codegen
