//===- Factors.cpp - how the factors of a contraction become lanes --------===//
//
// See Factors.h: what there is, and what is worth it. Shapes and types decide,
// never lanes or threads, so the sums of floats are the same everywhere, but
// those of bf16 on a CPU that sums pairs of them.
//
//===----------------------------------------------------------------------===//
#include "codegen/weights/Factors.h"

#include "codegen/Levels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mg::codegen {

/// Lanes of words that are better than all lanes of products one by one.
static constexpr int64_t minWordLanes = 4;
/// Uses that pay for a widened copy of what lies in panels already.
static constexpr int64_t minCopyUses = 2 * minPanelUses;
/// Products of an element that pay for a buffer.
static constexpr int64_t minBufferUses = 16;
/// A larger buffer leaves the caches: it is to be read by many tiles, of so
/// many columns about.
static constexpr int64_t cachedBytes = 4 << 20, minTiles = 4, tileWidth = 48;

Factors::Factors(OpBuilder &b, const LoopNest &nest, int64_t nativeLanes,
                 const Level *level)
    : b(b), nest(nest) {
  if (!nest.contraction || nest.outputs.size() != 1 || !collectAll())
    return;
  VectorPlan plan = planVectors(nest, nativeLanes, 0);
  if (plan.vector < 0 || tryAll(level, plan))
    return;
  // Lanes along the other factor may leave nothing to be done per product.
  VectorPlan turned = plan;
  turned.vector = otherLoop(plan, minPanelUses);
  if (turned.vector >= 0 && tryAll(level, turned))
    return;
  turned.vector = otherLoop(plan, minWordLanes);
  if (turned.vector >= 0 && tryAllWords(level, turned))
    return;
  tryForms({chooseForm(0, plan), chooseForm(1, plan)}, {}, plan);
}

/// Words, or factors that are all computed beforehand.
bool Factors::tryAll(const Level *level, const VectorPlan &plan) {
  if (tryAllWords(level, plan))
    return true;
  Form forms[] = {chooseForm(0, plan), chooseForm(1, plan)};
  for (auto [factor, form] : llvm::zip_equal(factors, forms))
    if (form == Form::InPlace && isComputed(factor))
      return false;
  return tryForms(forms, {}, plan);
}

/// The longest loop that moves the factor that the lanes do not run along, and
/// nothing else; -1: none of at least so many iterations.
int Factors::otherLoop(const VectorPlan &plan, int64_t least) const {
  if (plan.isRowStyle())
    return -1;
  int choice = -1;
  for (unsigned d = 0; d < nest.size(); ++d) {
    bool isOther = !nest.reduction[d] &&
                   moves(factors[0], d) != moves(factors[1], d) &&
                   moves(factors[0], d) != moves(factors[0], plan.vector);
    if (isOther && nest.extents[d] >= least &&
        (choice < 0 || nest.extents[d] > nest.extents[choice]))
      choice = d;
  }
  return choice;
}

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

static bool isConstant(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>();
}

/// Adds what computes `value`; false where it is no elementwise function of
/// inputs that are linear in the loops.
bool Factors::collect(Value value, Factor &factor) const {
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getOwner() == nest.body) {
    unsigned i = argument.getArgNumber();
    if (i >= nest.inputs.size() || !nest.inputs[i].isLinear())
      return false;
    if (!llvm::is_contained(factor.inputs, i))
      factor.inputs.push_back(i);
    return true;
  }
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != nest.body)
    return true;
  if (op->getNumResults() != 1 || op->getNumRegions() != 0 ||
      !(isConstant(op) || OpTrait::hasElementwiseMappableTraits(op)))
    return false;
  for (Value operand : op->getOperands())
    if (!collect(operand, factor))
      return false;
  if (!llvm::is_contained(factor.ops, op))
    factor.ops.push_back(op);
  return true;
}

/// The two factors, of inputs of their own.
bool Factors::collectAll() {
  product = matchMultiplyAdd(*nest.body);
  if (!product.first)
    return false;
  for (Value value : product.first->getOperands()) {
    Factor factor{value, {}, {}};
    if (!collect(value, factor) || factor.inputs.empty())
      return false;
    factors.push_back(factor);
  }
  return llvm::none_of(factors[0].inputs, [&](unsigned i) {
    return llvm::is_contained(factors[1].inputs, i);
  });
}

/// Whether anything is done to the inputs.
bool Factors::isComputed(const Factor &factor) const {
  return !llvm::all_of(factor.ops, isConstant);
}

