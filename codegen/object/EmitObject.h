//===- EmitObject.h - LLVM modules to optimized code and ELF objects ------===//
#ifndef MG_CODEGEN_OBJECT_EMITOBJECT_H
#define MG_CODEGEN_OBJECT_EMITOBJECT_H

#include "codegen/Levels.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <vector>

namespace mg::codegen {

/// One machine serves every CPU level of an architecture: a function's own
/// attributes say which CPU it is for. Use it from one thread.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(const Architecture &architecture, int optLevel);

void setTarget(llvm::Module &module, const llvm::TargetMachine &machine);

/// Inlines the math and cleans up; `optLevel` as in -O.
void optimize(llvm::Module &module, llvm::TargetMachine &machine, int optLevel);

/// Moves every body into `into` (same context); then only the symbols of
/// `visible` stay visible.
llvm::Error linkLevels(llvm::Module &into,
                       std::vector<std::unique_ptr<llvm::Module>> levels,
                       const llvm::StringSet<> &visible);

llvm::Expected<llvm::SmallVector<char, 0>>
emitFile(llvm::Module &module, llvm::TargetMachine &machine,
         llvm::CodeGenFileType type);

} // namespace mg::codegen

#endif // MG_CODEGEN_OBJECT_EMITOBJECT_H
