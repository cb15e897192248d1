//===- Factors.cpp - how the factors of a contraction become lanes --------===//
//
// See Factors.h. Shapes and types decide, never lanes or threads: the sums of
// floats are the same everywhere.
//
//===----------------------------------------------------------------------===//
#include "codegen/Factors.h"

#include "codegen/Levels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
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
static Value narrowOf(Value factor) {
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

//===----------------------------------------------------------------------===//
// How a factor is computed
//===----------------------------------------------------------------------===//

/// Computes the factor of the inputs that are the last arguments of the body;
/// for a word of floats, what is widened to it.
Value Factors::produceElement(const Factor &factor, Block *body) {
  const bool isHalfWord = words.loop >= 0 && isHalf(factor);
  Value result = isHalfWord ? narrowOf(factor.value) : factor.value;
  IRMapping values;
  unsigned first = body->getNumArguments() - factor.inputs.size();
  for (auto [k, i] : llvm::enumerate(factor.inputs))
    values.map(nest.body->getArgument(i), body->getArgument(first + k));
  for (Operation *op : factor.ops)
    if (!isHalfWord || op != factor.value.getDefiningOp())
      b.clone(*op, values);
  return values.lookup(result);
}

/// The bits of a half, in an integer of a word's size.
static Value bitsOf(OpBuilder &b, Location loc, Value half) {
  Value bits = b.create<arith::BitcastOp>(loc, b.getI16Type(), half);
  return b.create<arith::ExtUIOp>(loc, b.getI32Type(), bits);
}

/// The word of the low bits of integers, or of halves, the first one lowest.
Value Factors::gather(ArrayRef<Value> elements, Type word) {
  if (isa<FloatType>(word)) {
    SmallVector<Value> bits = llvm::map_to_vector(
        elements, [&](Value half) { return bitsOf(b, nest.loc, half); });
    return b.create<arith::BitcastOp>(nest.loc, word,
                                      gather(bits, b.getI32Type()));
  }
  auto number = [&](int64_t value) {
    return b.create<arith::ConstantOp>(nest.loc, b.getIntegerAttr(word, value));
  };
  Value gathered;
  for (auto [i, value] : llvm::enumerate(elements)) {
    Value element = value;
    if ((i + 1) * words.bits < word.getIntOrFloatBitWidth())
      element = b.create<arith::AndIOp>(nest.loc, element,
                                        number((1 << words.bits) - 1));
    if (i > 0)
      element =
          b.create<arith::ShLIOp>(nest.loc, element, number(i * words.bits));
    gathered = gathered ? b.create<arith::OrIOp>(nest.loc, gathered, element)
                        : element;
  }
  return gathered;
}

/// The word of elements with their highest bits flipped.
Value Factors::flip(Value word) {
  int32_t bits = 0;
  for (int64_t element = 1; element <= words.count; ++element)
    bits |= int32_t(1u << (element * words.bits - 1));
  Value mask = b.create<arith::ConstantOp>(
      nest.loc, b.getIntegerAttr(word.getType(), bits));
  return b.create<arith::XOrIOp>(nest.loc, word, mask);
}

/// Adds the inputs of the `element`th of a word to the body.
void Factors::addInputs(const Factor &factor, int64_t element,
                        Producer &producer) const {
  for (unsigned i : factor.inputs) {
    Access input = nest.inputs[i];
    if (words.loop >= 0) {
      input.offset += element * input.strides[words.loop];
      input.strides[words.loop] *= words.count;
    }
    producer.inputs.push_back(input);
    producer.body->addArgument(input.element, nest.loc);
  }
}

/// Computes the factor, or a word of its first `count` elements.
Producer Factors::produce(const Factor &factor, int64_t count) {
  Producer producer{bodies.emplace_back(std::make_unique<Block>()).get()};
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(producer.body);
  Type word = factor.value.getType();
  Value result;
  if (words.loop >= 0 && areInPlace(factor, words)) {
    producer.inputs = {access(factor, Form::InPlace)};
    result = producer.body->addArgument(word, nest.loc);
  } else {
    SmallVector<Value> elements;
    for (int64_t element = 0; element < count; ++element) {
      addInputs(factor, element, producer);
      elements.push_back(produceElement(factor, producer.body));
    }
    result = words.loop < 0 ? elements.front() : gather(elements, word);
  }
  if (isFlipped(factor))
    result = flip(result);
  producer.body->addArgument(word, nest.loc);
  b.create<linalg::YieldOp>(nest.loc, result);
  return producer;
}

/// Elements of the last word, where it is not a full one.
int64_t Factors::tailCount() const {
  return words.loop < 0 ? 0 : nest.extents[words.loop] % words.count;
}

//===----------------------------------------------------------------------===//
// The new nest
//===----------------------------------------------------------------------===//

/// How a factor is reached that is computed or made of words. A buffer is to be
/// allocated yet.
Access Factors::access(const Factor &factor, Form form) const {
  Access access = widestInput(factor);
  access.element = factor.value.getType();
  if (form == Form::Panel && words.loop >= 0)
    access.strides[words.loop] *= words.count;
  if (form == Form::InPlace) {
    access.group = words.count;
    access.isUnsigned = isUnsigned(factor);
    for (unsigned d = 0; d < nest.size(); ++d)
      if (int(d) != words.loop)
        access.strides[d] /= words.count;
    access.panels.step /= words.count;
  }
  if (form != Form::Buffer)
    return access;
  access.offset = 0;
  access.start = {};
  int64_t size = 1;
  SmallVector<unsigned> loops = loopsOf(factor); // reverse() keeps a reference
  if (std::optional<Planes> planes = planesOf(factor, words)) {
    size = planes->size;
    loops = planes->outer;
    loops.push_back(words.loop);
  } else {
    access.strides.assign(nest.size(), 0);
  }
  for (unsigned d : llvm::reverse(loops)) {
    access.strides[d] = size;
    size *= int(d) == words.loop
                ? llvm::divideCeil(nest.extents[d], words.count)
                : nest.extents[d];
  }
  return access;
}

/// The product, in the order of the instruction, and the sum.
void Factors::multiply(IRMapping &values) {
  if (words.isSwapped) {
    Value x = values.lookup(product.first->getOperand(0));
    Value y = values.lookup(product.first->getOperand(1));
    values.map(product.first->getOperand(0), y);
    values.map(product.first->getOperand(1), x);
  }
  b.clone(*product.first, values);
  b.clone(*product.second, values);
}

/// The body on what the factors have become.
Block *Factors::createBody(Forms forms) {
  Block *body = bodies.emplace_back(std::make_unique<Block>()).get();
  OpBuilder::InsertionGuard guard(b);
  IRMapping values;
  auto addArgument = [&](Value value) {
    values.map(value, body->addArgument(value.getType(), nest.loc));
  };
  auto isKept = [&](Form form) {
    return form == Form::InPlace && words.loop < 0;
  };
  for (auto [factor, form] : llvm::zip_equal(factors, forms)) {
    if (!isKept(form))
      addArgument(factor.value);
    else
      for (unsigned i : factor.inputs)
        addArgument(nest.body->getArgument(i));
  }
  addArgument(nest.body->getArguments().back());
  b.setInsertionPointToEnd(body);
  for (auto [factor, form] : llvm::zip_equal(factors, forms))
    if (isKept(form))
      for (Operation *op : factor.ops)
        b.clone(*op, values);
  for (auto [factor, form] : llvm::zip_equal(factors, forms))
    if (form == Form::InPlace && isFlipped(factor))
      values.map(factor.value, flip(values.lookup(factor.value)));
  multiply(values);
  b.create<linalg::YieldOp>(nest.loc,
                            values.lookup(product.second->getResult(0)));
  return body;
}

LoopNest Factors::prepare(Forms forms) {
  LoopNest result = nest;
  result.body = createBody(forms);
  result.products = words.products;
  if (words.loop >= 0)
    result.extents[words.loop] =
        llvm::divideCeil(nest.extents[words.loop], words.count);
  result.inputs.clear();
  for (auto [factor, form] : llvm::zip_equal(factors, forms)) {
    unsigned input = result.inputs.size();
    if (form == Form::InPlace && words.loop < 0) {
      for (unsigned i : factor.inputs)
        result.inputs.push_back(nest.inputs[i]);
      continue;
    }
    result.inputs.push_back(access(factor, form));
    if (form == Form::InPlace)
      continue;
    Filled filled{
        input, planesOf(factor, words), produce(factor, words.count), {}};
    if (tailCount())
      filled.tail = produce(factor, tailCount());
    if (form == Form::Buffer) {
      buffers.push_back(filled);
      continue;
    }
    result.computed = input;
    result.producer = filled.producer;
    result.tail = filled.tail;
    result.grouped = words.loop;
  }
  return result;
}

/// The buffer's part from `begin` on of `extent` words, along their loop.
static LoopNest partOf(const LoopNest &nest, const Producer &producer,
                       const Access &buffer, int loop, int64_t begin,
                       int64_t extent) {
  LoopNest copy{nest.loc, producer.body};
  copy.inputs = producer.inputs;
  copy.outputs = {Access{buffer.buffer, buffer.element}};
  copy.initial = {Value()};
  for (Access &input : copy.inputs)
    input.strides.clear();
  SmallVector<unsigned> loops;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (buffer.strides[d])
      loops.push_back(d);
  llvm::stable_sort(loops, [&](unsigned x, unsigned y) {
    return buffer.strides[x] > buffer.strides[y];
  });
  for (unsigned d : loops) {
    bool isPart = int(d) == loop;
    copy.extents.push_back(isPart ? extent : nest.extents[d]);
    copy.reduction.push_back(false);
    copy.indexed.push_back(false);
    copy.outputs[0].strides.push_back(buffer.strides[d]);
    copy.outputs[0].offset += isPart ? begin * buffer.strides[d] : 0;
    for (auto [to, from] : llvm::zip_equal(copy.inputs, producer.inputs)) {
      to.strides.push_back(from.strides[d]);
      to.offset += isPart ? begin * from.strides[d] : 0;
    }
  }
  simplify(copy);
  return copy;
}

/// The planes' part from `begin` on of `extent` words, along their loop: no
/// loop of windows, but one over what they see.
LoopNest Factors::fillPlanes(const Planes &planes, const Producer &producer,
                             const Access &buffer, int64_t begin,
                             int64_t extent) {
  LoopNest copy{nest.loc, producer.body};
  copy.inputs = producer.inputs;
  copy.outputs = {Access{buffer.buffer, buffer.element}};
  copy.initial = {Value()};
  for (Access &input : copy.inputs)
    input.strides.clear();
  const auto addLoop = [&](int64_t extent, int64_t from, int64_t to) {
    appendLoop(copy, extent, /*reduction=*/false);
    copy.outputs[0].strides.back() = to;
    for (Access &input : copy.inputs)
      input.strides.back() = from;
  };
  const Access &input = producer.inputs[0];
  for (unsigned d : planes.outer)
    addLoop(nest.extents[d], input.strides[d], buffer.strides[d]);
  addLoop(extent, input.strides[words.loop], buffer.strides[words.loop]);
  addLoop(planes.size, 1, 1);
  copy.outputs[0].offset = begin * buffer.strides[words.loop];
  for (Access &each : copy.inputs)
    each.offset += begin * input.strides[words.loop];
  simplify(copy);
  return copy;
}

/// Gives a buffer its memory and what it holds.
void Factors::fill(const Filled &filled,
                   function_ref<void(const LoopNest &)> emit) {
  Access &access = prepared->inputs[filled.input];
  int64_t size = filled.planes ? filled.planes->size : 1;
  for (unsigned d = 0; d < nest.size(); ++d)
    if (filled.planes ? int(d) == words.loop ||
                            llvm::is_contained(filled.planes->outer, d)
                      : access.strides[d] != 0)
      size *= prepared->extents[d];
  access.buffer = b.create<memref::AllocOp>(
      nest.loc, MemRefType::get({size}, access.element));
  int64_t count = words.loop < 0 ? 0 : prepared->extents[words.loop];
  int64_t whole = filled.tail.body ? count - 1 : count;
  auto part = [&](const Producer &producer, int64_t begin, int64_t extent) {
    return filled.planes
               ? fillPlanes(*filled.planes, producer, access, begin, extent)
               : partOf(*prepared, producer, access, words.loop, begin, extent);
  };
  if (words.loop < 0 || whole)
    emit(part(filled.producer, 0, whole));
  if (filled.tail.body)
    emit(part(filled.tail, whole, 1));
}

//===----------------------------------------------------------------------===//
// What flipped bits add
//===----------------------------------------------------------------------===//

/// An array of the sums of a factor over its reduction loops.
Access Factors::sumsAccess(const Factor &factor) const {
  Access sums{{}, factor.value.getType()};
  sums.strides.assign(nest.size(), 0);
  int64_t size = 1;
  SmallVector<unsigned> loops = loopsOf(factor);
  for (unsigned d : llvm::reverse(loops))
    if (!nest.reduction[d]) {
      sums.strides[d] = size;
      size *= nest.extents[d];
    }
  sums.buffer = b.create<memref::AllocOp>(
      nest.loc, MemRefType::get({size}, sums.element));
  return sums;
}

/// Their computation.
LoopNest Factors::sumUp(const Factor &factor, const Access &sums) {
  Block *body = bodies.emplace_back(std::make_unique<Block>()).get();
  LoopNest result{nest.loc, body};
  Access input = nest.inputs[factor.inputs[0]], output = sums;
  input.strides.clear();
  output.strides.clear();
  for (unsigned d : loopsOf(factor)) {
    result.extents.push_back(nest.extents[d]);
    result.reduction.push_back(nest.reduction[d]);
    result.indexed.push_back(false);
    input.strides.push_back(nest.inputs[factor.inputs[0]].strides[d]);
    output.strides.push_back(sums.strides[d]);
  }
  result.inputs = {input};
  result.outputs = {output};
  result.initial = {
      b.create<arith::ConstantOp>(nest.loc, b.getZeroAttr(sums.element))};
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body);
  IRMapping values;
  values.map(factor.ops[0]->getOperand(0),
             body->addArgument(input.element, nest.loc));
  Value old = body->addArgument(sums.element, nest.loc);
  Value element = b.clone(*factor.ops[0], values)->getResult(0);
  b.create<linalg::YieldOp>(
      nest.loc, ValueRange{b.create<arith::AddIOp>(nest.loc, element, old)});
  simplify(result);
  return result;
}

