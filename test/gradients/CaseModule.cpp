//===- CaseModule.cpp - a case, its derivatives and its batched forms -----===//
#include "CaseModule.h"

#include "ir/Interfaces.h"
#include "passes/Passes.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/STLExtras.h"

#include <numeric>
#include <sstream>
#include <stdexcept>

using namespace mlir;

namespace mg::test {

using Types = std::vector<RankedTensorType>;
using Numbers = std::vector<size_t>;

Abilities abilitiesOf(MLIRContext &context, const std::string &op) {
  OperationName name("mg." + op, &context);
  return {name.hasInterface<mlir::mg::Differentiable>(),
          name.hasInterface<mlir::mg::Batchable>()};
}

static RankedTensorType parseTensor(MLIRContext &context,
                                    const std::string &type) {
  return cast<RankedTensorType>(parseType("tensor<" + type + ">", &context));
}

static Numbers floatsOf(const Types &types) {
  Numbers numbers;
  for (auto [i, type] : llvm::enumerate(types))
    if (mlir::mg::isDifferentiable(type))
      numbers.push_back(i);
  return numbers;
}

static Types pick(const Types &types, const Numbers &numbers) {
  Types picked;
  for (size_t i : numbers)
    picked.push_back(types[i]);
  return picked;
}

static Types joined(Types a, const Types &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

CaseModule::CaseModule(MLIRContext &context, const Case &testCase)
    : context(context) {
  inferTypes(testCase);
  source = testCase.functions + entries(testCase);
  module = parseSourceString<ModuleOp>(source, &context);
  if (!module)
    return;
  static const bool registered = (mlir::mg::registerMgPasses(), true);
  (void)registered;
  PassManager passes(&context);
  if (failed(parsePassPipeline("mg-differentiate", passes)) ||
      failed(passes.run(*module)))
    module = {};
}

void CaseModule::inferTypes(const Case &testCase) {
  SmallVector<Type> operands, wanted, results;
  for (const Operand &operand : testCase.operands)
    operands.push_back(xs.emplace_back(parseTensor(context, operand.type)));
  for (const std::string &type : testCase.wanted)
    wanted.push_back(parseTensor(context, type));
  auto attributes = cast<DictionaryAttr>(
      parseAttribute("{" + testCase.attributes + "}", &context));
  OperationName name("mg." + testCase.op, &context);
  auto report = [&] { return emitError(UnknownLoc::get(&context)); };
  if (failed(name.getInterface<mlir::mg::ShapeInfer>()->inferTypes(
          &context, report, operands, attributes, wanted, results)))
    throw std::invalid_argument("no such op: " + testCase.op);
  for (Type type : results)
    ys.push_back(cast<RankedTensorType>(type));
  floatXs = floatsOf(xs);
  floatYs = floatsOf(ys);
  differentiable = abilitiesOf(context, testCase.op).isDifferentiable &&
                   !floatXs.empty() && !floatYs.empty();
  const unsigned all = (1u << xs.size()) - 1;
  for (unsigned mask = 1; mask <= all; ++mask)
    if (xs.size() <= 3 || mask == all || llvm::popcount(mask) == 1)
      mappings.push_back(mask);
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

template <class Item, class Print>
static std::string separated(const std::vector<Item> &items, Print print) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i)
    text += (i ? ", " : "") + print(i, items[i]);
  return text;
}

static std::string print(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}
static std::string print(const Types &types) {
  return separated(types, [](size_t, Type type) { return print(type); });
}

static std::string list(const std::string &key,
                        const std::vector<int64_t> &numbers) {
  return key + " = array<i64" + (numbers.empty() ? "" : ": ") +
         separated(numbers,
                   [](size_t, int64_t n) { return std::to_string(n); }) +
         ">";
}
static std::string list(const std::string &key, const Numbers &numbers) {
  return list(key, std::vector<int64_t>(numbers.begin(), numbers.end()));
}

/// A function that is one op, without the op's first results.
static std::string entry(const std::string &name, const std::string &op,
                         const std::string &attributes, const Types &operands,
                         const Types &results, size_t hidden = 0) {
  const Types shown(results.begin() + hidden, results.end());
  auto argument = [](size_t i, Type type) {
    return "%" + std::to_string(i) + ": " + print(type);
  };
  auto operand = [](size_t i, Type) { return "%" + std::to_string(i); };
  auto result = [&](size_t i, Type) {
    return "%r#" + std::to_string(i + hidden);
  };
  std::ostringstream text;
  text << "func.func @" << name << "(" << separated(operands, argument)
       << ") -> (" << print(shown) << ") {\n  %r:" << results.size()
       << " = \"mg." << op << "\"(" << separated(operands, operand) << ") {"
       << attributes << "} : (" << print(operands) << ") -> (" << print(results)
       << ")\n  return " << separated(shown, result) << " : " << print(shown)
       << "\n}\n";
  return text.str();
}

static Types batched(const Types &types, unsigned mask) {
  Types all;
  for (auto [i, type] : llvm::enumerate(types)) {
    std::vector<int64_t> shape(type.getShape());
    if (mask >> i & 1)
      shape.insert(shape.begin(), batchSize);
    all.push_back(RankedTensorType::get(shape, type.getElementType()));
  }
  return all;
}

static std::string mappedEntry(const std::string &name,
                               const std::string &callee, const Types &operands,
                               const Types &results, unsigned mask) {
  std::vector<int64_t> in, out(results.size());
  for (size_t i = 0; i < operands.size(); ++i)
    in.push_back(mask >> i & 1 ? 0 : -1);
  return entry(name, "vmap",
               "callee = @" + callee + ", " + list("in", in) + ", " +
                   list("out", out) + ", size = " + std::to_string(batchSize) +
                   " : i64",
               batched(operands, mask), batched(results, ~0u));
}

std::string CaseModule::entries(const Case &testCase) const {
  std::string text = entry("value", testCase.op, testCase.attributes, xs, ys);
  for (unsigned mask : mappings)
    text +=
        mappedEntry("mapped_" + std::to_string(mask), "value", xs, ys, mask);
  if (!differentiable)
    return text;
  const Types dxs = pick(xs, floatXs), dys = pick(ys, floatYs);
  const Types both = joined(xs, dys);
  Numbers wrt = floatXs;
  for (size_t i = 0; i < dys.size(); ++i)
    wrt.push_back(xs.size() + i);
  Numbers gradients(dxs.size());
  std::iota(gradients.begin(), gradients.end(), 0);
  const std::string ofValue = "callee = @value, ",
                    ofReverse = "callee = @reverse, ";
  text += entry("reverse", "vjp",
                ofValue + list("of", floatYs) + ", " + list("wrt", floatXs),
                both, joined(ys, dxs), ys.size());
  text += entry("forward", "jvp", ofValue + list("wrt", floatXs),
                joined(xs, dxs), joined(ys, dys), ys.size());
  text += entry("second", "vjp",
                ofReverse + list("of", gradients) + ", " + list("wrt", wrt),
                joined(both, dxs), joined(dxs, joined(dxs, dys)), dxs.size());
  text += entry("mixed", "jvp", ofReverse + list("wrt", wrt),
                joined(both, joined(dxs, dys)), joined(dxs, dxs), dxs.size());
  return text + mappedEntry("mapped_reverse", "reverse", both, dxs, ~0u);
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

Arrays CaseModule::run(const std::string &entry, const Arrays &inputs) {
  auto results = eager::interpret(*module, entry, inputs, {}, nullptr);
  if (failed(results))
    throw std::runtime_error("cannot run @" + entry);
  return *results;
}

std::shared_ptr<Program> CaseModule::compile() {
  OwningOpRef<ModuleOp> copy = module->clone();
  auto program = Program::create(*copy, {}, {});
  if (failed(program))
    throw std::runtime_error("cannot compile");
  return *program;
}

} // namespace mg::test
