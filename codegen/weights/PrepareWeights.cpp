//===- PrepareWeights.cpp - weights as the kernels read them --------------===//
//
// A contraction reads one input in vectors, a tile's width of columns for each
// step of its sums. Where that input is a matrix, each step is another cache
// line or page, so it is copied into panels first, anew in each call (decision
// 37). A weight is the same in all calls: it can lie in panels from the start.
//
//   y[m,n] += x[m,k] * w[n,k]   ->   y[m,n] += x[m,k] * p[n / 48, k, n mod 48]
//   w : 768 x 3072                   p : 16 x 3072 x 48
//
// A panel is as wide as the best register tile of the widest vectors. Narrower
// levels have tiles that divide it, so one layout serves all of them and does
// not depend on the CPU. Columns that the last panel lacks are zero and are
// never used.
//
// Bytes or halves that the CPU multiplies by twos or fours (Factors.h) lie as
// these words in a panel, so that the sum's loop becomes one over words and one
// inside:
//
//   y[m,n] += x[m, 4k + i] * p[n / 48, k, n mod 48, i]
//
// Levels that are compiled together have to agree on how many make a word. What
// would be flipped to make it unsigned, or signed, lies flipped:  p ^ 128.
//
// Of a convolution that Winograd computes, the transformed weights lie so, a
// batch of sixteen matrices:
//
//   w : results x channels x 3 x 3   ->   p : 16 x results / 48 x channels x 48
//
// The convolution says then that its weights are transformed (Winograd.h).
//
// What becomes of the weights is a model of its own, `prepare`, which whoever
// compiles or loads the program runs once; of many, several models.
//
//===----------------------------------------------------------------------===//
#include "codegen/Compiler.h"
#include "codegen/Levels.h"
#include "codegen/buffers/Winograd.h"
#include "codegen/buffers/WinogradTransforms.h"
#include "codegen/nests/VectorPlan.h"
#include "codegen/weights/Factors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace mg::codegen {

namespace {
/// A weight's dimensions in their new order:
///   what panels belong to [outer] x panels x steps [inner] x width
/// or, without panels, [outer] only.
struct Layout {
  /// Winograd's planes are made first; what follows is said of these, [16]
  /// [results][channels].
  std::optional<WeightDims> planesOf = std::nullopt;
  SmallVector<int64_t> outer, inner;
  /// The dimension that is cut into panels, and by how many of it; -1: none.
  int64_t columns = -1, width = 1;
  /// Of `inner`, the dimension along which so many make a word, and whether
  /// their highest bits are flipped.
  int64_t words = -1, count = 1;
  bool isFlipped = false;

  bool hasPanels() const { return columns >= 0; }
  bool hasWords() const { return words >= 0; }

  bool operator==(const Layout &other) const {
    return planesOf == other.planesOf && outer == other.outer &&
           inner == other.inner && columns == other.columns &&
           width == other.width && words == other.words &&
           count == other.count && isFlipped == other.isFlipped;
  }
  /// Of a panel's dimension, in elements or words.
  int64_t stepsOf(RankedTensorType type, int64_t dim) const {
    return type.getDimSize(dim) / (dim == words ? count : 1);
  }
  /// Of what is cut into panels.
  int64_t panels(RankedTensorType type) const {
    return llvm::divideCeil(type.getDimSize(columns), width);
  }
  /// Of the weight `type`, laid out so.
  RankedTensorType apply(RankedTensorType type) const;
  /// The map to the panels, from that to the weight.
  AffineMap apply(AffineMap map) const;
};

/// A weight, and how all that read it want it.
struct Candidate {
  RankedTensorType type;
  StringAttr dtype;
  Layout layout;
  unsigned reads = 0;
  bool isPossible = true;
};

class Preparation {
public:
  Preparation(ModuleOp module, ArrayRef<const Level *> levels, bool winograd)
      : module(module), levels(levels), winograd(winograd) {}

