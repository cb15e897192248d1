//===- Model.cpp - reads the attributes of a linalg module ----------------===//
#include "codegen/object/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;

namespace mg::codegen {

namespace {

/// Hands out C identifiers, each once.
class Names {
public:
  Names(std::initializer_list<StringRef> taken) {
    for (StringRef name : taken)
      used.insert(name);
  }
  std::string get(StringRef wanted);

private:
  llvm::StringSet<> used;
};

/// Words that are no names in C99 or C++17.
constexpr StringRef keywords =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch "
    "char char16_t char32_t class compl const const_cast constexpr continue "
    "decltype default delete do double dynamic_cast else enum explicit export "
    "extern false float for friend goto if inline int long mutable namespace "
    "new noexcept not not_eq nullptr operator or or_eq private protected "
    "public register reinterpret_cast restrict return short signed sizeof "
    "static static_assert static_cast struct switch template this "
    "thread_local throw true try typedef typeid typename union unsigned using "
    "virtual void volatile wchar_t while xor xor_eq ";

std::string Names::get(StringRef wanted) {
  std::string name;
  for (char c : wanted)
    name += llvm::isAlnum(c) ? c : '_';
  // A leading underscore could be the implementation's name.
  if (name.empty() || !llvm::isAlpha(name.front()))
    name.insert(0, "v");
  if (keywords.contains(" " + name + " "))
    name += '_';
  std::string unique = name;
  for (unsigned i = 2; !used.insert(unique).second; ++i)
    unique = name + "_" + std::to_string(i);
  return unique;
}

std::optional<mg_dtype> dtypeOf(StringRef name) {
  for (int i = 0; i < MG_DTYPE_COUNT; ++i)
    if (name == mg_dtype_name(mg_dtype(i)))
      return mg_dtype(i);
  return std::nullopt;
}

unsigned bitWidthOf(mg_dtype dtype) { return mg_dtype_size(dtype) * 8; }

/// Code reaches its constants by 32-bit offsets.
constexpr uint64_t maxEmbeddedBytes = uint64_t(3) << 29;

class Reader {
public:
  Reader(ModuleOp module, const Options &options)
      : module(module), options(options) {}

  FailureOr<Model> read();

private:
  LogicalResult readEntry(func::FuncOp function);
  /// What argument or result `type` with the attributes `attrs` is.
  FailureOr<Argument> readArgument(func::FuncOp function, Type type,
                                   DictionaryAttr attrs, StringRef kind,
                                   unsigned number);
  FailureOr<unsigned> addWeight(func::FuncOp function, Argument argument);
  FailureOr<int> addState(func::FuncOp function, const Argument &argument);
  LogicalResult readInputs(func::FuncOp function, Names &names,
                           ModelEntry &result);
  LogicalResult readOutputs(func::FuncOp function, Names &names,
                            ModelEntry &result);
  void readVariant(func::FuncOp function, Names &names, ModelEntry &result);
  FailureOr<int> readUpdate(func::FuncOp function, DictionaryAttr attrs,
                            const Argument &output, const ModelEntry &entry);

