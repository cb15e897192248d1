//===- ModelFacts.cpp - a model in numbers --------------------------------===//
#include "frontend/driver/ModelFacts.h"

#include "frontend/driver/Supervise.h"
#include "frontend/driver/Values.h"
#include "ir/Dialect.h"
#include "ir/Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mg::driver {

namespace {

using codegen::Argument, codegen::KernelFacts;

std::uint64_t sum(const std::vector<Argument> &arguments) {
  std::uint64_t bytes = 0;
  for (const Argument &argument : arguments)
    bytes += byteSize(argument);
  return bytes;
}

double bytesOf(mlir::Type type) {
  auto tensor = llvm::cast<mlir::RankedTensorType>(type);
  auto dtype = eager::dtypeOf(tensor.getElementType());
  return mlir::failed(dtype) ? 0
                             : static_cast<double>(tensor.getNumElements() *
                                                   mg_dtype_size(*dtype));
}

/// Counts what a function of the `simplified` level and those that it calls do.
class OpCounter {
public:
  OpCounter(mlir::ModuleOp module, EntryReport &entry)
      : symbols(module), entry(entry) {}

  void count(mlir::func::FuncOp function) {
    entry.eagerBytes = visit(function);
    for (auto &[name, weight] : weights)
      entry.weights.push_back(weight);
  }

private:
  /// Its ops are counted once, however often it is called; the bytes of a call
  /// are returned.
  double visit(mlir::func::FuncOp function) {
    auto [known, isNew] = bytes.try_emplace(function, 0);
    if (!isNew)
      return known->second;
    double sum = 0;
    for (mlir::Operation &op : function.getBody().getOps())
      if (llvm::isa_and_present<mlir::mg::MgDialect>(op.getDialect()))
        sum += visit(op);
    return bytes[function] = sum;
  }

  double visit(mlir::Operation &op) {
    ++entry.ops[op.getName().stripDialect().str()];
    if (llvm::isa<mlir::mg::View>(op)) {
      ++entry.views;
      return 0;
    }
    if (auto weight = llvm::dyn_cast<mlir::mg::WeightOp>(op)) {
      note(weight);
      return 0;
    }
    if (op.hasTrait<mlir::OpTrait::ConstantLike>())
      return 0;
    double called = 0;
    if (auto uses = mlir::SymbolTable::getSymbolUses(&op))
      for (const mlir::SymbolTable::SymbolUse &use : *uses)
        if (auto callee = symbols.lookup<mlir::func::FuncOp>(
                use.getSymbolRef().getRootReference()))
          called += visit(callee);
    if (auto scan = llvm::dyn_cast<mlir::mg::ScanOp>(op))
      called *= static_cast<double>(scan.getLength());
    return called > 0 ? called : ownBytes(op);
  }

  static double ownBytes(mlir::Operation &op) {
    double sum = 0;
    for (mlir::Value operand : op.getOperands()) {
      // A view may be larger than what it shows.
      double least = bytesOf(operand.getType());
      while (auto view = operand.getDefiningOp<mlir::mg::View>()) {
        operand = view->getOperand(0);
        least = std::min(least, bytesOf(operand.getType()));
      }
      sum += least;
    }
    for (mlir::Type type : op.getResultTypes())
      sum += bytesOf(type);
    return sum;
  }

  void note(mlir::mg::WeightOp weight) {
    auto type = llvm::cast<mlir::RankedTensorType>(weight.getType());
    const std::string name = weight.getName().str();
    weights[name] = {name,
                     eager::dtypeOf(type.getElementType()).value_or(MG_F32),
                     type.getShape().vec()};
  }

  mlir::SymbolTable symbols;
  EntryReport &entry;
  std::map<std::string, Argument> weights;
  llvm::DenseMap<mlir::Operation *, double> bytes;
};

nlohmann::ordered_json toJson(const Argument &argument) {
  return {{"name", argument.name},
          {"type", formatType(argument.dtype, argument.shape)}};
}

nlohmann::ordered_json toJson(const KernelFacts &kernel) {
  nlohmann::ordered_json ops = nlohmann::json::array(),
                         reads = nlohmann::json::array();
  for (const codegen::OpFacts &op : kernel.ops)
    ops.push_back({{"what", op.what},
                   {"location", op.location},
                   {"loops", op.loops},
                   {"reduces", op.reduces},
                   {"flops", op.flops},
                   {"contraction", op.contraction}});
  for (const codegen::KernelEdge &edge : kernel.reads)
    reads.push_back({{"from", edge.from}, {"bytes", edge.bytes}});
  return {{"id", kernel.id},
          {"lines", kernel.lines},
          {"nodes", kernel.nodes},
          {"trips", kernel.trips},
          {"flops", kernel.flops},
          {"bytes_read", kernel.bytesRead},
          {"bytes_written", kernel.bytesWritten},
          {"moves", kernel.moves},
          {"inherent", kernel.inherent},
          {"reads", reads},
          {"ops", ops}};
}

nlohmann::ordered_json toJson(const codegen::UnfusedEdge &edge) {
  return {{"from", edge.from},
          {"to", edge.to},
          {"reason", edge.reason},
          {"bytes", edge.bytes}};
}

nlohmann::ordered_json toJson(const codegen::BufferFacts &buffer) {
  return {{"offset", buffer.offset},
          {"bytes", buffer.bytes},
          {"begin", buffer.begin},
          {"end", buffer.end},
          {"location", buffer.location}};
}

nlohmann::ordered_json toJson(const EntryReport &entry);

template <class List> nlohmann::ordered_json listOf(const List &list) {
  nlohmann::ordered_json result = nlohmann::json::array();
  for (const auto &item : list)
    result.push_back(toJson(item));
  return result;
}

nlohmann::ordered_json toJson(const EntryReport &entry) {
  nlohmann::ordered_json copies = nlohmann::json::array();
  for (const KernelFacts *copy : entry.copies())
    copies.push_back({{"kernel", copy->id},
                      {"bytes", copy->bytesWritten},
                      {"location", copy->ops[0].location}});
  return {{"name", entry.type.name},
          {"inputs", listOf(entry.type.inputs)},
          {"outputs", listOf(entry.type.outputs)},
          {"weights", listOf(entry.weights)},
          {"flops", entry.flops()},
          {"least_bytes", entry.leastBytes()},
          {"ops", entry.ops},
          {"views", entry.views},
          {"kernels", listOf(entry.made.kernels)},
          {"unfused", listOf(entry.made.unfused)},
          {"copies", copies},
          {"peak_bytes", entry.made.workspaceBytes},
          {"buffers", listOf(entry.made.buffers)}};
}

} // namespace