  SmallVector<OwningOpRef<ModuleOp>, 0>
  run(llvm::function_ref<bool(StringRef)> isKnown);

private:
  using Named = std::pair<StringRef, Candidate>;
  void collect(func::FuncOp entry, llvm::function_ref<bool(StringRef)> isKnown);
  std::optional<Layout> chooseLayout(OpOperand &operand) const;
  std::optional<Layout> chooseWords(OpOperand &operand) const;
  bool fillsWords(OpOperand &operand) const;
  void replaceWeights(func::FuncOp entry);
  OwningOpRef<ModuleOp> createModule(ArrayRef<Named> group);
  std::string nameOf(StringRef weight, const Layout &layout) const;

  ModuleOp module;
  ArrayRef<const Level *> levels;
  bool winograd;
  llvm::MapVector<StringRef, Candidate> candidates;
  llvm::StringSet<> names;
};
} // namespace

/// Dimensions of planes.
enum { planeDim, resultDim, channelDim };

/// The planes of a convolution's weights; none where Winograd is no gain.
static std::optional<Layout> choosePlanes(OpOperand &operand) {
  auto op = cast<linalg::GenericOp>(operand.getOwner());
  std::optional<WinogradConv> conv = WinogradConv::match(op);
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!conv || conv->isTransformed || operand.getOperandNumber() != 1 ||
      map.getNumResults() != 4)
    return std::nullopt;
  conv->isTransformed = true;
  std::optional<WinogradBlock> block = WinogradBlock::choose(*conv);
  if (!block)
    return std::nullopt;
  auto dimOf = [&](unsigned loop) -> int64_t {
    return llvm::find_if(
               map.getResults(),
               [&](AffineExpr index) { return index.isFunctionOfDim(loop); }) -
           map.getResults().begin();
  };
  const WinogradConv::Loops &loops = conv->loops;
  Layout layout;
  layout.planesOf = {dimOf(loops.results), dimOf(loops.channels),
                     dimOf(loops.tapRows), dimOf(loops.tapColumns),
                     conv->isTurned[0],    conv->isTurned[1]};
  layout.outer = {planeDim, resultDim, channelDim};
  auto panels = block->hasPanels(*conv)
                    ? choosePanels(productNest(*conv, *block), 0)
                    : std::nullopt;
  if (panels) {
    layout.outer = {planeDim};
    layout.columns = resultDim;
    layout.inner = {channelDim};
    layout.width = panels->width;
  }
  return layout;
}

/// The panels that the op wants of the operand; none where it is fine as it is.
static std::optional<Layout> choosePanels(OpOperand &operand,
                                          bool inWords = false) {
  auto op = cast<linalg::GenericOp>(operand.getOwner());
  AffineMap map = op.getMatchingIndexingMap(&operand);
  if (!map.isProjectedPermutation())
    return std::nullopt;
  FailureOr<LoopNest> nest = buildLoopNest(op);
  if (failed(nest))
    return std::nullopt;
  auto panels = choosePanels(*nest, operand.getOperandNumber(), inWords);
  if (!panels)
    return std::nullopt;
  Layout layout;
  layout.width = panels->width;
  SmallVector<std::pair<unsigned, int64_t>> steps;
  for (int64_t i = 0; i < map.getNumResults(); ++i) {
    unsigned d = map.getDimPosition(i);
    if (d == panels->loop)
      layout.columns = i;
    else if (nest->reduction[d])
      steps.emplace_back(d, i);
    else
      layout.outer.push_back(i);
  }
  llvm::sort(steps); // in the order of the sum
  for (auto [d, i] : steps)
    layout.inner.push_back(i);
  return layout;
}

std::optional<Layout> Preparation::chooseLayout(OpOperand &operand) const {
  auto op = dyn_cast<linalg::GenericOp>(operand.getOwner());
  if (!op || !op->hasAttr("mg.contraction") || !op.isDpsInput(&operand) ||
      llvm::is_contained(op.getStaticLoopRanges(), 0))
    return std::nullopt;
  if (std::optional<Layout> words = chooseWords(operand))
    return words;
  if (fillsWords(operand))
    return std::nullopt;
  if (!isa<FloatType>(getElementTypeOrSelf(operand.get())))
    return std::nullopt;
  if (winograd)
    if (std::optional<Layout> planes = choosePlanes(operand))
      return planes;
  return choosePanels(operand);
}

