#include "frontend/dsl/RuledComposite.h"

#include "frontend/dsl/Captures.h"
#include "frontend/dsl/Folding.h"

#include "mlir/IR/TypeUtilities.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg::detail {

namespace {

bool isFloat(mlir::Type type) {
  return llvm::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(type));
}

Tensors specsOf(mlir::TypeRange types) {
  Tensors specs;
  for (mlir::Type type : types) {
    const Spec spec = specOf(type);
    specs.push_back(mg::spec(spec.shape, spec.dtype, Scope::where()));
  }
  return specs;
}

std::vector<std::string> labelsOf(std::size_t number, const char *what,
                                  const char *name) {
  return std::vector<std::string>(number, fmt::format("{} of {}", what, name));
}

/// A cotangent of what a rule's functions capture would be lost silently. A
/// tensor with a value is no variable of any derivative.
void checkCapture(const Tensor &capture) {
  const Value &v = *capture.value();
  if (v.isEager())
    return;
  auto *op = mlir::Value::getFromOpaquePointer(v.traced).getDefiningOp();
  if (!isFloat(typeOf(currentContext(), v.spec)) ||
      (op && llvm::isa<mlir::mg::StopGradientOp>(op)))
    return;
  throw Error(Scope::where(), Scope::op(),
              fmt::format("its derivative does not know {}, which it captures",
                          toString(v.spec)),
              origin(capture, "it"),
              "make it an argument, or capture stop_gradient of it");
}

/// Returns a zero for each capture that is a float.
void addZeros(Function &backward, const Tensors &captures) {
  mlir::Operation *end = backward.op.getBody().front().getTerminator();
  mlir::OpBuilder b(end);
  llvm::SmallVector<mlir::Value> zeros;
  for (const Tensor &capture : captures) {
    const auto type = typeOf(b.getContext(), capture.value()->spec);
    if (isFloat(type))
      zeros.push_back(b.create<mlir::mg::ConstantOp>(
          end->getLoc(), mlir::DenseElementsAttr::get(
                             type, b.getZeroAttr(type.getElementType()))));
  }
  addResults(backward, zeros);
}

void checkTypes(mlir::TypeRange got, mlir::TypeRange wanted, const char *what) {
  if (got.size() != wanted.size())
    fail(fmt::format("its derivative returns {} {}, not {}", got.size(), what,
                     wanted.size()));
  for (auto [a, b] : llvm::zip(got, wanted))
    if (a != b)
      fail(fmt::format("its derivative returns a {} for {} of {}",
                       toString(specOf(a)), what, toString(specOf(b))));
}

llvm::SmallVector<mlir::Type> floatsOf(mlir::TypeRange types) {
  llvm::SmallVector<mlir::Type> floats;
  llvm::copy_if(types, std::back_inserter(floats), isFloat);
  return floats;
}

/// Forward takes the same captures as the body, and hands on to backward those
/// that it wants.
void fitRule(CompositeFunctions &f, unsigned operands, const Tensors &all) {
  const mlir::TypeRange results = f.body.op.getResultTypes(),
                        both = f.forward->op.getResultTypes();
  if (both.size() < results.size())
    fail("its derivative's forward returns too few results");
  checkTypes(both.take_front(results.size()), results, "results");
  checkTypes(f.backward->op.getResultTypes(),
             floatsOf(f.body.op.getArgumentTypes().take_front(operands)),
             "cotangents");
  llvm::for_each(all, checkCapture);
  const Tensors wanted = f.backward->captures;
  setCaptures(*f.backward, wanted,
              static_cast<unsigned>(both.size() - results.size()));
  setCaptures(*f.forward, all, operands);
  llvm::SmallVector<mlir::Value> handed;
  for (const Tensor &capture : wanted)
    for (unsigned i = 0; i < all.size(); ++i)
      if (all[i].value() == capture.value())
        handed.push_back(f.forward->op.getArgument(operands + i));
  addResults(*f.forward, handed);
  addZeros(*f.backward, all);
}

} // namespace

Tensors emitComposite(const char *name, const Tensors &operands,
                      const Attrs &attributes, CompositeFunctions f) {
  const auto count = static_cast<unsigned>(operands.size());
  llvm::SmallVector<const Function *> functions{&f.body};
  if (f.forward)
    functions.append({&*f.forward, &*f.backward});
  const Tensors captures = capturesOf(functions);
  if (f.forward)
    fitRule(f, count, captures);
  setCaptures(f.body, captures, count);
  Tensors all = operands;
  all.insert(all.end(), captures.begin(), captures.end());
  auto attrs =
      Attrs()
          .set("name", mlir::StringAttr::get(currentContext(), name))
          .set("composite_attributes", attributes.dictionary())
          .set("decomposition", mlir::FlatSymbolRefAttr::get(f.body.op));
  if (f.forward)
    attrs.set("forward", mlir::FlatSymbolRefAttr::get(f.forward->op))
        .set("backward", mlir::FlatSymbolRefAttr::get(f.backward->op));
  std::vector<Spec> wanted;
  for (mlir::Type type : f.body.op.getResultTypes())
    wanted.push_back(specOf(type));
  return emitAll("composite", all, attrs, wanted);
}

Tensors compositeAll(const char *name, const Tensors &operands,
                     const Attrs &attributes, const Trace::Body &body,
                     const Rule &rule) {
  Trace *trace = Trace::current();
  if (!trace || (Folding::isOn() && allKnown(operands)))
    return body(operands);
  auto traced = [&](const std::string &label, const Tensors &inputs,
                    const char *what, const Trace::Body &part) {
    return trace->function(label, /*isPublic=*/false, inputs,
                           labelsOf(inputs.size(), what, name), Scope::where(),
                           part);
  };
  CompositeFunctions f{traced(name, operands, "operand", body)};
  if (rule.forward) {
    f.forward = traced(fmt::format("{}.forward", name), operands, "operand",
                       rule.forward);
    llvm::SmallVector<mlir::Type> given(
        f.forward->op.getResultTypes().drop_front(std::min(
            f.body.op.getNumResults(), f.forward->op.getNumResults())));
    llvm::append_range(given, floatsOf(f.body.op.getResultTypes()));
    f.backward = traced(fmt::format("{}.backward", name), specsOf(given),
                        "residual or cotangent", rule.backward);
  }
  return emitComposite(name, operands, attributes, std::move(f));
}

Tensor composite(const char *name, const Tensors &operands,
                 const Attrs &attributes, const Trace::Body &body,
                 const Rule &rule) {
  return compositeAll(name, operands, attributes, body, rule).front();
}

} // namespace mg::detail
