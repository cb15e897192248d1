#include "frontend/dsl/Emit.h"

#include "frontend/dsl/Folding.h"
#include "frontend/dsl/Threads.h"
#include "frontend/eager/Execute.h"

#include <fmt/format.h>

namespace mg::detail {

static thread_local const Scope *scope = nullptr;

Scope::Scope(const char *op, const Where &where)
    : name(op), place(where), isOutermost(!scope) {
  if (isOutermost)
    scope = this;
}
Scope::~Scope() {
  if (isOutermost)
    scope = nullptr;
}
const char *Scope::op() { return scope->name; }
const Where &Scope::where() { return scope->place; }

void fail(const std::string &rule) {
  throw Error(Scope::where(), Scope::op(), rule);
}
void fail(const std::string &rule, const Tensor &about,
          const std::string &role) {
  throw Error(Scope::where(), Scope::op(), rule, origin(about, role));
}

const Spec &specOf(const Tensor &t) {
  return get(t, Scope::op(), Scope::where()).spec;
}

bool allKnown(const Tensors &operands) {
  return llvm::all_of(operands, [](const Tensor &t) {
    return get(t, Scope::op(), Scope::where()).isEager();
  });
}

Attrs &Attrs::set(llvm::StringRef name, mlir::Attribute value) {
  attributes.set(name, value);
  return *this;
}
Attrs &Attrs::set(llvm::StringRef name, std::int64_t value) {
  return set(name, mlir::Builder(context).getI64IntegerAttr(value));
}
Attrs &Attrs::set(llvm::StringRef name, llvm::ArrayRef<std::int64_t> value) {
  return set(name, mlir::DenseI64ArrayAttr::get(context, value));
}
Attrs &Attrs::flag(llvm::StringRef name, bool value) {
  return value ? set(name, mlir::UnitAttr::get(context)) : *this;
}

namespace {

/// One op on its way through the door.
struct Emission {
  mlir::MLIRContext *context = currentContext();
  mlir::OperationName name;
  const Tensors &operands;
  mlir::DictionaryAttr attributes;
  llvm::SmallVector<mlir::Type> results = {};

  [[noreturn]] void refuse(const Complaints &complaints) const {
    const std::string rule =
        complaints.first("internal: the op failed without a reason");
    if (operands.empty())
      fail(rule);
    fail(rule, operands.back(),
         operands.size() == 1   ? "it"
         : operands.size() == 2 ? "rhs"
                                : "the last operand");
  }

  void infer(const std::vector<Spec> &wanted) {
    llvm::SmallVector<mlir::Type> types, wantedTypes;
    for (const Tensor &operand : operands)
      types.push_back(typeOf(context, specOf(operand)));
    for (const Spec &spec : wanted) {
      checkedSize(spec.shape, spec.dtype, Scope::op(), Scope::where());
      wantedTypes.push_back(typeOf(context, spec));
    }
    Complaints complaints;
    auto *rules = name.getInterface<mlir::mg::ShapeInfer>();
    if (!rules)
      fail(fmt::format("internal: no op {}", name.getStringRef().str()));
    auto report = [&] {
      return mlir::emitError(mlir::UnknownLoc::get(context));
    };
    if (mlir::failed(rules->inferTypes(context, report, types, attributes,
                                       wantedTypes, results)))
      refuse(complaints);
  }

  /// Functions of the trace run with it.
  bool callsFunctions() const {
    return llvm::any_of(attributes, [](mlir::NamedAttribute attribute) {
      return llvm::isa<mlir::SymbolRefAttr>(attribute.getValue());
    });
  }

  static std::size_t bytesOf(const Spec &spec) {
    return static_cast<std::size_t>(checkedSize(spec.shape, spec.dtype,
                                                Scope::op(), Scope::where())) *
           size_of(spec.dtype);
  }

  bool folds() const {
    if (!Folding::isOn() || !allKnown(operands) || callsFunctions())
      return false;
    std::size_t read = 0, made = 0;
    for (const Tensor &operand : operands)
      read += bytesOf(specOf(operand));
    for (mlir::Type type : results)
      made += bytesOf(specOf(type));
    return made <= maxGrownBytes ||
           (made <= maxFoldedBytes && made <= 2 * read);
  }

  Tensors append(Trace &trace) const {
    mlir::OperationState state(locationOf(context, Scope::where()), name);
    for (const Tensor &operand : operands)
      state.operands.push_back(
          trace.lift(operand, Scope::op(), Scope::where()));
    state.addTypes(results);
    state.addAttributes(attributes.getValue());
    mlir::Operation *op = trace.builder().create(state);
    Tensors tensors;
    for (mlir::Value result : op->getResults())
      tensors.push_back(trace.placeholder(
          result, Scope::where(), fmt::format("result of {}", Scope::op())));
    return tensors;
  }

  Tensors execute() const {
    std::vector<eager::Array> arrays;
    for (const Tensor &operand : operands)
      arrays.push_back(known(operand, Scope::op(), Scope::where()).array);
    Complaints complaints;
    const auto pool = currentPool();
    auto outputs = eager::execute(name, arrays, attributes, results,
                                  mlir::UnknownLoc::get(context), pool.get());
    if (mlir::failed(outputs))
      refuse(complaints);
    Tensors tensors;
    for (eager::Array &output : *outputs)
      tensors.push_back(makeEager(std::move(output), Scope::where(),
                                  fmt::format("result of {}", Scope::op())));
    return tensors;
  }
};

} // namespace

Tensors emitAll(const char *mnemonic, const Tensors &operands,
                const Attrs &attributes, const std::vector<Spec> &wanted) {
  mlir::MLIRContext *context = currentContext();
  Emission op{
      context,
      mlir::OperationName(llvm::Twine("mg.").concat(mnemonic).str(), context),
      operands, attributes.dictionary()};
  op.infer(wanted);
  Trace *trace = Trace::current();
  return trace && !op.folds() ? op.append(*trace) : op.execute();
}
Tensor emit(const char *mnemonic, const Tensors &operands,
            const Attrs &attributes) {
  return emitAll(mnemonic, operands, attributes).front();
}
Tensor emit(const char *mnemonic, const Tensors &operands,
            const Attrs &attributes, const Spec &wanted) {
  return emitAll(mnemonic, operands, attributes, {wanted}).front();
}

} // namespace mg::detail