void Preparation::collect(func::FuncOp entry,
                          llvm::function_ref<bool(StringRef)> isKnown) {
  for (BlockArgument argument : entry.getArguments()) {
    unsigned place = argument.getArgNumber();
    auto name = entry.getArgAttrOfType<StringAttr>(place, "mg.name");
    if (!entry.getArgAttr(place, "mg.weight") || !name)
      continue;
    names.insert(name.getValue());
    if (!isKnown(name))
      continue;
    auto [it, isNew] = candidates.try_emplace(name.getValue());
    Candidate &candidate = it->second;
    candidate.type = cast<RankedTensorType>(argument.getType());
    candidate.dtype = entry.getArgAttrOfType<StringAttr>(place, "mg.dtype");
    for (OpOperand &use : argument.getUses()) {
      std::optional<Layout> layout = chooseLayout(use);
      candidate.isPossible &=
          layout && (candidate.reads == 0 || *layout == candidate.layout);
      if (!candidate.isPossible)
        break;
      candidate.layout = *layout;
      ++candidate.reads;
    }
  }
}

static RankedTensorType planesType(RankedTensorType type,
                                   const WeightDims &dims) {
  return RankedTensorType::get({WinogradConv::in * WinogradConv::in,
                                type.getDimSize(dims.results),
                                type.getDimSize(dims.channels)},
                               type.getElementType());
}

/// What a convolution with transformed weights says that it reads: of the
/// planes, in which it is not turned, with the window's loops as they are.
static AffineMap planesMap(AffineMap map, const WeightDims &dims) {
  auto tapOf = [&](int64_t dim, bool isTurned) {
    AffineExpr tap = map.getResult(dim);
    return isTurned ? (WinogradConv::taps - 1) - tap : tap;
  };
  AffineExpr plane =
      tapOf(dims.tapRows, dims.areRowsTurned) * WinogradConv::in +
      tapOf(dims.tapColumns, dims.areColumnsTurned);
  return AffineMap::get(
      map.getNumDims(), 0,
      {plane, map.getResult(dims.results), map.getResult(dims.channels)},
      map.getContext());
}

RankedTensorType Layout::apply(RankedTensorType type) const {
  if (planesOf)
    type = planesType(type, *planesOf);
  SmallVector<int64_t> shape;
  for (int64_t i : outer)
    shape.push_back(type.getDimSize(i));
  if (!hasPanels())
    return RankedTensorType::get(shape, type.getElementType());
  shape.push_back(panels(type));
  for (int64_t i : inner)
    shape.push_back(stepsOf(type, i));
  shape.push_back(width);
  if (hasWords())
    shape.push_back(count);
  return RankedTensorType::get(shape, type.getElementType());
}

AffineMap Layout::apply(AffineMap map) const {
  if (planesOf)
    map = planesMap(map, *planesOf);
  SmallVector<AffineExpr> results;
  for (int64_t i : outer)
    results.push_back(map.getResult(i));
  if (!hasPanels())
    return AffineMap::get(map.getNumDims(), 0, results, map.getContext());
  results.push_back(map.getResult(columns).floorDiv(width));
  for (int64_t i : inner)
    results.push_back(map.getResult(i));
  results.push_back(map.getResult(columns) % width);
  if (!hasWords())
    return AffineMap::get(map.getNumDims(), 0, results, map.getContext());
  const unsigned inside = map.getNumDims(); // a loop that is added
  results.push_back(getAffineDimExpr(inside, map.getContext()));
  return AffineMap::get(inside + 1, 0, results, map.getContext());
}

/// A name that no weight has.
std::string Preparation::nameOf(StringRef weight, const Layout &layout) const {
  std::string name = weight.str();
  if (layout.planesOf)
    name += ".planes";
  if (layout.hasPanels())
    name += (layout.planesOf ? "" : ".panels") + std::to_string(layout.width);
  if (layout.hasWords())
    name += (layout.isFlipped ? ".flipped" : ".words") +
            std::to_string(layout.count);
  while (names.contains(name))
    name += '_';
  return name;
}

