//===- Transforms.cpp - one op of the dialect per transform ---------------===//
#include "frontend/dsl/Promote.h"
#include "frontend/dsl/RuledComposite.h"
#include "frontend/dsl/Subprogram.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg {
using namespace detail;

namespace detail {
namespace {

using Numbers = llvm::SmallVector<std::int64_t>;

bool isFloatTensor(const Tensor &t) { return !t.empty() && isFloat(t.dtype()); }

Attrs calling(const Subprogram &f) {
  return Attrs().set("callee", mlir::FlatSymbolRefAttr::get(
                                   mlir::func::FuncOp(f.function.op)));
}

/// The arguments that are there, then the captures.
Tensors operandsOf(const Subprogram &f, const Leaves &arguments) {
  Tensors operands = presentOf(arguments);
  operands.insert(operands.end(), f.function.captures.begin(),
                  f.function.captures.end());
  return operands;
}

std::vector<Spec> resultSpecs(const Subprogram &f) {
  return specsOf(mlir::func::FuncOp(f.function.op).getResultTypes());
}

void checkTangent(const Tensor &got, const Spec &wanted, const char *what) {
  const Spec &spec = specOf(got);
  if (spec.dtype != wanted.dtype || spec.shape != wanted.shape)
    fail(fmt::format("the {} of {} is {}", what, toString(wanted),
                     toString(spec)),
         got, fmt::format("the {}", what));
}

/// `values` behind the first `from` of `all`, one where `isThere`.
Leaves partOf(const Tensors &all, std::size_t from,
              const std::vector<bool> &isThere) {
  return spreadOver(
      isThere,
      Tensors(all.begin() + static_cast<std::ptrdiff_t>(from), all.end()));
}

} // namespace

Pulled vjp(const char *op, const Subprogram &f, const Leaves &arguments,
           const Leaves &cotangents, const std::vector<bool> &wrt,
           Where where) {
  Scope scope(op, where);
  Tensors operands = operandsOf(f, arguments);
  std::vector<Spec> wanted = resultSpecs(f);
  const std::size_t results = wanted.size();
  Numbers of, derived;
  std::int64_t number = 0;
  for (std::size_t i = 0; i < f.present.size(); ++i) {
    if (!f.present[i])
      continue;
    const Spec &result = wanted[static_cast<std::size_t>(number)];
    if (!cotangents.at(i).empty() && isFloat(result.dtype)) {
      checkTangent(cotangents[i], result, "cotangent");
      of.push_back(number);
      operands.push_back(cotangents[i]);
    }
    ++number;
  }
  std::vector<bool> isThere;
  number = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    isThere.push_back(wrt.at(i) && isFloatTensor(arguments[i]));
    if (isThere.back()) {
      derived.push_back(number);
      wanted.push_back(specOf(arguments[i]));
    }
    number += !arguments[i].empty();
  }
  const Tensors all =
      emitAll("vjp", operands,
              calling(f)
                  .set("of", llvm::ArrayRef<std::int64_t>(of))
                  .set("wrt", llvm::ArrayRef<std::int64_t>(derived)),
              wanted);
  return {spreadOver(f.present, all), partOf(all, results, isThere)};
}

Pushed jvp(const char *op, const Subprogram &f, const Leaves &arguments,
           const Leaves &tangents, Where where) {
  Scope scope(op, where);
  Tensors operands = operandsOf(f, arguments);
  Numbers wrt;
  std::int64_t number = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (isFloatTensor(arguments[i]) && !tangents.at(i).empty()) {
      checkTangent(tangents[i], specOf(arguments[i]), "tangent");
      wrt.push_back(number);
      operands.push_back(tangents[i]);
    }
    number += !arguments[i].empty();
  }
  std::vector<Spec> wanted = resultSpecs(f);
  const std::vector<Spec> results = wanted;
  std::vector<bool> isThere;
  std::size_t next = 0;
  for (bool present : f.present) {
    isThere.push_back(present && isFloat(results[next].dtype));
    if (isThere.back())
      wanted.push_back(results[next]);
    next += present;
  }
  const Tensors all =
      emitAll("jvp", operands,
              calling(f).set("wrt", llvm::ArrayRef<std::int64_t>(wrt)), wanted);
  return {spreadOver(f.present, all), partOf(all, results.size(), isThere)};
}

Leaves cotangent_of_loss(const Leaves &results, const char *op, Where where) {
  const Tensor &loss = results.at(0);
  if (loss.empty())
    throw Error(where, op, "the loss is an empty tensor");
  if (loss.rank() != 0 || !isFloat(loss.dtype()))
    throw Error(where, op,
                fmt::format("the function must return a scalar float, not {}",
                            type_string(loss)),
                origin(loss, "it"), "use sum or mean, or jacobian");
  Leaves cotangents(results.size());
  cotangents[0] = full({}, 1, loss.dtype(), where);
  return cotangents;
}

void check_float(const Leaves &argument, std::size_t number, const char *op,
                 Where where) {
  if (llvm::any_of(argument, isFloatTensor))
    return;
  const Tensors present = presentOf(argument);
  if (present.empty())
    throw Error(where, op,
                fmt::format("argument {} has no tensor to derive by", number));
  throw Error(where, op,
              fmt::format("argument {} is {}: derivatives are taken by floats",
                          number, type_string(present.front())),
              origin(present.front(), "it"),
              "choose the arguments with wrt<...>, or use astype");
}