/// The flip of an element's highest bit; null: it is another op, or none.
static Operation *matchFlip(Value value) {
  auto flip = value.getDefiningOp<arith::XOrIOp>();
  APInt mask;
  return flip && isa<BlockArgument>(flip.getLhs()) &&
                 matchPattern(flip.getRhs(), m_ConstantInt(&mask)) &&
                 mask.isSignMask()
             ? flip
             : nullptr;
}

/// Whether all that is done is to widen integers, or to flip and widen them.
bool Factors::isPlain(const Factor &factor) const {
  Operation *widening = factor.value.getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(widening))
    return false;
  Value narrow = widening->getOperand(0);
  return isa<BlockArgument>(narrow) || matchFlip(narrow);
}

/// What is widened: what computes the factor, without its last step; null: the
/// factor is not made so.
Value Factors::narrowOf(Value factor) {
  Operation *widening = factor.getDefiningOp();
  return isa_and_nonnull<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(
             widening)
             ? widening->getOperand(0)
             : Value();
}

/// Whether a bf16, read or computed, is widened.
bool Factors::isHalf(const Factor &factor) const {
  Value narrow = narrowOf(factor.value);
  return narrow && narrow.getType().isBF16() && factor.value.getType().isF32();
}

/// Whether what is widened is an input as it lies in memory.
bool Factors::isRead(const Factor &factor) const {
  Value narrow = narrowOf(factor.value);
  return narrow && isa<BlockArgument>(narrow);
}

/// Of those that are plain.
bool Factors::isUnsigned(const Factor &factor) const {
  return isa<arith::ExtUIOp>(factor.value.getDefiningOp());
}
bool Factors::liesFlipped(const Factor &factor) const {
  return matchFlip(factor.value.getDefiningOp()->getOperand(0));
}
unsigned Factors::bitsInMemory(const Factor &factor) const {
  return nest.inputs[factor.inputs[0]].element.getIntOrFloatBitWidth();
}

int64_t Factors::countElements(const Factor &factor) const {
  int64_t elements = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (moves(factor, d))
      elements *= nest.extents[d];
  return elements;
}

/// Whether an input lies in panels already.
bool Factors::hasPanels(const Factor &factor) const {
  return llvm::any_of(factor.inputs,
                      [&](unsigned i) { return nest.inputs[i].hasPanels(); });
}

bool Factors::moves(const Factor &factor, unsigned loop) const {
  return llvm::any_of(factor.inputs, [&](unsigned i) {
    return nest.inputs[i].strides[loop] != 0;
  });
}

/// The input that most loops move.
const Access &Factors::widestInput(const Factor &factor) const {
  auto fixed = [&](unsigned i) {
    const Access &access = nest.inputs[i];
    return access.isScalar() ? nest.size() + 1 : llvm::count(access.strides, 0);
  };
  return nest
      .inputs[*llvm::min_element(factor.inputs, [&](unsigned x, unsigned y) {
        return fixed(x) < fixed(y);
      })];
}

/// The loops that move a factor, the sums' last, else in the order of its
/// widest input's memory.
SmallVector<unsigned> Factors::loopsOf(const Factor &factor) const {
  const Access &widest = widestInput(factor);
  SmallVector<unsigned> loops;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (moves(factor, d))
      loops.push_back(d);
  llvm::stable_sort(loops, [&](unsigned x, unsigned y) {
    if (nest.reduction[x] != nest.reduction[y])
      return !nest.reduction[x];
    return std::abs(widest.strides[x]) > std::abs(widest.strides[y]);
  });
  return loops;
}

//===----------------------------------------------------------------------===//
// What is worth it
//===----------------------------------------------------------------------===//

/// How often each element is read by windows that overlap: a loop nest that
/// moves the factor meets it so often; 1: they do not.
int64_t Factors::overlap(const Factor &factor) const {
  int64_t elements = 1, span = 1;
  const Access &widest = widestInput(factor);
  for (unsigned d = 0; d < nest.size(); ++d) {
    elements *= moves(factor, d) ? nest.extents[d] : 1;
    span += (nest.extents[d] - 1) * std::abs(widest.strides[d]);
  }
  return llvm::divideCeil(elements, span);
}

