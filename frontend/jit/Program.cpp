#include "frontend/jit/Program.h"

#include "codegen/TracePasses.h"
#include "ir/Dialect.h"
#include "passes/Pipeline.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

#include <array>
#include <cstring>

namespace mg {

struct Program::State {
  const mg_model *model = nullptr;
  /// What keeps the code in memory: a LoadedObject or a shared library.
  std::shared_ptr<void> owner;
  std::vector<eager::Array> weights;
  std::vector<const void *> weightPointers;
};

Program::Program(std::unique_ptr<State> state) : state(std::move(state)) {}

const mg_model &Program::model() const { return *state->model; }

const void *const *Program::weights() const {
  return state->weightPointers.data();
}

int Program::find(llvm::StringRef entry) const {
  for (uint32_t i = 0; i < model().entry_count; ++i)
    if (entry == model().entries[i].name)
      return static_cast<int>(i);
  return -1;
}

/// True where `array` has the dtype and shape that `argument` describes.
static bool fits(const eager::Array &array, const mg_argument &argument) {
  return array.view.dtype == argument.dtype &&
         llvm::ArrayRef(array.view.shape, array.view.rank) ==
             llvm::ArrayRef(argument.shape, argument.rank);
}

mlir::FailureOr<std::shared_ptr<Program>>
Program::fromModel(const mg_model *model, std::shared_ptr<void> owner,
                   const eager::WeightLookup &weights,
                   mlir::Location location) {
  if (model->abi_version != MG_ABI_VERSION)
    return mlir::emitError(location)
           << "the artefact has ABI version " << model->abi_version
           << ", this is version " << MG_ABI_VERSION;
  auto state = std::make_unique<State>();
  state->model = model;
  state->owner = std::move(owner);
  for (const mg_argument &wanted :
       llvm::ArrayRef(model->weights, model->weight_count)) {
    eager::Array found = weights ? weights(wanted.name) : eager::Array();
    if (!found.view.data)
      return mlir::emitError(location)
             << "no weight named '" << wanted.name << "'";
    if (!fits(found, wanted))
      return mlir::emitError(location)
             << "the weight '" << wanted.name << "' has another dtype or shape";
    state->weights.push_back(eager::rowMajor(found));
    state->weightPointers.push_back(state->weights.back().view.data);
  }
  return std::shared_ptr<Program>(new Program(std::move(state)));
}

/// The program of an object that was just made.
static mlir::FailureOr<std::shared_ptr<Program>>
load(const codegen::Artefact &artefact, const eager::WeightLookup &weights,
     mlir::Location location) {
  auto object = codegen::LoadedObject::load(artefact.bytes);
  if (!object)
    return mlir::emitError(location)
           << "internal: " << llvm::toString(object.takeError());
  auto describe = (*object)->lookup(artefact.name + "_model");
  if (!describe)
    return mlir::emitError(location)
           << "internal: " << llvm::toString(describe.takeError());
  auto *model = reinterpret_cast<const mg_model *(*)()>(*describe)();
  return Program::fromModel(model, std::shared_ptr<void>(std::move(*object)),
                            weights, location);
}

mlir::FailureOr<std::shared_ptr<Program>>
Program::create(mlir::ModuleOp module, const CompileOptions &options,
                const eager::WeightLookup &weights) {
  mlir::Location location = module.getLoc();
  for (const std::string &level : options.codegen.levels)
    if (llvm::is_contained(codegen::crossLevelNames(), level))
      return mlir::emitError(location)
             << "code for '" << level << "' does not run on this machine";
  KnownWeights known{weights};
  auto artefact = compile(module, options, weights ? &known : nullptr);
  if (mlir::failed(artefact))
    return mlir::failure();
  auto loadIt = [&] { return load(*artefact, known, location); };
  return options.codegen.times ? options.codegen.times->time("load", loadIt)
                               : loadIt();
}

static eager::Array freshFor(const mg_argument &argument) {
  return eager::allocate(static_cast<mg_dtype>(argument.dtype),
                         {argument.shape, static_cast<size_t>(argument.rank)});
}

/// Of a row-major array.
static eager::Array copyOf(const eager::Array &array) {
  eager::Array copy = eager::allocate(array.view.dtype, array.shape());
  std::memcpy(copy.view.data, array.view.data, array.bytes());
  return copy;
}

int Program::run(int entry, llvm::ArrayRef<eager::Array> inputs,
                 std::vector<eager::Array> &outputs, mg_pool *pool,
                 const std::vector<bool> &given) const {
  const mg_entry &callee = model().entries[entry];
  if (inputs.size() != callee.input_count)
    return MG_ERROR_ARGUMENT;
  std::vector<eager::Array> kept; // row-major copies live until the end
  kept.reserve(inputs.size());
  llvm::SmallVector<const void *> in;
  llvm::SmallVector<void *> out;
  for (auto [array, wanted] :
       llvm::zip(inputs, llvm::ArrayRef(callee.inputs, callee.input_count))) {
    if (!fits(array, wanted))
      return MG_ERROR_SHAPE;
    kept.push_back(eager::rowMajor(array, pool));
    in.push_back(kept.back().view.data);
  }
  outputs.clear();
  outputs.reserve(callee.output_count);
  for (uint32_t i = 0; i < callee.output_count; ++i) {
    const int32_t updated = callee.updates[i];
    if (updated < 0)
      outputs.push_back(freshFor(callee.outputs[i]));
    else if (size_t(updated) < given.size() && given[updated])
      outputs.push_back(kept[updated]);
    else
      outputs.push_back(copyOf(kept[updated]));
    out.push_back(outputs.back().view.data);
    if (updated >= 0)
      in[updated] = out.back();
  }
  const int64_t workspaceBytes = static_cast<int64_t>(callee.workspace_bytes);
  eager::Array workspace;
  if (workspaceBytes > 0)
    workspace = eager::allocate(MG_U8, std::array{workspaceBytes});
  return callee.call(weights(), in.data(), out.data(), workspace.view.data,
                     pool);
}

void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::mg::MgDialect>();
  codegen::registerDialects(registry);
}