  ModuleOp module;
  const Options &options;
  Model model;
  llvm::StringMap<unsigned> weightByName, stateByName;
  llvm::StringMap<std::string> choosers;
  unsigned outsideCount = 0;
  uint64_t embeddedBytes = 0;
  Names symbols = {}, fields = {}, stateFields = {};
};

bool sameType(const Argument &a, const Argument &b) {
  return a.dtype == b.dtype && a.shape == b.shape;
}

FailureOr<Argument> Reader::readArgument(func::FuncOp function, Type type,
                                         DictionaryAttr attrs, StringRef kind,
                                         unsigned number) {
  const auto fail = [&](const Twine &why) {
    return function.emitError()
           << "entry '" << function.getName() << "': " << kind << " " << number
           << ": " << why;
  };
  const auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return fail("is no tensor of a static shape");
  const auto name = attrs ? attrs.getAs<StringAttr>("mg.name") : StringAttr();
  const auto dtypeText =
      attrs ? attrs.getAs<StringAttr>("mg.dtype") : StringAttr();
  if (!dtypeText)
    return fail("has no 'mg.dtype'");
  const std::optional<mg_dtype> dtype = dtypeOf(dtypeText);
  if (!dtype)
    return fail("has the unknown dtype '" + dtypeText.getValue() + "'");
  if (!tensor.getElementType().isIntOrFloat() ||
      tensor.getElementTypeBitWidth() != bitWidthOf(*dtype))
    return fail("is no array of " + dtypeText.getValue());
  if (tensor.getRank() > MG_MAX_RANK)
    return fail("has more than " + Twine(MG_MAX_RANK) + " dimensions");
  Argument argument{name ? name.str() : (kind + Twine(number)).str(), *dtype,
                    tensor.getShape().vec()};
  if (!byteSize(argument))
    return fail("is too large");
  return argument;
}

FailureOr<unsigned> Reader::addWeight(func::FuncOp function,
                                      Argument argument) {
  const auto [it, fresh] =
      weightByName.try_emplace(argument.name, model.weights.size());
  if (!fresh) {
    const Argument &other = model.weights[it->second].argument;
    if (!sameType(other, argument))
      return function.emitError()
             << "entry '" << function.getName() << "': weight '"
             << argument.name << "' has another type in another entry";
    return it->second;
  }
  Weight weight{argument, fields.get(argument.name), {}};
  if (options.embeddedWeight)
    weight.bytes = options.embeddedWeight(argument.name);
  if (!weight.bytes.empty() && weight.bytes.size() != *byteSize(argument))
    return function.emitError()
           << "weight '" << argument.name << "' has " << weight.bytes.size()
           << " bytes, but its type needs " << *byteSize(argument);
  if (weight.isOutside())
    weight.place = outsideCount++;
  embeddedBytes += weight.bytes.size();
  if (embeddedBytes > maxEmbeddedBytes)
    return function.emitError("the weights are too large to embed; keep them "
                              "outside");
  model.weights.push_back(std::move(weight));
  return it->second;
}

FailureOr<int> Reader::addState(func::FuncOp function,
                                const Argument &argument) {
  const auto [it, fresh] =
      stateByName.try_emplace(argument.name, model.state.size());
  if (fresh)
    model.state.push_back({argument, stateFields.get(argument.name)});
  else if (!sameType(model.state[it->second].argument, argument))
    return function.emitError()
           << "entry '" << function.getName() << "': state '" << argument.name
           << "' has another type elsewhere";
  return static_cast<int>(it->second);
}

/// The input that the output with `attrs` updates, or -1.
FailureOr<int> Reader::readUpdate(func::FuncOp function, DictionaryAttr attrs,
                                  const Argument &output,
                                  const ModelEntry &entry) {
  const auto index =
      attrs ? attrs.getAs<IntegerAttr>("mg.updates") : IntegerAttr();
  if (!index)
    return -1;
  const int64_t input = index.getInt();
  const auto fail = [&](const Twine &why) {
    return function.emitError() << "entry '" << function.getName()
                                << "': output '" << output.name << "' " << why;
  };
  if (input < 0 || input >= int64_t(entry.entry.inputs.size()))
    return fail("updates no input");
  const Argument &updated = entry.entry.inputs[input];
  if (!sameType(updated, output))
    return fail("has another type than '" + updated.name +
                "', which it updates");
  if (entry.isUpdated(input))
    return fail("updates '" + updated.name + "', as another does");
  return static_cast<int>(input);
}

LogicalResult Reader::readInputs(func::FuncOp function, Names &names,
                                 ModelEntry &result) {
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    const DictionaryAttr attrs = function.getArgAttrDict(i);
    const bool isWeight = attrs && attrs.contains("mg.weight");
    auto argument =
        readArgument(function, type, attrs, isWeight ? "weight" : "input", i);
    if (failed(argument))
      return failure();
    if (isWeight) {
      const auto place = addWeight(function, std::move(*argument));
      if (failed(place))
        return failure();
      result.weights.push_back(*place);
      continue;
    }
    if (!result.weights.empty())
      return function.emitError() << "entry '" << function.getName()
                                  << "': an input stands behind a weight";
    const auto place = attrs.contains("mg.state")
                           ? addState(function, *argument)
                           : FailureOr<int>(-1);
    if (failed(place))
      return failure();
    if (*place >= 0 && llvm::is_contained(result.inputState, *place))
      return function.emitError()
             << "entry '" << function.getName() << "': two inputs are state '"
             << argument->name << "'";
    result.inputState.push_back(*place);
    result.inputNames.push_back(names.get(argument->name));
    result.entry.inputs.push_back(std::move(*argument));
  }
  return success();
}

LogicalResult Reader::readOutputs(func::FuncOp function, Names &names,
                                  ModelEntry &result) {
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    const DictionaryAttr attrs = function.getResultAttrDict(i);
    if (attrs && attrs.contains("mg.status"))
      continue;
    auto argument = readArgument(function, type, attrs, "output", i);
    if (failed(argument))
      return failure();
    const auto updates = readUpdate(function, attrs, *argument, result);
    if (failed(updates))
      return failure();
    const bool isState = attrs.contains("mg.state") && *updates < 0;
    const auto place =
        isState ? addState(function, *argument) : FailureOr<int>(-1);
    if (failed(place))
      return failure();
    if (isState && (llvm::is_contained(result.inputState, *place) ||
                    llvm::is_contained(result.outputState, *place)))
      return function.emitError()
             << "entry '" << function.getName() << "': state '"
             << argument->name << "' is written beside another use of it";
    result.entry.updates.push_back(*updates);
    result.outputState.push_back(*place);
    // An update has the name of what it updates, in C.
    result.outputNames.push_back(*updates < 0 ? names.get(argument->name)
                                              : result.inputNames[*updates]);
    result.entry.outputs.push_back(std::move(*argument));
  }
  return success();
}

