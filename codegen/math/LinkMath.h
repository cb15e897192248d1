//===- LinkMath.h - the level's functions go in and disappear -------------===//
#ifndef MG_CODEGEN_MATH_LINKMATH_H
#define MG_CODEGEN_MATH_LINKMATH_H

#include "codegen/Levels.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace mg::codegen {

/// Brings in the vector math that `module` calls, private to it, and marks
/// every function with the level's CPU. Fails where a function would be missing
/// at link time.
llvm::Error linkMath(llvm::Module &module, const Level &level);

} // namespace mg::codegen

#endif // MG_CODEGEN_MATH_LINKMATH_H