/// The planes of an input whose windows overlap; none: it has none, or is
/// computed of several inputs.
std::optional<Factors::Planes> Factors::planesOf(const Factor &factor,
                                                 const Words &words) const {
  if (words.loop < 0 || factor.inputs.size() != 1 || overlap(factor) == 1)
    return std::nullopt;
  const Access &access = nest.inputs[factor.inputs[0]];
  const int64_t step = access.strides[words.loop];
  Planes planes;
  for (unsigned d = 0; d < nest.size(); ++d) {
    const int64_t stride = access.strides[d];
    if (stride < 0)
      return std::nullopt;
    if (stride >= step && int(d) != words.loop)
      planes.outer.push_back(d);
    else if (int(d) != words.loop)
      planes.size += (nest.extents[d] - 1) * stride;
  }
  llvm::stable_sort(planes.outer, [&](unsigned x, unsigned y) {
    return access.strides[x] > access.strides[y];
  });
  int64_t end = step * nest.extents[words.loop];
  for (unsigned d : llvm::reverse(planes.outer)) {
    if (access.strides[d] < end)
      return std::nullopt;
    end = access.strides[d] * nest.extents[d];
  }
  return planes.size <= step ? std::optional(planes) : std::nullopt;
}

bool Factors::isBufferWorthwhile(const Factor &factor,
                                 const Words &words) const {
  // Windows that overlap would be written out.
  const int64_t windows = overlap(factor);
  if (windows > 1 && !planesOf(factor, words))
    return false;
  int64_t uses = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    uses *= moves(factor, d) ? 1 : nest.extents[d];
  int64_t bytes = countElements(factor) / windows *
                  (factor.value.getType().getIntOrFloatBitWidth() / 8);
  return uses >= minBufferUses &&
         (bytes <= cachedBytes || uses * windows >= minTiles * tileWidth);
}

bool Factors::isPanelWorthwhile(unsigned factor, const VectorPlan &plan,
                                int64_t least) const {
  int64_t uses = 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (!nest.reduction[d] && !moves(factors[factor], d))
      uses *= nest.extents[d];
  return !moves(factors[1 - factor], plan.vector) && uses >= least;
}

Factors::Form Factors::chooseForm(unsigned i, const VectorPlan &plan) const {
  const Factor &factor = factors[i];
  // Wide integers are multiplied no faster.
  if (!isComputed(factor) || !isa<FloatType>(factor.value.getType()))
    return Form::InPlace;
  if (moves(factor, plan.vector) && !plan.isRowStyle())
    return isPanelWorthwhile(i, plan,
                             hasPanels(factor) ? minCopyUses : minPanelUses)
               ? Form::Panel
               : Form::InPlace;
  if (hasPanels(factor))
    return Form::InPlace;
  return isBufferWorthwhile(factor, {}) ? Form::Buffer : Form::InPlace;
}

/// Words of bytes. The flipped factor is the one that lies so, else the larger
/// one: the other one is summed up.
Factors::Words Factors::quads() const {
  Words words{Products::Quads, 4, 8};
  bool isLeft = isUnsigned(factors[0]);
  if (isLeft == isUnsigned(factors[1])) {
    words.flipped = liesFlipped(factors[1]) ||
                    (!liesFlipped(factors[0]) &&
                     countElements(factors[1]) >= countElements(factors[0]));
    isLeft = isLeft != (words.flipped == 0);
  }
  words.isSwapped = !isLeft;
  return words;
}

/// The words that the CPU multiplies, the best ones first.
SmallVector<Factors::Words, 2> Factors::listWords(const Level *level) const {
  if (!level || !level->cpu.starts_with("x86-64") || nest.range.loop >= 0)
    return {};
  if (level->features.contains("avx512bf16") &&
      llvm::all_of(factors, [&](const Factor &f) { return isHalf(f); }))
    return {{Products::HalfPairs, 2, 16}};
  if (!nest.outputs[0].element.isInteger(32) ||
      !llvm::all_of(factors, [&](const Factor &f) { return isPlain(f); }))
    return {};
  SmallVector<Words, 2> list;
  bool hasFused = level->features.contains("avx512vnni");
  auto areBytes = [&](const Factor &f) { return bitsInMemory(f) == 8; };
  const bool isOneFlipped =
      llvm::any_of(factors, [&](const Factor &f) { return liesFlipped(f); });
  if (hasFused && llvm::all_of(factors, areBytes))
    list.push_back(quads());
  if (!isOneFlipped && llvm::all_of(factors, [&](const Factor &f) {
        return areBytes(f) || (bitsInMemory(f) == 16 && !isUnsigned(f));
      }))
    list.push_back({hasFused ? Products::PairsFused : Products::Pairs, 2, 16});
  return list;
}

