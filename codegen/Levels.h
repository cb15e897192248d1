//===- Levels.h - the CPU levels that code is generated for ---------------===//
//
// cmake/Levels.cmake as C++: LLVM attributes, vector width, detection and the
// bitcode of the vector math, one record per level.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_LEVELS_H
#define MG_CODEGEN_LEVELS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace mg::codegen {

/// What the levels of one object have in common.
struct Architecture {
  llvm::StringRef triple;
  llvm::StringRef cpu; // LLVM's name of any CPU of it
  bool isHost;
};

struct Level {
  llvm::StringRef name;   // as in --mcpu
  llvm::StringRef suffix; // of the level's functions and symbols
  const Architecture *architecture;
  unsigned lanes;                      // f32 lanes of its native vector
  unsigned registers;                  // native vectors that it holds
  llvm::StringRef cpu, tune, features; // LLVM's function attributes
  uint64_t required;       // the bits of mg_cpu_features() that it needs
  llvm::StringRef bitcode; // of the math, for this level or a lesser one
};

/// From weakest to strongest, those of other architectures last.
llvm::ArrayRef<Level> allLevels();
/// By the name in --mcpu, "native" included; null where there is none.
const Level *findLevel(llvm::StringRef name);

} // namespace mg::codegen

#endif // MG_CODEGEN_LEVELS_H
