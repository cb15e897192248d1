//===- Importer.cpp - an ONNX model as a module of the dialect ------------===//
#include "frontend/onnx/Importer.h"

#include "frontend/dsl/Trace.h"
#include "frontend/io/FileError.h"
#include "frontend/onnx/Interpreter.h"
#include "frontend/onnx/Survey.h"
#include "frontend/tensor/Value.h"
#include "ir/Dialect.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <fmt/format.h>

#include <algorithm>

namespace mg::onnx {

namespace {

[[noreturn]] void refuse(mg_status status, const Document &document,
                         const ValueInfo &input, const std::string &reason) {
  throw io::FileError(
      status, fmt::format("{}: input '{}'", document.path(), input.name),
      reason);
}

/// One size for each symbol: a variant of the model.
using Sizes = std::map<std::string, std::int64_t, std::less<>>;

std::int64_t sizeOf(const Document &document, const ValueInfo &input,
                    std::size_t axis, const Sizes &sizes) {
  const Dimension &dimension = (*input.shape)[axis];
  const auto found = sizes.find(dimension.symbol);
  if (!dimension.size && !dimension.symbol.empty() && found != sizes.end())
    return found->second;
  if (dimension.size && *dimension.size >= 0)
    return *dimension.size;
  if (dimension.size && *dimension.size != -1)
    refuse(MG_ERROR_SHAPE, document, input,
           fmt::format("dimension {} has the size {}", axis, *dimension.size));
  refuse(MG_ERROR_SHAPE, document, input,
         dimension.symbol.empty()
             ? fmt::format("dimension {} is open: --shape {}=.. says its size",
                           axis, input.name)
             : fmt::format("dimension {} is open: --dim {}=SIZE says its size",
                           axis, dimension.symbol));
}

/// The shape that the user gives an input must agree with what the file says.
Shape givenShape(const Document &document, const ValueInfo &input,
                 const Shape &given) {
  bool fits = !input.shape || input.shape->size() == given.size();
  for (std::size_t i = 0; input.shape && fits && i < given.size(); ++i) {
    const auto &size = (*input.shape)[i].size;
    fits = !size || *size < 0 || *size == given[i];
  }
  if (!fits)
    refuse(MG_ERROR_SHAPE, document, input,
           "it is given another shape than the model says");
  return given;
}

/// The weights that a module under construction reads.
class WeightNames {
public:
  explicit WeightNames(io::NamedArrays &weights) : weights(weights) {}

  void initializer(std::string_view name, const Tensor &t) {
    initializers.emplace(t.value(), std::pair{std::string(name), t});
  }

  std::optional<std::string> operator()(const Tensor &t, bool isLarge) {
    if (const auto known = given.find(t.value()); known != given.end())
      return known->second;
    if (!isLarge || !t.value()->isEager())
      return std::nullopt;
    const auto found = initializers.find(t.value());
    return keep(found == initializers.end()
                    ? fmt::format("constant{}", computed++)
                    : found->second.first,
                t);
  }

