#include "frontend/driver/GradModel.h"

#include "frontend/driver/Dims.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

#include <set>

namespace mg::driver {

using mlir::func::FuncOp;

namespace {

[[noreturn]] void refuse(const std::string &reason,
                         const std::string &help = "") {
  throw Failure(Exit::Usage, "mgc", reason, help);
}

FuncOp entryOf(mlir::ModuleOp module) {
  llvm::SmallVector<FuncOp> entries;
  std::vector<std::string> names;
  for (auto function : module.getOps<FuncOp>())
    if (isEntry(function)) {
      entries.push_back(function);
      names.push_back(function.getName().str());
    }
  if (entries.size() != 1)
    refuse(fmt::format("the model has {} entries: --entry chooses one",
                       entries.size()),
           "entries are " + llvm::join(names, ", "));
  return entries.front();
}

std::string nameOf(mlir::DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<mlir::StringAttr>("mg.name")
                         : mlir::StringAttr();
  return name ? name.str() : "";
}

std::string text(mlir::Type type) {
  std::string result;
  llvm::raw_string_ostream(result) << type;
  return result;
}

void checkFloat(mlir::Type type, const std::string &flag,
                const std::string &name) {
  if (!llvm::isa<mlir::FloatType>(
          llvm::cast<mlir::ShapedType>(type).getElementType()))
    throw Failure(Exit::Invalid, "mgc",
                  fmt::format("{}: '{}' is {}: derivatives are of floats", flag,
                              name, text(type)));
}

/// The entry as a function of what it is derived by.
class Derivation {
public:
  Derivation(mlir::ModuleOp module, FuncOp entry)
      : module(module), entry(entry), forward(entry.clone()) {
    forward.setName(entry.getName().str() + ".forward");
    forward.setPrivate();
    module.push_back(forward);
    for (unsigned i = 0; i < entry.getNumArguments(); ++i)
      inputs.push_back(nameOf(entry.getArgAttrDict(i)));
    for (unsigned i = 0; i < entry.getNumResults(); ++i)
      outputs.push_back(nameOf(entry.getResultAttrDict(i)));
  }

  std::int64_t lossNumber(const std::string &name) {
    const auto found = llvm::find(outputs, name);
    if (name.empty() && outputs.size() == 1)
      return checkedLoss(0);
    if (name.empty() || found == outputs.end())
      refuse(name.empty() ? "--loss: which output?"
                          : fmt::format("--loss: '{}' is no output", name),
             "outputs are " + llvm::join(outputs, ", "));
    return checkedLoss(static_cast<unsigned>(found - outputs.begin()));
  }

  /// The argument of `forward` that `name` is; a weight becomes one.
  std::int64_t argumentNumber(const std::string &name) {
    const auto found = llvm::find(inputs, name);
    const auto number = found != inputs.end()
                            ? static_cast<unsigned>(found - inputs.begin())
                            : takeWeight(name);
    checkFloat(forward.getArgument(number).getType(), "--wrt", name);
    return number;
  }

  /// The public function ENTRY_grad.
  void emit(const std::vector<std::string> &wrt,
            llvm::ArrayRef<std::int64_t> numbers, std::int64_t loss);

private:
  std::int64_t checkedLoss(unsigned number) {
    const mlir::Type type = entry.getResultTypes()[number];
    checkFloat(type, "--loss", outputs[number]);
    if (llvm::cast<mlir::ShapedType>(type).getRank() != 0)
      throw Failure(Exit::Invalid, "mgc",
                    fmt::format("--loss: '{}' is {}: a loss is a scalar",
                                outputs[number], text(type)));
    return number;
  }

