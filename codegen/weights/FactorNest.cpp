//===- FactorNest.cpp - a contraction on factors that are lanes ----------===//
//
// See Factors.h: the nest that Factors.cpp has decided on, what fills its
// buffers and panels, and what flipped bits add.
//
//===----------------------------------------------------------------------===//
#include "codegen/weights/Factors.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace mg::codegen {

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

namespace {
/// A buffer's loops, outermost first, and the elements of a run inside of them.
struct BufferLoops {
  SmallVector<unsigned> loops = {};
  int64_t run = 1;
};

/// A part of one loop, from `begin` on.
struct Part {
  int loop;
  int64_t begin, extent;
};
} // namespace

/// What fills that part of the buffer.
static LoopNest partOf(const LoopNest &nest, const Producer &producer,
                       const Access &buffer, const BufferLoops &around,
                       const Part &part) {
  LoopNest copy{nest.loc, producer.body};
  copy.inputs = producer.inputs;
  copy.outputs = {Access{buffer.buffer, buffer.element}};
  copy.initial = {Value()};
  for (Access &input : copy.inputs)
    input.strides.clear();
  for (unsigned d : around.loops) {
    bool isPart = int(d) == part.loop;
    appendLoop(copy, isPart ? part.extent : nest.extents[d],
               /*reduction=*/false);
    copy.outputs[0].strides.back() = buffer.strides[d];
    copy.outputs[0].offset += isPart ? part.begin * buffer.strides[d] : 0;
    for (auto [to, from] : llvm::zip_equal(copy.inputs, producer.inputs)) {
      to.strides.back() = from.strides[d];
      to.offset += isPart ? part.begin * from.strides[d] : 0;
    }
  }
  appendLoop(copy, around.run, /*reduction=*/false);
  for (Access *access : copy.accesses())
    access->strides.back() = 1;
  simplify(copy);
  return copy;
}

/// Of planes, those from one to another, and what windows see of one.
static BufferLoops loopsOfPlanes(ArrayRef<unsigned> outer, int words,
                                 int64_t size) {
  BufferLoops planes{llvm::to_vector(outer), size};
  planes.loops.push_back(words);
  return planes;
}

/// Of a buffer without: those that move it, in the order of its memory.
static BufferLoops loopsOfBuffer(const Access &buffer) {
  BufferLoops all;
  for (auto [d, stride] : llvm::enumerate(buffer.strides))
    if (stride)
      all.loops.push_back(d);
  llvm::stable_sort(all.loops, [&](unsigned x, unsigned y) {
    return buffer.strides[x] > buffer.strides[y];
  });
  return all;
}

/// Gives a buffer its memory and what it holds.
void Factors::fill(const Filled &filled,
                   function_ref<void(const LoopNest &)> emit) {
  Access &access = prepared->inputs[filled.input];
  const BufferLoops around =
      filled.planes
          ? loopsOfPlanes(filled.planes->outer, words.loop, filled.planes->size)
          : loopsOfBuffer(access);
  int64_t size = around.run;
  for (unsigned d : around.loops)
    size *= prepared->extents[d];
  access.buffer = b.create<memref::AllocOp>(
      nest.loc, MemRefType::get({size}, access.element));
  int64_t count = words.loop < 0 ? 0 : prepared->extents[words.loop];
  int64_t whole = filled.tail.body ? count - 1 : count;
  auto part = [&](const Producer &producer, int64_t begin, int64_t extent) {
    return partOf(*prepared, producer, access, around,
                  {words.loop, begin, extent});
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

} // namespace mg::codegen
