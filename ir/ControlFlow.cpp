//===- ControlFlow.cpp - what the rules of branches and loops share -------===//
#include "ir/ControlFlow.h"

#include "ir/Ops.h"

using namespace mlir;
using namespace mlir::mg;

SmallVector<bool> mg::dependentResults(func::FuncOp function,
                                       ArrayRef<bool> active) {
  llvm::SmallDenseSet<Value> varied;
  for (auto [argument, isActive] : llvm::zip(function.getArguments(), active))
    if (isActive)
      varied.insert(argument);
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator())
    if (llvm::any_of(op.getOperands(),
                     [&](Value v) { return varied.contains(v); }))
      for (Value result : op.getResults())
        if (isDifferentiable(result.getType()))
          varied.insert(result);
  return llvm::map_to_vector(body.getTerminator()->getOperands(),
                             [&](Value v) { return varied.contains(v); });
}

SmallVector<int64_t> mg::floatNumbers(TypeRange types) {
  int64_t next = 0;
  return llvm::map_to_vector(types, [&](Type type) -> int64_t {
    return isDifferentiable(type) ? next++ : -1;
  });
}

SmallVector<Value> mg::chosenOf(ValueRange values, ArrayRef<bool> chosen) {
  SmallVector<Value> some;
  for (auto [value, isChosen] : llvm::zip_equal(values, chosen))
    if (isChosen)
      some.push_back(value);
  return some;
}

SmallVector<bool> mg::present(ArrayRef<Value> values) {
  return llvm::map_to_vector(values, [](Value value) { return bool(value); });
}

Value mg::repeated(RuleBuilder &r, Value x, int64_t size) {
  auto dims = llvm::to_vector(llvm::seq<int64_t>(1, shape(x).size() + 1));
  return r.broadcast(x, dims, RuleBuilder::prepended(size, shape(x)));
}

NamedAttribute mg::functionAttribute(RuleBuilder &r, StringRef key,
                                     func::FuncOp function) {
  return r.attribute(key, Attribute(FlatSymbolRefAttr::get(function)));
}

//===----------------------------------------------------------------------===//
// Loops to be made
//===----------------------------------------------------------------------===//

static SmallVector<Type> typesOf(ArrayRef<Value> values) {
  return llvm::to_vector(ValueRange(values).getTypes());
}

static Type withoutFirstDim(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(),
                               tensor.getElementType());
}

/// `body` as a function whose arguments have their roles in order.
static func::FuncOp makeBody(RuleBuilder &r, const Twine &name,
                             ArrayRef<Type> arguments, size_t consts,
                             size_t carries, BodyOf body) {
  return r.functions().create(name.str(), r.getLoc(), arguments,
                              [&](RuleBuilder &inner, ValueRange values) {
                                return body(
                                    inner, values.take_front(consts),
                                    values.slice(consts, carries),
                                    values.drop_front(consts + carries));
                              });
}

SmallVector<Value> NewScan::make(RuleBuilder &r, const Twine &name,
                                 BodyOf body) const {
  SmallVector<Type> arguments = typesOf(consts);
  llvm::append_range(arguments, typesOf(carries));
  for (Value sequence : sequences)
    arguments.push_back(withoutFirstDim(sequence.getType()));
  func::FuncOp function =
      makeBody(r, name, arguments, consts.size(), carries.size(), body);
  SmallVector<Type> results(function.getResultTypes());
  for (Type &type : MutableArrayRef(results).drop_front(carries.size())) {
    auto tensor = cast<RankedTensorType>(type);
    type = tensor.clone(RuleBuilder::prepended(length, tensor.getShape()));
  }
  SmallVector<Value> operands(consts);
  llvm::append_range(operands, carries);
  llvm::append_range(operands, sequences);
  SmallVector<NamedAttribute> attributes{
      functionAttribute(r, "body", function),
      r.attribute("consts", static_cast<int64_t>(consts.size())),
      r.attribute("carries", static_cast<int64_t>(carries.size())),
      r.attribute("length", length)};
  if (reverse)
    attributes.push_back(r.flag("reverse"));
  return r.makeAll("scan", operands, attributes, results);
}

SmallVector<Value> NewWhile::make(RuleBuilder &r, const Twine &name,
                                  BodyOf condition, BodyOf body) const {
  SmallVector<Value> operands(consts);
  llvm::append_range(operands, states);
  SmallVector<Type> arguments = typesOf(operands);
  auto function = [&](const Twine &kind, BodyOf emit) {
    return makeBody(r, name + kind, arguments, consts.size(), states.size(),
                    emit);
  };
  SmallVector<NamedAttribute> attributes{
      functionAttribute(r, "condition", function(".condition", condition)),
      functionAttribute(r, "body", function(".body", body)),
      r.attribute("consts", static_cast<int64_t>(consts.size()))};
  if (maxTrips)
    attributes.push_back(r.attribute("max_trips", *maxTrips));
  return r.makeAll("while", operands, attributes, typesOf(states));
}