  /// A weight of the module, by `wanted` or a name like it.
  std::string keep(std::string_view wanted, const Tensor &t) {
    if (const auto known = given.find(t.value()); known != given.end())
      return known->second;
    std::string name(wanted);
    while (!used.insert(name).second)
      name += "_";
    weights.emplace_back(name, t.value()->array);
    kept.push_back(t);
    given.emplace(t.value(), name);
    return name;
  }

private:
  io::NamedArrays &weights;
  std::unordered_map<const detail::Value *, std::pair<std::string, Tensor>>
      initializers;
  std::unordered_map<const detail::Value *, std::string> given;
  /// So that no other tensor gets the address of one that has a name.
  Tensors kept;
  std::set<std::string> used;
  int computed = 0;
};

/// Says what is missing; whether anything is.
bool reportMissing(const Document &document, mlir::MLIRContext *context) {
  bool isMissing = false;
  for (const OperatorUse &use : survey(document)) {
    if (use.supported)
      continue;
    isMissing = true;
    const std::string title = titleOf(*use.first);
    const detail::FileScope location(document.path(), title, 0);
    auto error = mlir::emitError(detail::locationOf(context, Where::current()));
    error << "not supported: operator '" << use.name << "'";
    if (!use.domain.empty())
      error << " of domain '" << use.domain << "'";
    error << " of version " << use.version;
    if (use.count > 1)
      error << " (" << use.count << " nodes)";
  }
  return isMissing;
}

void nameEntry(mlir::func::FuncOp function, const Strings &inputs,
               const std::vector<ValueInfo> &outputs) {
  mlir::Builder b(function.getContext());
  for (unsigned i = 0; i < inputs.size(); ++i)
    function.setArgAttr(i, "mg.name", b.getStringAttr(inputs[i]));
  for (unsigned i = 0; i < outputs.size(); ++i)
    function.setResultAttr(i, "mg.name", b.getStringAttr(outputs[i].name));
}

/// The type of one input as a spec, its open dimensions fixed.
Tensor inputSpec(const Document &document, const ValueInfo &input,
                 const Sizes &sizes, const OpenSizes &given) {
  if (input.kind != TypeKind::tensor)
    refuse(input.kind == TypeKind::none ? MG_ERROR_SHAPE : MG_ERROR_UNSUPPORTED,
           document, input,
           input.kind == TypeKind::none ? "it has no type"
                                        : "not supported: it is no tensor");
  const auto dtype = dtypeOf(input.type);
  if (!dtype)
    refuse(MG_ERROR_UNSUPPORTED, document, input,
           "not supported: elements of type " + to_string(input.type));
  Shape shape;
  const auto whole = given.shapes.find(input.name);
  if (whole != given.shapes.end())
    shape = givenShape(document, input, whole->second);
  else if (!input.shape)
    refuse(MG_ERROR_SHAPE, document, input,
           fmt::format("its rank is open: --shape {}=.. says its shape",
                       input.name));
  else
    for (std::size_t i = 0; i < input.shape->size(); ++i)
      shape.push_back(sizeOf(document, input, i, sizes));
  try {
    detail::checkedSize(shape, *dtype, "input", Where::current());
  } catch (const Error &) {
    refuse(MG_ERROR_SHAPE, document, input, "its shape is too large");
  }
  return mg::spec(shape, *dtype);
}

/// Every combination of the sizes that `given` lists.
std::vector<Sizes> variantsOf(const Document &document,
                              const OpenSizes &given) {
  std::vector<Sizes> variants = {{}};
  for (const auto &[name, sizes] : given.dims) {
    std::vector<Sizes> longer;
    for (const Sizes &variant : variants)
      for (std::int64_t size : sizes) {
        longer.push_back(variant);
        longer.back()[name] = size;
      }
    variants = std::move(longer);
    if (variants.size() > maxVariants)
      throw io::FileError(
          MG_ERROR_MEMORY, document.path(),
          fmt::format("the sizes have more than {} combinations", maxVariants));
  }
  return variants;
}

/// A model on its way into a module: each variant is an entry.
class ModuleBuilder {
public:
  ModuleBuilder(const Document &document, const ImportOptions &options,
                const std::string &name, mlir::MLIRContext *context)
      : document(document), options(options), sizes(options.sizes),
        weights(imported.weights), interpreter(document),
        trace(name, Where::current(), context) {
    interpreter.onInitializer = [this](std::string_view weight,
                                       const Tensor &t) {
      weights.initializer(weight, t);
    };
    trace.weightName = [this](const Tensor &t, bool isLarge) {
      return weights(t, isLarge);
    };
  }

  Imported build() {
    const std::vector<Sizes> variants = variantsOf(document, sizes);
    checkInterface();
    checkSymbols();
    checkConstants();
    for (const Sizes &variant : variants)
      addEntry(variant, variants.size() > 1);
    imported.module = trace.take();
    return std::move(imported);
  }

private:
  /// Every input and output is a parameter of a C function, for which a
  /// compiler's time grows with the square of their number.
  void checkInterface() const {
    constexpr std::size_t most = 1024;
    const std::size_t count =
        graphInputs(document).size() + document.model().graph.outputs.size();
    if (count > most)
      throw io::FileError(
          MG_ERROR_UNSUPPORTED, document.path(),
          fmt::format("not supported: {} inputs and outputs (at most {})",
                      count, most));
  }

  /// A size for a name that no input has is a mistake.
  void checkSymbols() const {
    std::set<std::string_view> known;
    for (const ValueInfo *input : graphInputs(document))
      for (const Dimension &dimension :
           input->shape.value_or(std::vector<Dimension>()))
        known.insert(dimension.symbol);
    for (const auto &[name, unused] : sizes.dims)
      if (!known.count(name))
        throw io::FileError(MG_ERROR_SHAPE, document.path(),
                            fmt::format("no input has a dimension '{}'", name));
  }