/// Whether all levels multiply words that they fill up themselves (panels have
/// whole ones only), as of three channels, and has uses enough to do so in each
/// call.
bool Preparation::fillsWords(OpOperand &operand) const {
  auto op = cast<linalg::GenericOp>(operand.getOwner());
  FailureOr<LoopNest> nest = buildLoopNest(op);
  if (failed(nest))
    return false;
  auto panels = choosePanels(*nest, operand.getOperandNumber());
  if (!panels || sharedUses(*nest, panels->loop) < minPanelUses)
    return false;
  simplify(*nest);
  OpBuilder b(op);
  return !levels.empty() && llvm::all_of(levels, [&](const Level *level) {
    return Factors(b, *nest, level->lanes, level).areWords();
  });
}

//===----------------------------------------------------------------------===//
// The entries
//===----------------------------------------------------------------------===//

/// The number with its highest bit flipped.
static Value createFlip(OpBuilder &b, Location loc, Value value) {
  const unsigned bits = value.getType().getIntOrFloatBitWidth();
  Value highest = b.create<arith::ConstantOp>(
      loc, b.getIntegerAttr(value.getType(), APInt::getSignMask(bits)));
  return b.create<arith::XOrIOp>(loc, value, highest);
}

/// The window's loops have no operand of their extents any more: one that is
/// never read has. What else codegen/ asks the op is in an attribute.
static void readPlanes(linalg::GenericOp op, const WinogradConv &conv,
                       const Layout &layout, Value planes) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(planes.getType());
  constexpr int64_t taps = WinogradConv::taps;
  Value window = b.create<tensor::EmptyOp>(loc, ArrayRef{taps, taps},
                                           type.getElementType());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  const WinogradConv::Loops &loops = conv.loops;
  AffineMap sides = AffineMap::get(
      op.getNumLoops(), 0,
      {b.getAffineDimExpr(loops.tapRows), b.getAffineDimExpr(loops.tapColumns)},
      b.getContext());
  maps = {maps[0], layout.apply(maps[1]), sides, maps.back()};
  auto made = b.create<linalg::GenericOp>(
      loc, op.getResultTypes(), ValueRange{op->getOperand(0), planes, window},
      op.getOutputs(), maps, op.getIteratorTypesArray());
  made.getRegion().takeBody(op.getRegion());
  if (made.getBody()->getNumArguments() < made->getNumOperands())
    made.getBody()->insertArgument(2u, type.getElementType(), loc);
  for (NamedAttribute attribute : op->getDiscardableAttrs())
    made->setDiscardableAttr(attribute.getName(), attribute.getValue());
  made->setAttr(WinogradConv::transformed,
                b.getDenseI64ArrayAttr({loops.images, loops.results, loops.rows,
                                        loops.columns, loops.channels,
                                        loops.tapRows, loops.tapColumns}));
  op->replaceAllUsesWith(made);
  op.erase();
}

/// The op with the operand in words: the loop over the sum's steps becomes one
/// over words, and one inside of them is added. The first op stays.
static linalg::GenericOp readWords(OpBuilder &b, OpOperand &read,
                                   const Layout &layout, Value panels) {
  auto op = cast<linalg::GenericOp>(read.getOwner());
  const unsigned place = read.getOperandNumber(), inside = op.getNumLoops();
  const unsigned loop =
      op.getMatchingIndexingMap(&read).getDimPosition(layout.words);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (auto [i, map] : llvm::enumerate(maps)) {
    AffineExpr step =
        b.getAffineDimExpr(loop) * layout.count + b.getAffineDimExpr(inside);
    map = i == place ? layout.apply(map)
                     : map.replace(b.getAffineDimExpr(loop), step, inside + 1,
                                   /*numResultSyms=*/0);
  }
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  iterators.push_back(utils::IteratorType::reduction);
  SmallVector<Value> inputs = op.getInputs();
  inputs[place] = panels;
  auto made =
      b.create<linalg::GenericOp>(op.getLoc(), op.getResultTypes(), inputs,
                                  op.getOutputs(), maps, iterators);
  IRMapping mapping;
  op.getRegion().cloneInto(&made.getRegion(), mapping);
  for (NamedAttribute attribute : op->getDiscardableAttrs())
    made->setDiscardableAttr(attribute.getName(), attribute.getValue());
  if (layout.isFlipped) {
    OpBuilder body = OpBuilder::atBlockBegin(made.getBody());
    BlockArgument stored = made.getBody()->getArgument(place);
    Value value = createFlip(body, op.getLoc(), stored);
    stored.replaceAllUsesExcept(value, value.getDefiningOp());
  }
  return made;
}