/// Runs the passes that `build` adds, in place.
static mlir::LogicalResult runPasses(
    mlir::ModuleOp module, const CompileOptions &options, llvm::StringRef step,
    void (*build)(mlir::OpPassManager &, const mlir::mg::PipelineOptions &)) {
  mlir::PassManager passes(module.getContext());
  passes.enableVerifier(options.codegen.verifyEach);
  build(passes, {options.dims, options.disabled, options.apart,
                 /*explain=*/options.codegen.inspection != nullptr});
  codegen::tracePasses(passes);
  auto run = [&] { return passes.run(module); };
  codegen::TimeReport *times = options.codegen.times;
  return times ? times->time(step, run) : run();
}

mlir::LogicalResult expandTransforms(mlir::ModuleOp module,
                                     const CompileOptions &options) {
  return runPasses(module, options, "differentiate",
                   mlir::mg::buildGradPipeline);
}

mlir::LogicalResult simplify(mlir::ModuleOp module,
                             const CompileOptions &options) {
  return runPasses(module, options, "simplify",
                   mlir::mg::buildSimplifyPipeline);
}

eager::Array KnownWeights::operator()(llvm::StringRef name) const {
  if (auto found = prepared.find(name); found != prepared.end())
    return found->second;
  return find ? find(name) : eager::Array();
}

static constexpr llvm::StringLiteral prepareFlag = "mg-prepare-weights";

std::vector<std::string> optionalPasses() {
  std::vector<std::string> flags = mlir::mg::optionalPasses();
  flags.push_back(prepareFlag.str());
  return flags;
}

/// Runs what lays the weights out, `layOut`, and keeps what it computes.
static mlir::LogicalResult prepare(mlir::ModuleOp layOut, KnownWeights &known) {
  auto artefact = codegen::compile(layOut, {});
  if (mlir::failed(artefact))
    return mlir::failure();
  auto program = load(*artefact, {}, layOut.getLoc());
  if (mlir::failed(program))
    return mlir::failure();
  const mg_entry &entry = (*program)->model().entries[0];
  std::vector<eager::Array> inputs, outputs;
  for (const mg_argument &input :
       llvm::ArrayRef(entry.inputs, entry.input_count))
    inputs.push_back(known.find(input.name));
  if (int status = (*program)->run(0, inputs, outputs, /*pool=*/nullptr))
    return layOut.emitError("weights cannot be laid out: status ") << status;
  for (auto [output, array] :
       llvm::zip(llvm::ArrayRef(entry.outputs, entry.output_count), outputs))
    known.prepared[output.name] = array;
  for (const eager::Array &input : inputs)
    if (known.onReplaced)
      known.onReplaced(input);
  return mlir::success();
}

static mlir::LogicalResult prepareWeights(mlir::ModuleOp module,
                                          KnownWeights &known,
                                          const codegen::Options &options) {
  auto isKnown = [&](llvm::StringRef name) {
    return known.find(name).view.data != nullptr;
  };
  for (auto &layOut : codegen::prepareWeights(module, isKnown, options.levels,
                                              options.winograd))
    if (mlir::failed(prepare(*layOut, known)))
      return mlir::failure();
  return mlir::success();
}

/// Weights that are embedded, those of `known` included, from there.
static void embedPrepared(codegen::Options &options,
                          const KnownWeights &known) {
  if (!options.embeddedWeight)
    return;
  options.embeddedWeight = [&known, others = options.embeddedWeight](
                               llvm::StringRef name) -> llvm::ArrayRef<char> {
    auto found = known.prepared.find(name);
    if (found == known.prepared.end())
      return others(name);
    return {static_cast<const char *>(found->second.view.data),
            found->second.bytes()};
  };
}

mlir::FailureOr<codegen::Artefact> compile(mlir::ModuleOp module,
                                           const CompileOptions &options,
                                           KnownWeights *known) {
  if (mlir::failed(runPasses(module, options, "mg to linalg",
                             mlir::mg::buildToLinalgPipeline)))
    return mlir::failure();
  codegen::Options how = options.codegen;
  // The level between passes/ and codegen/ is what passes/ make of a program.
  if (known && known->find && how.emit != codegen::Emit::Linalg &&
      !llvm::is_contained(options.disabled, prepareFlag)) {
    auto run = [&] { return prepareWeights(module, *known, how); };
    if (mlir::failed(how.times ? how.times->time("weights", run) : run()))
      return mlir::failure();
    embedPrepared(how, *known);
  }
  return codegen::compile(module, how);
}

} // namespace mg