/// The loop that fills them best.
int Factors::chooseWordLoop(const Words &words, const VectorPlan &plan) const {
  if (plan.isRowStyle())
    return plan.vector;
  auto waste = [&](int loop) {
    int64_t filled = llvm::divideCeil(nest.extents[loop], words.count);
    return double(filled * words.count) / nest.extents[loop];
  };
  int choice = -1;
  for (unsigned d : plan.reduction)
    if (choice < 0 || waste(d) <= waste(choice))
      choice = d;
  return choice;
}

bool Factors::tryAllWords(const Level *level, const VectorPlan &plan) {
  for (Words &words : listWords(level)) {
    words.loop = chooseWordLoop(words, plan);
    if (tryWords(words, plan))
      return true;
  }
  return false;
}

/// Whether it is to be flipped yet.
bool Factors::isFlipped(const Factor &factor) const {
  return words.flipped >= 0 && &factor == &factors[words.flipped] &&
         !liesFlipped(factor);
}

/// Whether the words lie in memory as neighbours, whole ones only.
bool Factors::areInPlace(const Factor &factor, const Words &words) const {
  if (isa<FloatType>(factor.value.getType()) && !isRead(factor))
    return false;
  const Access &access = nest.inputs[factor.inputs[0]];
  for (unsigned d = 0; d < nest.size(); ++d)
    if (int(d) != words.loop && access.strides[d] % words.count)
      return false;
  return access.strides[words.loop] == 1 &&
         nest.extents[words.loop] % words.count == 0;
}

/// Whether the words can be taken from where they lie, one by one.
bool Factors::areBroadcast(unsigned factor, const Words &words) const {
  return int(factor) != words.flipped &&
         words.bits == bitsInMemory(factors[factor]) &&
         areInPlace(factors[factor], words);
}

/// Whether panels hold the words beside each other, whole ones only.
bool Factors::areInPanels(const Factor &factor, const Words &words,
                          const VectorPlan &plan) const {
  const Access &access = nest.inputs[factor.inputs[0]];
  return access.hasPanels() && access.panels.loop == plan.vector &&
         access.strides[plan.vector] == words.count &&
         access.panels.step % words.count == 0 && areInPlace(factor, words);
}

/// A factor that lies flipped can be nothing but the flipped one.
static bool isContradiction(bool liesFlipped, bool isFlipped) {
  return liesFlipped && !isFlipped;
}

bool Factors::tryWords(const Words &words, const VectorPlan &plan) {
  if (words.loop < 0)
    return false;
  Form forms[] = {Form::Buffer, Form::Buffer};
  for (auto [i, factor] : llvm::enumerate(factors)) {
    bool buffered = isBufferWorthwhile(factor, words);
    if (isContradiction(liesFlipped(factor), words.flipped == int(i)))
      return false;
    if (hasPanels(factor)) {
      if (!areInPanels(factor, words, plan) ||
          (words.flipped == int(i) && !liesFlipped(factor)))
        return false;
      forms[i] = Form::InPlace;
    } else if (plan.isRowStyle()) {
      if (!areInPlace(factor, words))
        return false;
      if (!buffered || areBroadcast(i, words))
        forms[i] = Form::InPlace;
    } else if (moves(factor, plan.vector)) {
      if (!isPanelWorthwhile(i, plan, minWordUses))
        return false;
      forms[i] = Form::Panel;
    } else if (areBroadcast(i, words)) {
      forms[i] = Form::InPlace;
    } else if (!buffered) {
      return false;
    }
  }
  return tryForms(forms, words, plan);
}

/// Whether lanes run along the same factor: forms depend on that alone.
bool Factors::isAsPlanned(const VectorPlan &after,
                          const VectorPlan &plan) const {
  if (after.packed != prepared->computed || after.vector < 0)
    return false;
  if (after.isRowStyle() || plan.isRowStyle())
    return after.vector == plan.vector;
  return llvm::all_of(factors, [&](const Factor &factor) {
    return moves(factor, after.vector) == moves(factor, plan.vector);
  });
}

/// Prepares the nest, and keeps it where its plan is as expected.
bool Factors::tryForms(Forms forms, const Words &chosen,
                       const VectorPlan &plan) {
  words = chosen;
  if (words.loop < 0 &&
      llvm::all_of(forms, [](Form form) { return form == Form::InPlace; }))
    return false;
  prepared = prepare(forms);
  if (isAsPlanned(planVectors(*prepared, plan.nativeLanes, 0), plan))
    return true;
  prepared.reset();
  buffers.clear();
  return false;
}

} // namespace mg::codegen