/// The results less `by` times the sums.
Epilogue Factors::correct(const Access &sums, int64_t by) {
  Block *body = bodies.emplace_back(std::make_unique<Block>()).get();
  Epilogue epilogue{nest.loc, body};
  epilogue.inputs = {sums, nest.outputs[0]};
  epilogue.outputs = {nest.outputs[0]};
  for (int i = 0; i < 3; ++i)
    body->addArgument(sums.element, nest.loc);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(body);
  Value factor =
      b.create<arith::ConstantOp>(nest.loc, b.getIntegerAttr(sums.element, by));
  Value extra = b.create<arith::MulIOp>(nest.loc, body->getArgument(0), factor);
  b.create<linalg::YieldOp>(nest.loc,
                            ValueRange{b.create<arith::SubIOp>(
                                nest.loc, body->getArgument(1), extra)});
  return epilogue;
}

/// Takes away from the results what the flipped bits add to them.
void Factors::takeAway(function_ref<void(const LoopNest &)> emit) {
  const Factor &factor = factors[1 - words.flipped];
  int64_t by = int64_t(isUnsigned(factor) ? -1 : 1) << (words.bits - 1);
  for (unsigned d = 0; d < nest.size(); ++d)
    if (nest.reduction[d] && !moves(factor, d))
      by *= nest.extents[d];
  Access sums = sumsAccess(factor);
  emit(sumUp(factor, sums));
  prepared->epilogues.insert(prepared->epilogues.begin(),
                             correct(sums, int32_t(by)));
}

