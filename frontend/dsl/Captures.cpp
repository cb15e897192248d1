#include "frontend/dsl/Captures.h"

#include <algorithm>

namespace mg::detail {

static bool isSame(const Tensor &a, const Tensor &b) {
  return a.value() == b.value();
}

Tensors capturesOf(llvm::ArrayRef<const Function *> functions) {
  Tensors all;
  for (const Function *function : functions)
    for (const Tensor &capture : function->captures)
      if (llvm::none_of(all,
                        [&](const Tensor &t) { return isSame(t, capture); }))
        all.push_back(capture);
  return all;
}

static void renewType(mlir::func::FuncOp function) {
  mlir::Block &body = function.getBody().front();
  function.setFunctionType(
      mlir::FunctionType::get(function.getContext(), body.getArgumentTypes(),
                              body.getTerminator()->getOperandTypes()));
}

void setCaptures(Function &function, const Tensors &captures, unsigned at) {
  mlir::Block &body = function.op.getBody().front();
  mlir::MLIRContext *context = function.op.getContext();
  const auto number = static_cast<unsigned>(captures.size());
  const unsigned before =
      body.getNumArguments() - static_cast<unsigned>(function.captures.size());
  for (unsigned i = 0; i < number; ++i) {
    const Value &v = *captures[i].value();
    body.insertArgument(at + i, typeOf(context, v.spec),
                        locationOf(context, v.where));
  }
  for (unsigned i = 0; i < function.captures.size(); ++i) {
    const auto *found = std::find_if(
        captures.data(), captures.data() + number,
        [&](const Tensor &t) { return isSame(t, function.captures[i]); });
    body.getArgument(before + number + i)
        .replaceAllUsesWith(body.getArgument(
            at + static_cast<unsigned>(found - captures.data())));
  }
  body.eraseArguments(before + number,
                      static_cast<unsigned>(function.captures.size()));
  function.captures = captures;
  renewType(function.op);
}

void addResults(Function &function, mlir::ValueRange more) {
  mlir::Operation *end = function.op.getBody().front().getTerminator();
  end->insertOperands(end->getNumOperands(), more);
  renewType(function.op);
}

} // namespace mg::detail