  unsigned takeWeight(const std::string &name) {
    mlir::Block &body = forward.getBody().front();
    mlir::BlockArgument argument;
    std::set<std::string> known(inputs.begin(), inputs.end());
    for (auto op :
         llvm::make_early_inc_range(body.getOps<mlir::mg::WeightOp>())) {
      known.insert(op.getName().str());
      if (op.getName() != name)
        continue;
      if (!argument) {
        forward.insertArgument(forward.getNumArguments(), op.getType(), {},
                               op.getLoc());
        argument = body.getArguments().back();
      }
      op.getResult().replaceAllUsesWith(argument);
      op.erase();
    }
    if (!argument)
      refuse(fmt::format("--wrt: '{}' is no input and no weight of '{}'", name,
                         entry.getName().str()),
             "there are " + llvm::join(known, ", "));
    weights.push_back(name);
    return argument.getArgNumber();
  }

  mlir::ModuleOp module;
  FuncOp entry, forward;
  std::vector<std::string> inputs, outputs, weights;
};

void Derivation::emit(const std::vector<std::string> &wrt,
                      llvm::ArrayRef<std::int64_t> numbers, std::int64_t loss) {
  mlir::OpBuilder b(module.getContext());
  const mlir::Location loc = entry.getLoc();
  const std::string name = entry.getName().str() + "_grad";
  if (module.lookupSymbol(name))
    refuse(fmt::format("the model has a function '{}' already", name));
  llvm::SmallVector<mlir::Type> results(entry.getResultTypes());
  for (std::int64_t number : numbers)
    results.push_back(
        forward.getArgument(static_cast<unsigned>(number)).getType());
  auto function = FuncOp::create(
      loc, name, b.getFunctionType(entry.getArgumentTypes(), results));
  module.push_back(function);
  mlir::ArrayAttr arguments = entry.getArgAttrsAttr();
  if (arguments)
    function.setArgAttrsAttr(arguments);
  for (unsigned i = 0; i < results.size(); ++i) {
    const unsigned own = entry.getNumResults();
    function.setResultAttr(
        i, "mg.name",
        b.getStringAttr(i < own ? outputs[i] : "grad." + wrt[i - own]));
  }
  mlir::Block *body = function.addEntryBlock();
  b.setInsertionPointToEnd(body);
  llvm::SmallVector<mlir::Value> operands(body->getArguments());
  const auto extra =
      forward.getArgumentTypes().drop_front(entry.getNumArguments());
  for (auto [weight, type] : llvm::zip(weights, extra))
    operands.push_back(b.create<mlir::mg::WeightOp>(loc, type, weight));
  const auto scalar = llvm::cast<mlir::RankedTensorType>(
      entry.getResultTypes()[static_cast<unsigned>(loss)]);
  operands.push_back(b.create<mlir::mg::ConstantOp>(
      loc, mlir::DenseElementsAttr::get(
               scalar, b.getFloatAttr(scalar.getElementType(), 1))));
  auto derived = b.create<mlir::mg::VjpOp>(
      loc, results, forward.getName(), operands, b.getDenseI64ArrayAttr(loss),
      b.getDenseI64ArrayAttr(numbers));
  b.create<mlir::func::ReturnOp>(loc, derived.getResults());
}

} // namespace

Exit gradModel(const Options &options, const ModelSource &source,
               const GradOptions &grad, const std::string &out,
               const OutputPlan &plan) {
  Options kept = options;
  kept.keptWeights = grad.wrt;
  LoadedModel model(kept, source);
  Derivation derivation(*model.module, entryOf(*model.module));
  const std::int64_t loss = derivation.lossNumber(grad.loss);
  llvm::SmallVector<std::int64_t> numbers;
  for (const std::string &name : grad.wrt) {
    const std::int64_t number = derivation.argumentNumber(name);
    if (llvm::is_contained(numbers, number))
      refuse(fmt::format("--wrt: '{}' is there twice", name));
    numbers.push_back(number);
  }
  derivation.emit(grad.wrt, numbers, loss);
  // The model was valid: what fails here has no derivative.
  if (plan.level != "mg" &&
      mlir::failed(expandTransforms(*model.module, model.compile)))
    model.diagnostics.fail(Exit::Unsupported);
  return compileLoaded(model, out, plan);
}

} // namespace mg::driver
