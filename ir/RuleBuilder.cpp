//===- RuleBuilder.cpp - the vocabulary of derivative and batching rules --===//
#include "ir/RuleBuilder.h"

#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

bool mg::isDifferentiable(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type));
}

RankedTensorType mg::tensorType(Value x) {
  return cast<RankedTensorType>(x.getType());
}
ArrayRef<int64_t> mg::shape(Value x) { return tensorType(x).getShape(); }

LogicalResult RuleBuilder::noRule(Operation *op, StringRef mode) {
  return op->emitError(op->getName().stripDialect())
         << ": has no " << mode << "-mode derivative";
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// The types of the results; an op that a rule got wrong has operand 0's, and
/// the verifier says so after the error here.
static SmallVector<Type> resultTypes(OperationName name, Location loc,
                                     ValueRange operands,
                                     DictionaryAttr attributes,
                                     TypeRange wanted) {
  SmallVector<Type> results, types(operands.getTypes()), asked(wanted);
  auto report = [&] { return emitError(loc) << "internal: a rule made "; };
  auto *rules = name.getInterface<ShapeInfer>();
  if (rules && succeeded(rules->inferTypes(attributes.getContext(), report,
                                           types, attributes, asked, results)))
    return results;
  return {types.empty() ? asked.front() : types.front()};
}

static SmallVector<Value> createFolded(OpBuilder &builder,
                                       OperationState &state) {
  Operation *op = builder.create(state);
  SmallVector<Value> folded;
  if (failed(builder.tryFold(op, folded)) || folded.empty())
    return op->getResults();
  op->erase();
  return folded;
}

SmallVector<Value> RuleBuilder::makeAll(StringRef mnemonic, ValueRange operands,
                                        ArrayRef<NamedAttribute> attributes,
                                        TypeRange wanted) {
  MLIRContext *context = builder.getContext();
  OperationState state(
      loc, OperationName(llvm::Twine("mg.").concat(mnemonic).str(), context));
  state.addOperands(operands);
  state.addAttributes(attributes);
  state.addTypes(resultTypes(state.name, loc, operands,
                             state.attributes.getDictionary(context), wanted));
  return createFolded(builder, state);
}

SmallVector<Value> RuleBuilder::inlineBody(func::FuncOp function,
                                           ValueRange operands,
                                           IRMapping *emitted) {
  IRMapping own;
  IRMapping &values = emitted ? *emitted : own;
  values.map(function.getArguments(), operands);
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator())
    builder.clone(op, values);
  return llvm::map_to_vector(
      body.getTerminator()->getOperands(),
      [&](Value result) { return values.lookupOrDefault(result); });
}

//===----------------------------------------------------------------------===//
// Attributes and constants
//===----------------------------------------------------------------------===//

NamedAttribute RuleBuilder::attribute(StringRef name, ArrayRef<int64_t> value) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(value));
}
NamedAttribute RuleBuilder::attribute(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}
NamedAttribute RuleBuilder::attribute(StringRef name, Attribute value) {
  return builder.getNamedAttr(name, value);
}
NamedAttribute RuleBuilder::flag(StringRef name) {
  return builder.getNamedAttr(name, builder.getUnitAttr());
}

Value RuleBuilder::splat(Type type, double value) {
  auto tensor = cast<RankedTensorType>(type);
  Type element = tensor.getElementType();
  Attribute attribute;
  if (isa<FloatType>(element))
    attribute = builder.getFloatAttr(element, value);
  else
    attribute = IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(),
                                                static_cast<int64_t>(value),
                                                /*isSigned=*/true));
  return builder.create<ConstantOp>(loc, tensor,
                                    DenseElementsAttr::get(tensor, attribute));
}

