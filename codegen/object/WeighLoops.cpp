//===- WeighLoops.cpp - tells LLVM how often its loops run ----------------===//
#include "codegen/object/WeighLoops.h"

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/MDBuilder.h"

namespace mg::codegen {

llvm::PreservedAnalyses WeighLoops::run(llvm::Function &function,
                                        llvm::FunctionAnalysisManager &am) {
  auto &scev = am.getResult<llvm::ScalarEvolutionAnalysis>(function);
  llvm::MDBuilder metadata(function.getContext());
  for (llvm::Loop *loop :
       am.getResult<llvm::LoopAnalysis>(function).getLoopsInPreorder()) {
    llvm::BasicBlock *exiting = loop->getExitingBlock();
    auto *branch =
        exiting ? llvm::dyn_cast<llvm::BranchInst>(exiting->getTerminator())
                : nullptr;
    // How often the exit is asked; once it is taken.
    const unsigned count = scev.getSmallConstantTripCount(loop);
    if (!branch || !branch->isConditional() || count == 0)
      continue;
    const bool staysIfTrue = loop->contains(branch->getSuccessor(0));
    const uint32_t stays = count - 1;
    branch->setMetadata(llvm::LLVMContext::MD_prof,
                        metadata.createBranchWeights(staysIfTrue ? stays : 1,
                                                     staysIfTrue ? 1 : stays));
  }
  return llvm::PreservedAnalyses::all();
}

} // namespace mg::codegen
