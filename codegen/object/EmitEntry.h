//===- EmitEntry.h - public functions, descriptor and header of a model ---===//
#ifndef MG_CODEGEN_OBJECT_EMITENTRY_H
#define MG_CODEGEN_OBJECT_EMITENTRY_H

#include "codegen/Levels.h"
#include "codegen/object/Model.h"

#include "llvm/IR/Module.h"

namespace mg::codegen {

/// The hidden function of an entry for one level, `NAME_ENTRY.LEVEL`.
std::string bodyName(const ModelEntry &entry, const Level &level);

/// Per entry the public function: checks its arguments, picks a body by CPU.
void emitEntries(llvm::Module &module, const Model &model,
                 llvm::ArrayRef<const Level *> levels);

/// `NAME_model()` and its tables; needs the entries.
void emitDescriptor(llvm::Module &module, const Model &model,
                    llvm::ArrayRef<const Level *> levels);

/// The C99 header.
std::string headerText(const Model &model,
                       llvm::ArrayRef<const Level *> levels);

/// Whether an entry's first argument is `const struct NAME_weights *`.
bool takesWeights(const Model &model, const ModelEntry &entry);

/// "x86-64-v3,x86-64-v4".
std::string levelList(llvm::ArrayRef<const Level *> levels,
                      llvm::StringRef separator);

} // namespace mg::codegen

#endif // MG_CODEGEN_OBJECT_EMITENTRY_H