Leaves floats_of(const Leaves &leaves) {
  Leaves floats;
  for (const Tensor &leaf : leaves)
    floats.push_back(isFloatTensor(leaf) ? leaf : Tensor());
  return floats;
}

static mlir::mg::CheckpointPolicy policyOf(const Checkpoint &keep) {
  using Policy = mlir::mg::CheckpointPolicy;
  switch (keep.policy()) {
  case Checkpoint::Policy::nothing:
    return Policy::Nothing;
  case Checkpoint::Policy::everything:
    return Policy::Everything;
  case Checkpoint::Policy::dots:
    return Policy::Dots;
  case Checkpoint::Policy::names:
    return Policy::Names;
  case Checkpoint::Policy::bytes:
    return Policy::Bytes;
  }
  llvm_unreachable("a policy");
}

Leaves checkpointed(const Subprogram &f, const Leaves &arguments,
                    const Checkpoint &keep, Where where) {
  Scope scope("checkpoint", where);
  mlir::Builder b(currentContext());
  llvm::SmallVector<llvm::StringRef> names(keep.kept_names().begin(),
                                           keep.kept_names().end());
  Attrs attributes = calling(f);
  attributes.choose<mlir::mg::CheckpointPolicyAttr>("policy", policyOf(keep));
  if (!names.empty())
    attributes.set("names", b.getStrArrayAttr(names));
  if (keep.policy() == Checkpoint::Policy::bytes)
    attributes.set("bytes", keep.limit());
  return spreadOver(f.present, emitAll("checkpoint", operandsOf(f, arguments),
                                       attributes, resultSpecs(f)));
}

/// Takes from backward's results those of arguments that are no floats, and
/// puts zeros for those that are empty.
static void fitCotangents(Subprogram &backward, const Leaves &arguments) {
  mlir::Operation *end = backward.function.op.getBody().front().getTerminator();
  mlir::OpBuilder b(end);
  llvm::SmallVector<mlir::Value> kept;
  unsigned next = 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool isThere = backward.present.at(i);
    if (isFloatTensor(arguments[i])) {
      const auto type = typeOf(b.getContext(), specOf(arguments[i]));
      kept.push_back(isThere
                         ? end->getOperand(next)
                         : b.create<mlir::mg::ConstantOp>(
                                end->getLoc(),
                                mlir::DenseElementsAttr::get(
                                    type, b.getZeroAttr(type.getElementType())))
                               .getResult());
    }
    next += isThere;
  }
  end->setOperands(kept);
  auto function = backward.function.op;
  function.setFunctionType(mlir::FunctionType::get(
      b.getContext(), function.getBody().front().getArgumentTypes(),
      mlir::ValueRange(kept)));
}

Leaves custom(const Subprogram &f, const Subprogram &forward,
              const Subprogram &backward, const Leaves &arguments,
              Where where) {
  Scope scope("custom_vjp", where);
  Subprogram pull = backward;
  if (pull.present.size() != arguments.size())
    fail(fmt::format("backward returns {} tensors for {} in the arguments",
                     pull.present.size(), arguments.size()));
  fitCotangents(pull, arguments);
  return spreadOver(
      f.present, emitComposite("custom_vjp", presentOf(arguments), {},
                               {f.function, forward.function, pull.function}));
}

//===----------------------------------------------------------------------===//
// Jacobians
//===----------------------------------------------------------------------===//

static Shape joined(Shape a, const Shape &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Tensor basis(const Tensor &like, Where where) {
  const std::int64_t n = like.size();
  return reshape(Arg(eye(n, like.dtype(), where), where),
                 joined({n}, like.shape()));
}
Tensor unfold_first(const Tensor &x, const Tensor &outer, Where where) {
  Shape leaf = x.shape();
  leaf.erase(leaf.begin());
  return reshape(Arg(x, where), joined(outer.shape(), leaf));
}
Tensor unfold_last(const Tensor &x, const Tensor &outer, Where where) {
  Shape leaf = x.shape();
  leaf.pop_back();
  return reshape(Arg(x, where), joined(leaf, outer.shape()));
}

static std::int64_t sizeOf(const Leaves &leaves) {
  std::int64_t size = 0;
  for (const Tensor &leaf : leaves)
    if (isFloatTensor(leaf))
      size += leaf.size();
  return size;
}
bool is_forward(Mode mode, const Leaves &results, const Leaves &arguments) {
  if (mode != Mode::automatic)
    return mode == Mode::forward;
  return sizeOf(arguments) < sizeOf(results);
}
void refuse_mode(Mode mode, Where where) {
  throw Error(where, "jacobian",
              mode == Mode::forward
                  ? "forward mode needs an argument that is a Tensor"
                  : "reverse mode needs a result that is a Tensor");
}

} // namespace detail

Tensor checkpoint_name(Arg x, const std::string &name) {
  Scope scope("checkpoint_name", x.where);
  return emit(
      "name", {x.tensor},
      Attrs().set("name", mlir::StringAttr::get(currentContext(), name)));
}
Tensor stop_gradient(Arg x) {
  Scope scope("stop_gradient", x.where);
  return emit("stop_gradient", {x.tensor});
}

} // namespace mg