std::uint64_t byteSize(const Argument &argument) {
  std::uint64_t bytes = mg_dtype_size(argument.dtype);
  for (std::int64_t extent : argument.shape)
    bytes *= static_cast<std::uint64_t>(extent);
  return bytes;
}

double EntryReport::flops() const {
  double total = 0;
  for (const KernelFacts &kernel : made.kernels)
    total += kernel.flops * static_cast<double>(kernel.trips);
  return total;
}

std::uint64_t EntryReport::inputBytes() const { return sum(type.inputs); }
std::uint64_t EntryReport::weightBytes() const { return sum(weights); }
std::uint64_t EntryReport::outputBytes() const { return sum(type.outputs); }

std::vector<const KernelFacts *> EntryReport::copies() const {
  std::vector<const KernelFacts *> found;
  for (const KernelFacts &kernel : made.kernels)
    if (kernel.moves && !kernel.inherent)
      found.push_back(&kernel);
  return found;
}

std::string linesText(const KernelFacts &kernel) {
  std::string text;
  for (llvm::StringRef node : kernel.nodes) {
    node.consume_front("node ");
    text += (text.empty() ? "" : ", ") + node.str();
  }
  if (!text.empty())
    return text;
  for (std::size_t i = 0; i < kernel.lines.size();) {
    std::size_t last = i;
    while (last + 1 < kernel.lines.size() &&
           kernel.lines[last + 1] == kernel.lines[last] + 1)
      ++last;
    text += text.empty() ? "" : ",";
    text += last == i
                ? fmt::format("{}", kernel.lines[i])
                : fmt::format("{}-{}", kernel.lines[i], kernel.lines[last]);
    i = last + 1;
  }
  return text;
}

std::string workText(const KernelFacts &kernel) {
  std::string text;
  for (const codegen::OpFacts &op : kernel.ops)
    if (op.what != "fill" || kernel.ops.size() == 1)
      text += (text.empty() ? "" : " | ") + op.what;
  return text;
}

ModelFacts factsOf(LoadedModel &model, const std::string &level,
                   const std::vector<std::string> &disabledPasses) {
  enterStage(Stage::Compiling);
  ModelFacts facts;
  facts.level = level;
  CompileOptions options = model.compile;
  options.disabled = disabledPasses;
  options.codegen.levels = {level};
  options.codegen.emit = codegen::Emit::Vector;
  options.codegen.inspection = &facts.inspection;
  mlir::OwningOpRef<mlir::ModuleOp> simple = model.module->clone(),
                                    lowered = model.module->clone();
  if (mlir::failed(simplify(*simple, options)))
    model.diagnostics.fail(Exit::Invalid);
  auto artefact = compile(*lowered, options);
  if (mlir::failed(artefact))
    model.diagnostics.fail(Exit::Invalid);
  facts.name = artefact->name;
  for (const codegen::Entry &type : artefact->entries) {
    EntryReport &entry = facts.entries.emplace_back();
    entry.type = type;
    for (const codegen::EntryFacts &made : facts.inspection.entries)
      if (made.name == type.name)
        entry.made = made;
    // A model that was given at a lower level has no such function.
    if (auto function =
            simple->lookupSymbol<mlir::func::FuncOp>(entry.type.name))
      OpCounter(*simple, entry).count(function);
  }
  return facts;
}

nlohmann::ordered_json toJson(const ModelFacts &facts) {
  return {{"model", facts.name},
          {"level", facts.level},
          {"vector_loops", facts.inspection.vectorLoops},
          {"scalar_loops", facts.inspection.scalarLoops},
          {"entries", listOf(facts.entries)}};
}

} // namespace mg::driver