static void readPanels(OpOperand &read, const Layout &layout, Value panels) {
  auto op = cast<linalg::GenericOp>(read.getOwner());
  if (layout.planesOf)
    return readPlanes(op, *WinogradConv::match(op), layout, panels);
  if (layout.hasWords()) {
    OpBuilder b(op);
    op->replaceAllUsesWith(readWords(b, read, layout, panels));
    return op.erase();
  }
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap &map = maps[read.getOperandNumber()];
  map = layout.apply(map);
  op.setIndexingMapsAttr(Builder(op).getAffineMapArrayAttr(maps));
  read.set(panels);
}

/// Panels take the places of their weights.
void Preparation::replaceWeights(func::FuncOp entry) {
  SmallVector<DictionaryAttr> attributes;
  entry.getAllArgAttrs(attributes);
  for (BlockArgument argument : entry.getArguments()) {
    unsigned place = argument.getArgNumber();
    auto name = entry.getArgAttrOfType<StringAttr>(place, "mg.name");
    auto it = name && entry.getArgAttr(place, "mg.weight")
                  ? candidates.find(name.getValue())
                  : candidates.end();
    if (it == candidates.end())
      continue;
    const Candidate &candidate = it->second;
    for (OpOperand &use : llvm::make_early_inc_range(argument.getUses()))
      readPanels(use, candidate.layout, argument);
    argument.setType(candidate.layout.apply(candidate.type));
    NamedAttrList renamed(attributes[place]);
    renamed.set("mg.name", StringAttr::get(entry.getContext(),
                                           nameOf(name, candidate.layout)));
    attributes[place] = renamed.getDictionary(entry.getContext());
  }
  entry.setAllArgAttrs(attributes);
  entry.setFunctionType(FunctionType::get(entry.getContext(),
                                          entry.getBody().getArgumentTypes(),
                                          entry.getResultTypes()));
}

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// Whether both factors are signed, or both unsigned: the instruction wants one
/// of each.
static bool areSignsEqual(linalg::GenericOp op) {
  auto [multiply, add] = matchMultiplyAdd(*op.getBody());
  return multiply &&
         llvm::all_equal(
             llvm::map_range(multiply->getOperands(), [](Value value) {
               return isa_and_nonnull<arith::ExtUIOp>(value.getDefiningOp());
             }));
}

/// Bytes of a word: so many are multiplied as they lie.
static constexpr int64_t quad = 4;

/// Bits of what is multiplied as one.
static constexpr int64_t wordBits = 32;

/// Whether the level multiplies the words that the op reads, `isWhole` ones or
/// of two bytes, which are widened by each tile that reads them: for many rows
/// that is done once, into a panel of that call.
static bool multipliesWords(OpBuilder &b, linalg::GenericOp op, bool isWhole,
                            const Level &level) {
  FailureOr<LoopNest> nest = buildLoopNest(op);
  if (failed(nest) || !nest->panels() ||
      (!isWhole && sharedUses(*nest, nest->panels()->loop) >= minPanelUses))
    return false;
  simplify(*nest);
  return Factors(b, *nest, level.lanes, &level).areWords();
}