void Reader::readVariant(func::FuncOp function, Names &names,
                         ModelEntry &result) {
  const auto variant = function->getAttrOfType<StringAttr>("mg.variant");
  const auto sizes = function->getAttrOfType<DictionaryAttr>("mg.sizes");
  if (!variant || !sizes)
    return;
  std::string &chooser = choosers[variant.getValue()];
  if (chooser.empty())
    chooser = symbols.get(model.name + "_" + variant.str());
  result.chooser = chooser;
  for (NamedAttribute size : sizes)
    if (auto number = dyn_cast<IntegerAttr>(size.getValue()))
      result.sizes.push_back({names.get(size.getName()), number.getInt()});
}

LogicalResult Reader::readEntry(func::FuncOp function) {
  ModelEntry result;
  result.function = function.getName().str();
  result.entry.name = function.getName().str();
  result.entry.symbol = symbols.get(model.name + "_" + result.entry.name);
  Names names = {"state", "weights", "workspace", "pool"};
  if (failed(readInputs(function, names, result)) ||
      failed(readOutputs(function, names, result)))
    return failure();
  readVariant(function, names, result);
  model.entries.push_back(std::move(result));
  return success();
}

FailureOr<Model> Reader::read() {
  model.title = options.name;
  if (model.title.empty())
    if (auto name = module->getAttrOfType<StringAttr>("mg.name"))
      model.title = name.str();
  if (model.title.empty())
    model.title = "model";
  model.name = Names{}.get(model.title);
  symbols = {model.name + "_model",        model.name + "_weights",
             model.name + "_load_weights", model.name + "_state",
             model.name + "_load_state",   model.name + "_place_state"};
  for (auto function : module.getOps<func::FuncOp>())
    if (function->hasAttr("mg.entry") && failed(readEntry(function)))
      return failure();
  if (model.entries.empty())
    return module.emitError("the module has no entry");
  return std::move(model);
}

} // namespace

bool ModelEntry::takesState() const {
  const auto isState = [](int place) { return place >= 0; };
  return llvm::any_of(inputState, isState) ||
         llvm::any_of(outputState, isState);
}

bool ModelEntry::isUpdated(unsigned input) const {
  return llvm::is_contained(entry.updates, static_cast<int>(input));
}

std::vector<const Weight *> Model::getOutsideWeights() const {
  std::vector<const Weight *> outside;
  for (const Weight &weight : weights)
    if (weight.isOutside())
      outside.push_back(&weight);
  return outside;
}

std::optional<uint64_t> byteSize(const Argument &argument) {
  std::optional<int64_t> bytes = mg_dtype_size(argument.dtype);
  if (llvm::is_contained(argument.shape, 0))
    return 0;
  for (int64_t size : argument.shape)
    if (bytes)
      bytes = llvm::checkedMul<int64_t>(*bytes, size);
  return bytes;
}

FailureOr<Model> readModel(ModuleOp module, const Options &options) {
  return Reader(module, options).read();
}

} // namespace mg::codegen
