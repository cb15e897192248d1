//===- Compile.cpp - a linalg module to an object, header or text ---------===//
//
// One bufferization for all; then per CPU level a copy of the module goes to
// LLVM IR and is optimized; then the levels are linked into the module of the
// entry points and code is generated once.
//
//===----------------------------------------------------------------------===//
#include "codegen/Compiler.h"

#include "codegen/Passes.h"
#include "codegen/Pipeline.h"
#include "codegen/TracePasses.h"
#include "codegen/inspect/KernelRuns.h"
#include "codegen/math/LinkMath.h"
#include "codegen/object/EmitEntry.h"
#include "codegen/object/EmitObject.h"

#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/SCF/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/ValueBoundsOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Operator.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;

namespace mg::codegen {

void registerDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect,
                  bufferization::BufferizationDialect, func::FuncDialect,
                  linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, tensor::TensorDialect,
                  vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(
      registry);
  linalg::registerAllDialectInterfaceImplementations(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  scf::registerValueBoundsOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
  tensor::registerValueBoundsOpInterfaceExternalModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

namespace {

class Compiler {
public:
  Compiler(ModuleOp module, const Options &options)
      : module(module), options(options),
        times(options.times ? *options.times : ownTimes) {}

  FailureOr<Artefact> compile();

private:
  template <class F> auto time(StringRef step, F &&f) {
    return times.time(step, std::forward<F>(f));
  }
  LogicalResult fail(llvm::Error error) {
    return module.emitError("internal: ") << llvm::toString(std::move(error));
  }
  LogicalResult chooseLevels();
  LogicalResult run(ModuleOp copy, StringRef step,
                    llvm::function_ref<void(OpPassManager &)> build);
  /// Writes `print`'s text to the dump folder, and to the artefact where
  /// compilation stops at `stop`: then true.
  FailureOr<bool> show(Emit stop, StringRef level, StringRef ending,
                       llvm::function_ref<void(raw_ostream &)> print);
  FailureOr<bool> show(Emit stop, StringRef level, ModuleOp shown);
  /// Null where compilation stopped.
  FailureOr<std::unique_ptr<llvm::Module>> compileLevel(ModuleOp buffers,
                                                        const Level &level);
  LogicalResult prepareBodies(llvm::Module &llvmModule, const Level &level);
  void recordWorkspace(ModuleOp vectors);
  FailureOr<bool> showCode(llvm::Module &llvmModule, const Level &level);
  LogicalResult emitObject(std::vector<std::unique_ptr<llvm::Module>> bodies);

  ModuleOp module;
  const Options &options;
  TimeReport ownTimes, &times;
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::TargetMachine> machine;
  SmallVector<const Level *> levels;
  Model model;
  Artefact artefact;
  unsigned dumps = 0;
};

LogicalResult Compiler::chooseLevels() {
  for (const Level &level : allLevels())
    if (llvm::any_of(options.levels, [&](const std::string &name) {
          return findLevel(name) == &level;
        }))
      levels.push_back(&level);
  for (const std::string &name : options.levels)
    if (!findLevel(name))
      return module.emitError("unknown CPU level '" + name + "'; known are ")
             << llvm::join(levelNames(), ", ") << ", native and, to compile, "
             << llvm::join(crossLevelNames(), ", ");
  if (levels.empty())
    return module.emitError("no CPU level is asked for");
  if (llvm::any_of(levels, [&](const Level *level) {
        return level->architecture != levels.front()->architecture;
      }))
    return module.emitError("an object is for one architecture: ")
           << levelList(levels, " and ") << " are of two";
  if (levels.size() > 1 && options.emit != Emit::Object)
    return module.emitError("text needs exactly one CPU level");
  return success();
}

LogicalResult Compiler::run(ModuleOp copy, StringRef step,
                            llvm::function_ref<void(OpPassManager &)> build) {
  PassManager passes(copy.getContext());
#ifdef NDEBUG
  passes.enableVerifier(options.verifyEach);
#endif
  build(passes);
  tracePasses(passes);
  return time(step, [&] { return passes.run(copy); });
}

FailureOr<bool> Compiler::show(Emit stop, StringRef level, StringRef ending,
                               llvm::function_ref<void(raw_ostream &)> print) {
  if (options.emit == stop) {
    llvm::raw_svector_ostream os(artefact.bytes);
    print(os);
  }
  if (!options.dumpDir.empty()) {
    std::string name;
    llvm::raw_string_ostream(name) << llvm::format("%02u-", dumps++) << level
                                   << (level.empty() ? "" : "-") << ending;
    llvm::SmallString<128> path(options.dumpDir);
    std::error_code error = llvm::sys::fs::create_directories(path);
    llvm::sys::path::append(path, name);
    if (!error) {
      llvm::raw_fd_ostream os(path, error);
      if (!error) {
        print(os);
        os.close();
        error = os.error();
        os.clear_error();
      }
    }
    if (error)
      return module.emitError("cannot write " + path.str() + ": ")
             << error.message();
  }
  return options.emit == stop;
}

FailureOr<bool> Compiler::show(Emit stop, StringRef level, ModuleOp shown) {
  static constexpr const char *endings[] = {"linalg.mlir", "buffers.mlir",
                                            "vector.mlir", "llvm.mlir"};
  return show(stop, level, endings[int(stop)], [&](raw_ostream &os) {
    shown.print(
        os, OpPrintingFlags().enableDebugInfo().elideLargeElementsAttrs(64));
  });
}

/// The largest need of any level: one workspace serves all.
void Compiler::recordWorkspace(ModuleOp vectors) {
  const SymbolTable symbols(vectors);
  for (ModelEntry &entry : model.entries)
    if (auto function = symbols.lookup<func::FuncOp>(entry.function))
      if (auto bytes =
              function->getAttrOfType<IntegerAttr>("mg.workspace_bytes"))
        entry.entry.workspaceBytes =
            std::max<uint64_t>(entry.entry.workspaceBytes, bytes.getInt());
}

/// Entries become the hidden bodies of the level, all else private.
LogicalResult Compiler::prepareBodies(llvm::Module &llvmModule,
                                      const Level &level) {
  for (llvm::Function &function : llvmModule)
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  for (const ModelEntry &entry : model.entries) {
    llvm::Function *body = llvmModule.getFunction(entry.function);
    if (!body)
      return module.emitError("internal: the entry '" + entry.function +
                              "' is lost");
    body->setLinkage(llvm::GlobalValue::ExternalLinkage);
    body->setVisibility(llvm::GlobalValue::HiddenVisibility);
    body->setName(bodyName(entry, level));
  }
  return success();
}

/// The user allowed it: anything but assuming that NaN and inf do not occur.
static void relaxFloats(llvm::Module &llvmModule) {
  llvm::FastMathFlags flags;
  flags.setAllowReassoc();
  flags.setAllowContract();
  flags.setAllowReciprocal();
  flags.setNoSignedZeros();
  for (llvm::Function &function : llvmModule)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block)
        if (isa<llvm::FPMathOperator>(instruction))
          instruction.setFastMathFlags(flags);
}

/// Non-temporal stores are of whole vectors at addresses that were checked
/// (Streams.h); what LLVM does not know it would split into elements.
static void alignStreams(llvm::Module &llvmModule) {
  const llvm::DataLayout &layout = llvmModule.getDataLayout();
  for (llvm::Function &function : llvmModule)
    for (llvm::BasicBlock &block : function)
      for (llvm::Instruction &instruction : block)
        if (auto *store = dyn_cast<llvm::StoreInst>(&instruction))
          if (store->hasMetadata(llvm::LLVMContext::MD_nontemporal))
            store->setAlignment(llvm::Align(
                layout.getTypeStoreSize(store->getValueOperand()->getType())));
}

/// Facts of this many arguments are worth a long attribute list.
static constexpr unsigned maxFacts = 128;

/// Drops our notes on arguments. Of each that is left the translation warns,
/// and prints the whole function for it: most of the time of a long one.
/// Where a function without loops has very many, what is known of them serves
/// nobody, and LLVM makes a list of all for each.
static void dropArgumentNotes(ModuleOp module) {
  module.walk([](LLVM::LLVMFuncOp function) {
    if (function.getNumArguments() > maxFacts &&
        function.getBody().hasOneBlock()) {
      function.removeArgAttrsAttr();
      return;
    }
    SmallVector<DictionaryAttr> all;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      SmallVector<NamedAttribute> kept;
      for (NamedAttribute attr :
           function_interface_impl::getArgAttrs(function, i))
        if (!attr.getName().strref().starts_with("mg."))
          kept.push_back(attr);
      all.push_back(DictionaryAttr::get(function.getContext(), kept));
    }
    function.setAllArgAttrs(all);
  });
}

/// No module where compilation stopped as asked, else failure.
static FailureOr<std::unique_ptr<llvm::Module>>
stoppedOr(FailureOr<bool> stop) {
  if (failed(stop))
    return failure();
  return std::unique_ptr<llvm::Module>();
}

FailureOr<std::unique_ptr<llvm::Module>>
Compiler::compileLevel(ModuleOp buffers, const Level &level) {
  OwningOpRef<ModuleOp> copy = buffers.clone();
  if (failed(run(*copy, "vectors", [&](OpPassManager &passes) {
        buildToVectorPipeline(passes, level, options.winograd);
      })))
    return failure();
  recordWorkspace(*copy);
  if (options.inspection && &level == levels.front())
    inspectVectors(*copy, *options.inspection);
  FailureOr<bool> stop = show(Emit::Vector, level.suffix, *copy);
  if (failed(stop) || *stop)
    return stoppedOr(stop);
  if (failed(run(*copy, "to the LLVM dialect", [&](OpPassManager &passes) {
        buildToLLVMPipeline(passes, level, options.fastMath);
      })))
    return failure();
  stop = show(Emit::LLVMDialect, level.suffix, *copy);
  if (failed(stop) || *stop)
    return stoppedOr(stop);
  dropArgumentNotes(*copy);
  std::unique_ptr<llvm::Module> result = time("to LLVM IR", [&] {
    return translateModuleToLLVMIR(*copy, llvmContext);
  });
  if (!result)
    return failure();
  setTarget(*result, *machine);
  alignStreams(*result);
  if (options.fastMath)
    relaxFloats(*result);
  if (failed(prepareBodies(*result, level)))
    return failure();
  if (llvm::Error error =
          time("link math", [&] { return linkMath(*result, level); }))
    return fail(std::move(error));
  std::string broken;
  llvm::raw_string_ostream why(broken);
  if (options.verifyEach && llvm::verifyModule(*result, &why))
    return module.emitError("internal: broken LLVM IR: ") << broken;
  time("LLVM passes", [&] { optimize(*result, *machine, options.optLevel); });
  stop = showCode(*result, level);
  if (failed(stop) || *stop)
    return stoppedOr(stop);
  return result;
}

FailureOr<bool> Compiler::showCode(llvm::Module &llvmModule,
                                   const Level &level) {
  FailureOr<bool> stop =
      show(Emit::LLVMIR, level.suffix, "llvm.ll",
           [&](raw_ostream &os) { llvmModule.print(os, nullptr); });
  if (failed(stop) || *stop ||
      (options.emit != Emit::Assembly && options.dumpDir.empty()))
    return stop;
  // Code generation changes the module.
  auto text = emitFile(*llvm::CloneModule(llvmModule), *machine,
                       llvm::CodeGenFileType::AssemblyFile);
  if (!text)
    return fail(text.takeError());
  return show(Emit::Assembly, level.suffix, "asm.s", [&](raw_ostream &os) {
    os << StringRef(text->data(), text->size());
  });
}

LogicalResult
Compiler::emitObject(std::vector<std::unique_ptr<llvm::Module>> bodies) {
  auto whole = std::make_unique<llvm::Module>(model.name, llvmContext);
  setTarget(*whole, *machine);
  time("entries", [&] {
    emitEntries(*whole, model, levels);
    emitDescriptor(*whole, model, levels);
  });
  llvm::StringSet<> visible = {
      model.name + "_model", model.name + "_load_weights",
      model.name + "_load_state", model.name + "_place_state"};
  for (const ModelEntry &entry : model.entries)
    visible.insert(entry.entry.symbol);
  if (llvm::Error error = time("link levels", [&] {
        return linkLevels(*whole, std::move(bodies), visible);
      }))
    return fail(std::move(error));
  auto bytes = time("code generation", [&] {
    return emitFile(*whole, *machine, llvm::CodeGenFileType::ObjectFile);
  });
  if (!bytes)
    return fail(bytes.takeError());
  artefact.bytes = std::move(*bytes);
  artefact.header = headerText(model, levels);
  return success();
}

FailureOr<Artefact> Compiler::compile() {
  if (failed(chooseLevels()))
    return failure();
  FailureOr<Model> read = readModel(module, options);
  if (failed(read))
    return failure();
  model = std::move(*read);
  auto made =
      makeTargetMachine(*levels.front()->architecture, options.optLevel);
  if (!made)
    return fail(made.takeError());
  machine = std::move(*made);

  OwningOpRef<ModuleOp> buffers = module.clone();
  FailureOr<bool> stop = show(Emit::Linalg, "", *buffers);
  if (succeeded(stop) && !*stop) {
    if (failed(run(*buffers, "buffers", buildToBuffersPipeline)))
      return failure();
    if (options.inspection)
      inspectBuffers(*buffers, *options.inspection);
    if (options.profile)
      bracketKernels(*buffers);
    stop = show(Emit::Buffers, "", *buffers);
  }
  if (failed(stop))
    return failure();
  std::vector<std::unique_ptr<llvm::Module>> bodies;
  if (!*stop)
    for (const Level *level : levels) {
      auto body = compileLevel(*buffers, *level);
      if (failed(body))
        return failure();
      bodies.push_back(std::move(*body));
    }
  if (options.emit == Emit::Object && failed(emitObject(std::move(bodies))))
    return failure();
  artefact.name = model.name;
  for (const ModelEntry &entry : model.entries)
    artefact.entries.push_back(entry.entry);
  for (const Weight *weight : model.getOutsideWeights())
    artefact.weights.push_back(weight->argument);
  for (const StateArray &array : model.state)
    artefact.state.push_back(array.argument);
  return std::move(artefact);
}

} // namespace

FailureOr<Artefact> compile(ModuleOp module, const Options &options) {
  DialectRegistry registry;
  registerDialects(registry);
  module.getContext()->appendDialectRegistry(registry);
  for (StringRef dialect : registry.getDialectNames())
    module.getContext()->getOrLoadDialect(dialect);
  return Compiler(module, options).compile();
}

} // namespace mg::codegen
