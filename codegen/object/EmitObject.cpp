//===- EmitObject.cpp - LLVM modules to optimized code and ELF objects ----===//
#include "codegen/object/EmitObject.h"

#include "codegen/object/WeighLoops.h"

#include "llvm/Analysis/CFG.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/PassManager.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Transforms/IPO/Internalize.h"

#include <mutex>

namespace mg::codegen {

static llvm::CodeGenOptLevel codeGenLevel(int optLevel) {
  switch (optLevel) {
  case 0:
    return llvm::CodeGenOptLevel::None;
  case 1:
    return llvm::CodeGenOptLevel::Less;
  case 2:
    return llvm::CodeGenOptLevel::Default;
  default:
    return llvm::CodeGenOptLevel::Aggressive;
  }
}

/// All others stay out of the process.
static void initializeTargets(){
#define MG_TARGET(NAME)                                                        \
  LLVMInitialize##NAME##TargetInfo();                                          \
  LLVMInitialize##NAME##Target();                                              \
  LLVMInitialize##NAME##TargetMC();                                            \
  LLVMInitialize##NAME##AsmPrinter();                                          \
  LLVMInitialize##NAME##AsmParser();
    MG_TARGET(X86) MG_TARGET(AArch64)
#undef MG_TARGET
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeTargetMachine(
    const Architecture &architecture, int optLevel) {
  static std::once_flag once;
  std::call_once(once, initializeTargets);
  const std::string triple = architecture.triple.str();
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return llvm::createStringError("no target " + triple + ": " + message);
  llvm::TargetOptions options;
  // llvm.fmuladd becomes an FMA where there is one; separate ops never do.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  options.FunctionSections = true;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, architecture.cpu, "", options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, codeGenLevel(optLevel)));
}

void setTarget(llvm::Module &module, const llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple().str());
  module.setDataLayout(machine.createDataLayout());
}

/// The math was optimized when the compiler was built and our loops are final:
/// inline, then clean up. A third of the time of O2 for code of the same speed.
static constexpr const char *shortPipeline =
    "always-inline,function(lower-expect,sroa,early-cse<memssa>,instcombine<no-verify-"
    "fixpoint>,simplifycfg,"
    "loop-mssa(licm),loop(indvars),early-cse<memssa>,instcombine<no-verify-"
    "fixpoint>,simplifycfg),"
    "globaldce";

void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              int optLevel) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false; // our loops are vectors already
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (optLevel >= 3)
    passes = builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  else
    llvm::cantFail(builder.parsePassPipeline(
        passes, optLevel == 0 ? "always-inline,globaldce" : shortPipeline));
  if (optLevel > 0)
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(WeighLoops()));
  passes.run(module, modules);
}

llvm::Error linkLevels(llvm::Module &into,
                       std::vector<std::unique_ptr<llvm::Module>> levels,
                       const llvm::StringSet<> &visible) {
  llvm::Linker linker(into);
  for (auto &level : levels)
    if (linker.linkInModule(std::move(level)))
      return llvm::createStringError("cannot link the levels");
  llvm::internalizeModule(into, [&](const llvm::GlobalValue &value) {
    return visible.contains(value.getName());
  });
  return llvm::Error::success();
}

/// Whether the function takes and passes on so many arguments that the time of
/// selecting instructions, which grows with the square of those in one block,
/// would be felt.
static bool passesMany(const llvm::Function &function) {
  constexpr size_t many = 512;
  size_t passed = function.arg_size();
  for (const llvm::Instruction &instruction : llvm::instructions(function))
    if (const auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
        call && !llvm::isa<llvm::IntrinsicInst>(call))
      passed += call->arg_size();
  return passed > many;
}

/// What only hands pointers on, without a loop, is as good when it is generated
/// the fast way. An entry with thousands of weights takes seconds otherwise.
static void generateGlueFast(llvm::Module &module) {
  for (llvm::Function &function : module) {
    llvm::SmallVector<
        std::pair<const llvm::BasicBlock *, const llvm::BasicBlock *>>
        loops;
    if (function.isDeclaration() || !passesMany(function))
      continue;
    llvm::FindFunctionBackedges(function, loops);
    if (!loops.empty())
      continue;
    function.removeFnAttr(llvm::Attribute::AlwaysInline);
    function.addFnAttr(llvm::Attribute::NoInline);
    function.addFnAttr(llvm::Attribute::OptimizeNone);
  }
}

llvm::Expected<llvm::SmallVector<char, 0>>
emitFile(llvm::Module &module, llvm::TargetMachine &machine,
         llvm::CodeGenFileType type) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  generateGlueFast(module);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, type,
                                  /*DisableVerify=*/true))
    return llvm::createStringError("the target writes no such files");
  passes.run(module);
  return bytes;
}

} // namespace mg::codegen