Value RuleBuilder::iota(Type type, int64_t dim) {
  return make("iota", {}, attribute("dim", dim), type);
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Value RuleBuilder::neg(Value x) { return make("neg", x); }
Value RuleBuilder::add(Value a, Value b) { return make("add", {a, b}); }
Value RuleBuilder::sub(Value a, Value b) { return make("sub", {a, b}); }
Value RuleBuilder::mul(Value a, Value b) { return make("mul", {a, b}); }
Value RuleBuilder::div(Value a, Value b) { return make("div", {a, b}); }

Value RuleBuilder::compare(Direction direction, Value a, Value b) {
  auto kind = DirectionAttr::get(builder.getContext(), direction);
  return make("compare", {a, b}, attribute("direction", kind));
}
Value RuleBuilder::select(Value condition, Value a, Value b) {
  return make("select", {condition, a, b});
}
Value RuleBuilder::tie(Direction wins, Value g, Value a, Value b) {
  Value loser = where(compare(Direction::EQ, a, b), mul(g, 0.5));
  return select(compare(wins, a, b), g, loser);
}
Value RuleBuilder::convert(Value x, Type element) {
  if (tensorType(x).getElementType() == element)
    return x;
  auto mode = ConvertModeAttr::get(builder.getContext(), ConvertMode::Truncate);
  return make("convert", x, attribute("mode", mode),
              tensorType(x).clone(element));
}

void RuleBuilder::accumulate(Value &sum, Value x) {
  if (!x)
    return;
  sum = sum ? add(sum, x) : x;
}

//===----------------------------------------------------------------------===//
// Views and reductions
//===----------------------------------------------------------------------===//

Value RuleBuilder::reshape(Value x, ArrayRef<int64_t> to) {
  if (shape(x) == to)
    return x;
  return make("reshape", x, {}, Type(tensorType(x).clone(to)));
}
Value RuleBuilder::transpose(Value x, ArrayRef<int64_t> perm) {
  return make("transpose", x, attribute("perm", perm));
}
Value RuleBuilder::broadcast(Value x, ArrayRef<int64_t> dims,
                             ArrayRef<int64_t> to) {
  return make("broadcast", x, attribute("dims", dims),
              Type(tensorType(x).clone(to)));
}
Value RuleBuilder::slice(Value x, ArrayRef<int64_t> lo, ArrayRef<int64_t> hi,
                         ArrayRef<int64_t> step) {
  return make(
      "slice", x,
      {attribute("lo", lo), attribute("hi", hi), attribute("step", step)});
}
Value RuleBuilder::pad(Value x, Value value, ArrayRef<int64_t> lo,
                       ArrayRef<int64_t> hi, ArrayRef<int64_t> interior) {
  return make("pad", {x, value},
              {attribute("lo", lo), attribute("hi", hi),
               attribute("interior", interior)});
}
Value RuleBuilder::reduce(Reduction kind, Value x, ArrayRef<int64_t> dims) {
  return make(
      "reduce", x,
      {attribute("kind", ReductionAttr::get(builder.getContext(), kind)),
       attribute("dims", dims)});
}
Value RuleBuilder::concat(ValueRange xs, int64_t dim) {
  return make("concat", xs, attribute("dim", dim));
}
Value RuleBuilder::dot(Value lhs, Value rhs, ArrayRef<int64_t> lhsContract,
                       ArrayRef<int64_t> rhsContract,
                       ArrayRef<int64_t> lhsBatch, ArrayRef<int64_t> rhsBatch,
                       Type element) {
  // Only the element type of a wanted type counts.
  SmallVector<Type> wanted;
  if (element)
    wanted.push_back(tensorType(lhs).clone(element));
  return make("dot", {lhs, rhs},
              {attribute("lhs_contract", lhsContract),
               attribute("rhs_contract", rhsContract),
               attribute("lhs_batch", lhsBatch),
               attribute("rhs_batch", rhsBatch)},
              wanted);
}

//===----------------------------------------------------------------------===//
// Batching
//===----------------------------------------------------------------------===//

SmallVector<int64_t> RuleBuilder::shifted(ArrayRef<int64_t> dims) {
  return llvm::map_to_vector(dims, [](int64_t dim) { return dim + 1; });
}
SmallVector<int64_t> RuleBuilder::prepended(int64_t first,
                                            ArrayRef<int64_t> rest) {
  SmallVector<int64_t> all{first};
  all.append(rest.begin(), rest.end());
  return all;
}
Value RuleBuilder::mapped(const Mapped &x) {
  if (x.isMapped)
    return x.value;
  auto dims = llvm::to_vector(llvm::seq<int64_t>(1, shape(x.value).size() + 1));
  return broadcast(x.value, dims, prepended(size, shape(x.value)));
}

FailureOr<SmallVector<Mapped>>
mg::batchElementwise(Operation *op, RuleBuilder &r, ArrayRef<Mapped> operands) {
  SmallVector<Value> values;
  for (const Mapped &operand : operands)
    values.push_back(r.mapped(operand));
  SmallVector<Type> wanted;
  for (Value result : op->getResults())
    wanted.push_back(tensorType(result).clone(
        RuleBuilder::prepended(r.batchSize(), shape(result))));
  SmallVector<Mapped> results;
  for (Value result :
       r.makeAll(op->getName().stripDialect(), values, op->getAttrs(), wanted))
    results.push_back({result, true});
  return results;
}

//===----------------------------------------------------------------------===//
// Ops with rules for both modes
//===----------------------------------------------------------------------===//

FailureOr<Reverse> mg::emitPlainReverse(Operation *op, RuleBuilder &r,
                                        ValueRange operands, ArrayRef<bool>) {
  // Not folded: the rule reads the clone.
  IRMapping map;
  map.map(op->getOperands(), operands);
  Operation *primal = r.getBuilder().clone(*op, map);
  return Reverse{
      primal->getResults(), [primal](RuleBuilder &r, ArrayRef<Value> cotangents,
                                     MutableArrayRef<Value> gradients) {
        return cast<Differentiable>(primal).vjp(r, cotangents, gradients);
      }};
}

FailureOr<Forward> mg::emitPlainForward(Operation *op, RuleBuilder &r,
                                        ValueRange operands,
                                        ArrayRef<Value> tangents) {
  IRMapping map;
  map.map(op->getOperands(), operands);
  Operation *primal = r.getBuilder().clone(*op, map);
  Forward out{primal->getResults(),
              SmallVector<Value>(primal->getNumResults())};
  if (failed(cast<Differentiable>(primal).jvp(r, tangents, out.tangents)))
    return failure();
  return out;
}

FailureOr<SmallVector<Mapped>> mg::batchByLoop(Operation *op, RuleBuilder &r,
                                               ArrayRef<Mapped> operands) {
  // The unmapped operands are the loop's constants, the mapped ones its
  // sequences.
  SmallVector<Value> consts, sequences;
  for (const Mapped &operand : operands)
    (operand.isMapped ? sequences : consts).push_back(operand.value);
  SmallVector<Type> arguments, results;
  for (bool isMapped : {false, true})
    for (auto [operand, mapped] : llvm::zip(op->getOperands(), operands))
      if (mapped.isMapped == isMapped)
        arguments.push_back(operand.getType());
  for (Value result : op->getResults())
    results.push_back(tensorType(result).clone(
        RuleBuilder::prepended(r.batchSize(), shape(result))));
  func::FuncOp body = r.functions().create(
      (op->getName().stripDialect() + ".each").str(), r.getLoc(), arguments,
      [&](RuleBuilder &inner, ValueRange values) {
        size_t constant = 0, sequence = consts.size();
        IRMapping map;
        for (auto [operand, mapped] : llvm::zip(op->getOperands(), operands))
          map.map(operand, values[mapped.isMapped ? sequence++ : constant++]);
        Operation *one = inner.getBuilder().clone(*op, map);
        return SmallVector<Value>(one->getResults());
      });
  SmallVector<Value> all(consts);
  llvm::append_range(all, sequences);
  SmallVector<Mapped> outputs;
  for (Value output :
       r.makeAll("scan", all,
                 {r.attribute("body", Attribute(FlatSymbolRefAttr::get(body))),
                  r.attribute("consts", static_cast<int64_t>(consts.size())),
                  r.attribute("carries", int64_t(0)),
                  r.attribute("length", r.batchSize())},
                 results))
    outputs.push_back({output, true});
  return outputs;
}