  /// A constant for what is no input, or of another type, is one, too.
  void checkConstants() const {
    const std::vector<const ValueInfo *> inputs = graphInputs(document);
    for (const auto &[name, value] : options.constants) {
      const auto found = std::find_if(
          inputs.begin(), inputs.end(),
          [&](const ValueInfo *input) { return input->name == name; });
      if (found == inputs.end())
        throw io::FileError(MG_ERROR_SHAPE, document.path(),
                            fmt::format("has no input '{}'", name));
      if (dtypeOf((*found)->type) != value.dtype())
        refuse(MG_ERROR_SHAPE, document, **found,
               "its constant has another element type");
      givenShape(document, **found, value.shape());
    }
  }

  /// All inputs of the graph: those of the entry, and constants.
  Tensors withConstants(const Tensors &inputs) const {
    Tensors all;
    std::size_t next = 0;
    for (const ValueInfo *input : graphInputs(document)) {
      const auto found = options.constants.find(input->name);
      all.push_back(found == options.constants.end() ? inputs[next++]
                                                     : found->second);
    }
    return all;
  }

  void addEntry(const Sizes &variant, bool isOneOfSeveral) {
    Tensors specs;
    Strings names;
    std::vector<std::string> labels;
    for (const ValueInfo *input : graphInputs(document)) {
      if (options.constants.contains(input->name))
        continue;
      specs.push_back(inputSpec(document, *input, variant, sizes));
      names.push_back(input->name);
      labels.push_back(fmt::format("input '{}'", input->name));
    }
    const detail::Function entry = trace.function(
        isOneOfSeveral ? entryName(variant) : "infer", /*isPublic=*/true, specs,
        labels, Where::current(), [&](const Tensors &inputs) {
          for (const TensorData &data : document.model().graph.initializers)
            if (std::count(options.kept.begin(), options.kept.end(), data.name))
              interpreter.replace(data.name, weightOp(data));
          return interpreter(withConstants(inputs));
        });
    nameEntry(entry.op, names, document.model().graph.outputs);
    if (isOneOfSeveral)
      nameVariant(entry.op, variant);
  }

  /// The initializer as an op, which nothing folds.
  Tensor weightOp(const TensorData &data) {
    const Tensor value = document.tensor(data);
    mlir::MLIRContext *context = trace.context();
    const mlir::Value op = trace.builder().create<mlir::mg::WeightOp>(
        detail::locationOf(context, Where::current()),
        detail::typeOf(context, value.value()->spec),
        weights.keep(data.name, value));
    return trace.placeholder(op, Where::current(),
                             fmt::format("weight '{}'", data.name));
  }

  /// Of those symbols that have several sizes.
  std::string entryName(const Sizes &variant) const {
    std::string name = "infer";
    for (const auto &[symbol, size] : variant)
      if (sizes.dims.find(symbol)->second.size() > 1)
        name += fmt::format("_{}{}", symbol, size);
    return name;
  }

  void nameVariant(mlir::func::FuncOp function, const Sizes &variant) const {
    mlir::Builder b(function.getContext());
    mlir::NamedAttrList chosen;
    for (const auto &[symbol, size] : variant)
      if (sizes.dims.find(symbol)->second.size() > 1)
        chosen.set(symbol, b.getI64IntegerAttr(size));
    function->setAttr("mg.variant", b.getStringAttr("infer"));
    function->setAttr("mg.sizes", chosen.getDictionary(b.getContext()));
  }

  const Document &document;
  const ImportOptions &options;
  const OpenSizes &sizes;
  Imported imported;
  WeightNames weights;
  Interpreter interpreter;
  detail::Trace trace;
};

} // namespace

mlir::FailureOr<Imported> importModel(const Document &document,
                                      const ImportOptions &options,
                                      const std::string &name,
                                      mlir::MLIRContext *context) {
  if (reportMissing(document, context))
    return mlir::failure();
  context->loadDialect<mlir::mg::MgDialect, mlir::func::FuncDialect>();
  // The DSL reads what the dialect's rules say of an op.
  const mlir::ScopedDiagnosticHandler rules(
      context, [](mlir::Diagnostic &diagnostic) {
        return mlir::success(detail::Complaints::hear(diagnostic));
      });
  const detail::FileScope location(document.path(), "model", 0);
  return ModuleBuilder(document, options, name, context).build();
}

} // namespace mg::onnx
