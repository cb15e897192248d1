#include "frontend/dsl/Trace.h"

#include "ir/Dialect.h"
#include "ir/Ops.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg::detail {

static thread_local Trace *open = nullptr;
static std::atomic<std::uint64_t> serials{0};

Trace::Trace(const std::string &name, const Where &where)
    : Trace(name, where, nullptr) {}
Trace::Trace(const std::string &name, const Where &where,
             mlir::MLIRContext *shared)
    : owner(shared ? nullptr
                   : makeContext(mlir::MLIRContext::Threading::DISABLED)),
      used(shared ? shared : owner.get()) {
  root = mlir::ModuleOp::create(locationOf(context(), where));
  module()->setAttr("mg.name", mlir::StringAttr::get(context(), name));
  open = this;
}
Trace::~Trace() {
  root = {}; // before its context
  open = nullptr;
}
Trace *Trace::current() { return open; }
mlir::OpBuilder &Trace::builder() { return frames.back()->builder; }

bool Trace::isOpen(std::uint64_t frame) {
  return open && std::any_of(open->frames.begin(), open->frames.end(),
                             [&](Frame *f) { return f->serial == frame; });
}

Tensor Trace::placeholder(mlir::Value value, const Where &where,
                          std::string label) {
  auto *v = new mg::detail::Value;
  v->spec = specOf(value.getType());
  v->where = where;
  v->label = std::move(label);
  v->frame = frames.back()->serial;
  v->traced = value.getAsOpaquePointer();
  return Tensor(v);
}

Function Trace::function(const std::string &name, bool isPublic,
                         const Tensors &inputs,
                         const std::vector<std::string> &labels,
                         const Where &where, const Body &body) {
  const mlir::Location location = locationOf(context(), where);
  llvm::SmallVector<mlir::Type> types;
  for (const Tensor &input : inputs)
    types.push_back(typeOf(context(), get(input, "argument", where).spec));
  auto function = mlir::func::FuncOp::create(
      location, isPublic ? name : fmt::format("{}.{}", name, bodies++),
      mlir::FunctionType::get(context(), types, {}));
  function.setVisibility(isPublic ? mlir::SymbolTable::Visibility::Public
                                  : mlir::SymbolTable::Visibility::Private);
  module().push_back(function);
  mlir::Block *block = function.addEntryBlock();

  Frame frame{++serials, function, mlir::OpBuilder::atBlockEnd(block)};
  // Where the body throws, nothing is left of it: who catches may go on.
  struct Opened {
    std::vector<Frame *> &frames;
    mlir::func::FuncOp function;
    bool isDone = false;
    ~Opened() {
      frames.pop_back();
      if (!isDone)
        function.erase();
    }
  } opened{frames, function};
  frames.push_back(&frame);

  Tensors placeholders;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    placeholders.push_back(
        placeholder(block->getArgument(i), where, labels.at(i)));
  llvm::SmallVector<mlir::Value> results;
  for (const Tensor &out : body(placeholders))
    results.push_back(lift(out, "return", where));
  frame.builder.create<mlir::func::ReturnOp>(location, results);
  function.setFunctionType(mlir::FunctionType::get(
      context(), block->getArgumentTypes(), mlir::ValueRange(results)));
  opened.isDone = true;
  return {function, std::move(frame.captures)};
}

mlir::Value Trace::lift(const Tensor &x, const char *op, const Where &where) {
  const Value &v = get(x, op, where);
  Frame &frame = *frames.back();
  if (v.frame == frame.serial)
    return mlir::Value::getFromOpaquePointer(v.traced);
  if (auto it = frame.lifted.find(&v); it != frame.lifted.end())
    return it->second.second;
  const mlir::Value value = fromOutside(frame, x, op, where);
  frame.lifted.emplace(&v, std::pair{x, value});
  return value;
}

/// The elements as an attribute; null where they are too many.
static mlir::DenseElementsAttr constantOf(mlir::RankedTensorType type,
                                          const eager::Array &array) {
  if (array.size() == 0)
    return mlir::DenseElementsAttr::get(type,
                                        llvm::ArrayRef<mlir::Attribute>());
  const bool splat = isSplat(array);
  if (!splat && array.bytes() > maxConstantBytes)
    return {};
  const eager::Array packed = splat ? array : eager::rowMajor(array);
  const auto count = static_cast<std::size_t>(splat ? 1 : array.size());
  if (array.view.dtype == MG_BOOL)
    return mlir::DenseElementsAttr::get(
        type,
        llvm::ArrayRef(static_cast<const bool *>(packed.view.data), count));
  return mlir::DenseElementsAttr::getFromRawBuffer(
      type, llvm::ArrayRef(static_cast<const char *>(packed.view.data),
                           count * mg_dtype_size(array.view.dtype)));
}

mlir::Value Trace::fromOutside(Frame &frame, const Tensor &x, const char *op,
                               const Where &where) {
  const Value &v = *x.value();
  const auto type = typeOf(context(), v.spec);
  const mlir::Location location = locationOf(context(), v.where);
  mlir::DenseElementsAttr elements;
  if (v.isEager())
    elements = constantOf(type, v.array);
  std::optional<std::string> name;
  if (weightName)
    name = weightName(x, !elements);
  if (!name)
    checkUsable(x, op, where);
  if (name && &frame == frames.front())
    return frame.builder.create<mlir::mg::WeightOp>(location, type, *name);
  if (elements && !name)
    return frame.builder.create<mlir::mg::ConstantOp>(location, elements);
  frame.captures.push_back(x);
  return frame.function.getBody().front().addArgument(type, location);
}

bool tracing() { return open != nullptr; }

void checkUsable(const Tensor &t, const char *op, Where where) {
  const Value &v = *t.value();
  if (v.isEager() || Trace::isOpen(v.frame))
    return;
  if (!v.frame)
    throw Error(where, op,
                fmt::format("{} is a spec, it has no value", toString(v.spec)),
                origin(t, "it"));
  throw Error(
      where, op,
      fmt::format("{} belongs to a trace that has ended", toString(v.spec)),
      origin(t, "it"),
      "return it from the traced function instead of storing it "
      "outside");
}

} // namespace mg::detail
