#include "frontend/dsl/Context.h"

#include "frontend/dsl/Trace.h"
#include "frontend/eager/Execute.h"
#include "ir/Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mg::detail {

static thread_local Complaints *listener = nullptr;

Complaints::Complaints() : outer(listener) { listener = this; }
Complaints::~Complaints() { listener = outer; }

bool Complaints::hear(const mlir::Diagnostic &diagnostic) {
  if (!listener)
    return false;
  if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
    listener->errors.push_back(diagnostic.str());
  return true;
}

std::string Complaints::first(const std::string &otherwise) const {
  if (errors.empty())
    return otherwise;
  const std::string &text = errors.front();
  // "dot: contracted dimensions ..": the user called it by another name.
  const std::size_t colon = text.find(": ");
  const bool isName = colon != std::string::npos &&
                      text.find_first_not_of(
                          "abcdefghijklmnopqrstuvwxyz_0123456789'.") == colon;
  return isName ? text.substr(colon + 2) : text;
}

std::unique_ptr<mlir::MLIRContext>
makeContext(mlir::MLIRContext::Threading threading) {
  auto context = std::make_unique<mlir::MLIRContext>(threading);
  context->loadDialect<mlir::mg::MgDialect, mlir::func::FuncDialect>();
  context->getDiagEngine().registerHandler([](mlir::Diagnostic &diagnostic) {
    return mlir::success(Complaints::hear(diagnostic));
  });
  return context;
}

mlir::MLIRContext *currentContext() {
  if (Trace *trace = Trace::current())
    return trace->context();
  static const auto eager = makeContext(mlir::MLIRContext::Threading::ENABLED);
  return eager.get();
}

mlir::RankedTensorType typeOf(mlir::MLIRContext *context, const Spec &spec) {
  return mlir::RankedTensorType::get(
      spec.shape, eager::elementType(context, cDType(spec.dtype)));
}

Spec specOf(mlir::Type type) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  return {static_cast<DType>(*eager::dtypeOf(tensor.getElementType())),
          Shape(tensor.getShape().begin(), tensor.getShape().end())};
}

mlir::Location locationOf(mlir::MLIRContext *context, const Where &where) {
  return mlir::FileLineColLoc::get(context, where.file_name(), where.line(),
                                   where.column());
}

} // namespace mg::detail