/// Panels of words of `count` that all levels multiply; none: some do not.
static std::optional<Layout> wordsOf(OpOperand &operand, Layout layout,
                                     int64_t count,
                                     ArrayRef<const Level *> levels) {
  auto op = cast<linalg::GenericOp>(operand.getOwner());
  auto type = cast<RankedTensorType>(operand.get().getType());
  layout.count = count;
  const bool isWhole = type.getElementTypeBitWidth() * count == wordBits;
  layout.isFlipped = count == quad && areSignsEqual(op);
  OpBuilder b(op);
  for (int64_t dim : llvm::reverse(layout.inner)) {
    if (type.getDimSize(dim) % count != 0)
      continue;
    layout.words = dim;
    auto panels = b.create<tensor::EmptyOp>(
        op.getLoc(), layout.apply(type).getShape(), type.getElementType());
    linalg::GenericOp made = readWords(b, operand, layout, panels);
    const bool isGood = llvm::all_of(levels, [&](const Level *level) {
      return multipliesWords(b, made, isWhole, *level);
    });
    made.erase();
    panels.erase();
    if (isGood)
      return layout;
  }
  return std::nullopt;
}

std::optional<Layout> Preparation::chooseWords(OpOperand &operand) const {
  Type element = getElementTypeOrSelf(operand.get());
  std::optional<Layout> layout;
  if (!(element.isInteger(8) || element.isBF16()) || levels.empty() ||
      !(layout = choosePanels(operand, /*inWords=*/true)))
    return std::nullopt;
  for (int64_t count : {quad, quad / 2})
    if (count * element.getIntOrFloatBitWidth() <= wordBits)
      if (auto words = wordsOf(operand, *layout, count, levels))
        return words;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// The module that computes the panels
//===----------------------------------------------------------------------===//

/// Zeros behind the last column, up to whole panels.
static Value padColumns(OpBuilder &b, Location loc, const Layout &layout,
                        Value weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[layout.columns] = layout.panels(type) * layout.width;
  if (shape == type.getShape())
    return weight;
  Value zero =
      b.create<arith::ConstantOp>(loc, b.getZeroAttr(type.getElementType()));
  Value empty = b.create<tensor::EmptyOp>(loc, shape, type.getElementType());
  Value zeros = b.create<linalg::FillOp>(loc, zero, empty).getResult(0);
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      strides(type.getRank(), b.getIndexAttr(1));
  return b.create<tensor::InsertSliceOp>(loc, weight, zeros, offsets,
                                         tensor::getMixedSizes(b, loc, weight),
                                         strides);
}

static Value createPanels(OpBuilder &b, Location loc, const Layout &layout,
                          Value weight) {
  RankedTensorType result =
      layout.apply(cast<RankedTensorType>(weight.getType()));
  if (layout.planesOf) {
    weight = createWeightPlanes(b, loc, weight, *layout.planesOf);
    if (weight.getType() == result && !layout.hasPanels())
      return weight;
  }
  auto type = cast<RankedTensorType>(weight.getType());
  if (layout.hasPanels())
    weight = padColumns(b, loc, layout, weight);
  unsigned rank = result.getRank(), panel = layout.outer.size();
  SmallVector<AffineExpr> from(type.getRank());
  for (auto [d, i] : llvm::enumerate(layout.outer))
    from[i] = b.getAffineDimExpr(d);
  for (auto [d, i] : llvm::enumerate(layout.inner))
    from[i] = b.getAffineDimExpr(panel + 1 + d);
  const unsigned column = panel + 1 + layout.inner.size();
  if (layout.hasPanels())
    from[layout.columns] =
        b.getAffineDimExpr(panel) * layout.width + b.getAffineDimExpr(column);
  if (layout.hasWords())
    from[layout.words] =
        from[layout.words] * layout.count + b.getAffineDimExpr(rank - 1);
  Value empty = b.create<tensor::EmptyOp>(loc, result.getShape(),
                                          result.getElementType());
  auto copy = b.create<linalg::GenericOp>(
      loc, result, weight, empty,
      ArrayRef{AffineMap::get(rank, 0, from, b.getContext()),
               b.getMultiDimIdentityMap(rank)},
      SmallVector(rank, utils::IteratorType::parallel),
      [&](OpBuilder &body, Location at, ValueRange arguments) {
        Value value = arguments.front();
        if (layout.isFlipped)
          value = createFlip(body, at, value);
        body.create<linalg::YieldOp>(at, value);
      });
  return copy.getResult(0);
}

static DictionaryAttr describe(OpBuilder &b, StringRef name, StringAttr dtype) {
  return b.getDictionaryAttr(
      {b.getNamedAttr("mg.dtype", dtype),
       b.getNamedAttr("mg.name", b.getStringAttr(name))});
}

OwningOpRef<ModuleOp> Preparation::createModule(ArrayRef<Named> group) {
  Location loc = module.getLoc();
  OwningOpRef<ModuleOp> made = ModuleOp::create(loc);
  OpBuilder b = OpBuilder::atBlockEnd(made->getBody());
  (*made)->setAttr("mg.name", b.getStringAttr("prepare"));
  SmallVector<Type> inputs, outputs;
  SmallVector<Attribute> inputAttrs, outputAttrs;
  for (const auto &[name, candidate] : group) {
    inputs.push_back(candidate.type);
    inputAttrs.push_back(describe(b, name, candidate.dtype));
    outputs.push_back(candidate.layout.apply(candidate.type));
    outputAttrs.push_back(
        describe(b, nameOf(name, candidate.layout), candidate.dtype));
  }
  auto entry = b.create<func::FuncOp>(loc, "prepare",
                                      b.getFunctionType(inputs, outputs));
  entry->setAttr("mg.entry", b.getUnitAttr());
  entry.setArgAttrsAttr(b.getArrayAttr(inputAttrs));
  entry.setResAttrsAttr(b.getArrayAttr(outputAttrs));
  b.setInsertionPointToStart(entry.addEntryBlock());
  SmallVector<Value> results;
  for (auto [argument, candidate] :
       llvm::zip_equal(entry.getArguments(), group))
    results.push_back(createPanels(b, loc, candidate.second.layout, argument));
  b.create<func::ReturnOp>(loc, results);
  return made;
}

/// How many of the first weights make a group.
template <class Named> static size_t groupSizeOf(ArrayRef<Named> weights) {
  constexpr int64_t groupBytes = int64_t(128) << 20, groupSize = 128;
  int64_t bytes = 0;
  size_t size = 0;
  for (const auto &[name, candidate] : weights.take_front(groupSize)) {
    if (bytes >= groupBytes)
      break;
    bytes += candidate.type.getNumElements() *
             llvm::divideCeil(candidate.type.getElementTypeBitWidth(), 8);
    ++size;
  }
  return size;
}

SmallVector<OwningOpRef<ModuleOp>, 0>
Preparation::run(llvm::function_ref<bool(StringRef)> isKnown) {
  auto entries = llvm::to_vector(module.getOps<func::FuncOp>());
  llvm::erase_if(entries, [](func::FuncOp f) { return f.isExternal(); });
  for (func::FuncOp entry : entries)
    collect(entry, isKnown);
  candidates.remove_if([](const auto &candidate) {
    return !candidate.second.isPossible || candidate.second.reads == 0;
  });
  SmallVector<OwningOpRef<ModuleOp>, 0> made;
  const SmallVector<Named, 0> all(candidates.begin(), candidates.end());
  ArrayRef<Named> left = all;
  while (!left.empty()) {
    const size_t size = groupSizeOf(left);
    made.push_back(createModule(left.take_front(size)));
    left = left.drop_front(size);
  }
  llvm::for_each(entries, [&](func::FuncOp entry) { replaceWeights(entry); });
  return made;
}

SmallVector<OwningOpRef<ModuleOp>, 0>
prepareWeights(ModuleOp module, llvm::function_ref<bool(StringRef)> isKnown,
               ArrayRef<std::string> levels, bool winograd) {
  SmallVector<const Level *> found;
  for (const std::string &name : levels)
    if (const Level *level = findLevel(name))
      found.push_back(level);
  return Preparation(module, found, winograd).run(isKnown);
}

} // namespace mg::codegen