LoopNest Factors::apply(function_ref<void(const LoopNest &)> emit) {
  for (const Filled &filled : buffers)
    fill(filled, emit);
  if (words.flipped >= 0)
    takeAway(emit);
  return *prepared;
}

//===----------------------------------------------------------------------===//
// Products of words
//===----------------------------------------------------------------------===//

static Value call(OpBuilder &b, Location loc, Type type, StringRef intrinsic,
                  ValueRange operands) {
  return b
      .create<LLVM::CallIntrinsicOp>(loc, type, b.getStringAttr(intrinsic),
                                     operands)
      ->getResult(0);
}

/// The sums of two products each.
static Value addPairs(OpBuilder &b, Location loc, Value x, Value y) {
  auto type = cast<VectorType>(x.getType());
  int64_t lanes = type.getNumElements();
  auto halves = VectorType::get({2 * lanes}, b.getI16Type());
  Value operands[] = {b.create<vector::BitCastOp>(loc, halves, x),
                      b.create<vector::BitCastOp>(loc, halves, y)};
  StringRef name = lanes == 4   ? "llvm.x86.sse2.pmadd.wd"
                   : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                : "llvm.x86.avx512.pmaddw.d.512";
  return call(b, loc, type, name, operands);
}

/// acc + the products of two pairs of bf16, with the exact products of the CPU.
static Value addHalfPairs(OpBuilder &b, Location loc, Value x, Value y,
                          Value acc) {
  int64_t lanes = cast<VectorType>(x.getType()).getNumElements();
  auto halves = VectorType::get({2 * lanes}, b.getBF16Type());
  Value operands[] = {acc, b.create<vector::BitCastOp>(loc, halves, x),
                      b.create<vector::BitCastOp>(loc, halves, y)};
  return call(b, loc, acc.getType(),
              ("llvm.x86.avx512bf16.dpbf16ps." + Twine(32 * lanes)).str(),
              operands);
}

Value addProducts(OpBuilder &b, Location loc, Products products, Value x,
                  Value y, Value acc) {
  if (products == Products::HalfPairs)
    return addHalfPairs(b, loc, x, y, acc);
  int64_t bits = cast<VectorType>(x.getType()).getNumElements() * 32;
  StringRef fused = products == Products::PairsFused ? "vpdpwssd"
                    : products == Products::Quads    ? "vpdpbusd"
                                                     : "";
  if (!fused.empty())
    return call(b, loc, acc.getType(),
                ("llvm.x86.avx512." + fused + "." + Twine(bits)).str(),
                {acc, x, y});
  return b.create<arith::AddIOp>(loc, acc, addPairs(b, loc, x, y));
}

} // namespace mg::codegen
