#include "frontend/dsl/Context.h"

#include "frontend/dsl/Trace.h"
#include "frontend/eager/Execute.h"
#include "ir/Dialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>
#include <string_view>
#include <tuple>

namespace mg::detail {

static thread_local Complaints *listener = nullptr;

Complaints::Complaints() : outer(listener) { listener = this; }
Complaints::~Complaints() { listener = outer; }

/// Where, by the text that a location has of it. Nothing else makes a Where,
/// and an Error needs one.
using Places =
    std::map<std::tuple<std::string_view, unsigned, unsigned>, Where>;
static thread_local Places places;

/// The first place in `location` that this thread's traces put there.
static std::optional<Where> whereOf(mlir::Location location) {
  std::optional<Where> found;
  location->walk([&](mlir::Location inner) {
    auto file = mlir::dyn_cast<mlir::FileLineColLoc>(inner);
    if (!file)
      return mlir::WalkResult::advance();
    const std::string_view name(file.getFilename().getValue());
    const auto it = places.find({name, file.getLine(), file.getColumn()});
    if (it == places.end())
      return mlir::WalkResult::advance();
    found = it->second;
    return mlir::WalkResult::interrupt();
  });
  return found;
}

bool Complaints::hear(const mlir::Diagnostic &diagnostic) {
  if (!listener)
    return false;
  if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
    listener->errors.push_back(
        {diagnostic.str(), whereOf(diagnostic.getLocation())});
  return true;
}

/// Where the op's name before a text ends: "dot: contracted dimensions ..".
static std::size_t nameEnd(const std::string &text) {
  const std::size_t colon = text.find(": ");
  const bool isName = colon != std::string::npos &&
                      text.find_first_not_of(
                          "abcdefghijklmnopqrstuvwxyz_0123456789'.") == colon;
  return isName ? colon : std::string::npos;
}

std::string Complaints::first(const std::string &otherwise) const {
  if (errors.empty())
    return otherwise;
  // The user called the op by another name.
  const std::string &text = errors.front().text;
  const std::size_t end = nameEnd(text);
  return end == std::string::npos ? text : text.substr(end + 2);
}

void Complaints::raise(const char *op, const Where &where) const {
  const std::string rule = first("internal: the compiler failed");
  if (errors.empty() || !errors.front().where)
    throw Error(where, op, rule);
  const Complaint &complaint = errors.front();
  const std::size_t end = nameEnd(complaint.text);
  const bool isSame = complaint.where->line() == where.line();
  const std::string name =
      end == std::string::npos ? op : complaint.text.substr(0, end);
  if (isSame)
    throw Error(where, name, rule);
  throw Error(*complaint.where, name, rule, Note{where, "in the call here"});
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

static thread_local FileScope *fileScope = nullptr;

FileScope::FileScope(std::string_view file, std::string_view name,
                     unsigned number)
    : file(file), name(name), number(number), outer(fileScope) {
  fileScope = this;
}
FileScope::~FileScope() { fileScope = outer; }

mlir::Location locationOf(mlir::MLIRContext *context, const Where &where) {
  if (fileScope)
    return mlir::NameLoc::get(
        mlir::StringAttr::get(context, llvm::StringRef(fileScope->name)),
        mlir::FileLineColLoc::get(context, llvm::StringRef(fileScope->file),
                                  fileScope->number, 0));
  places.emplace(std::tuple(std::string_view(where.file_name()),
                            unsigned(where.line()), unsigned(where.column())),
                 where);
  return mlir::FileLineColLoc::get(context, where.file_name(), where.line(),
                                   where.column());
}

} // namespace mg::detail
