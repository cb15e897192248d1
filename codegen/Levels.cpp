//===- Levels.cpp - the table of CPU levels -------------------------------===//
//
// The records come from cmake/Levels.cmake, the bitcode from MathBitcode.S.
//
//===----------------------------------------------------------------------===//
#include "codegen/Levels.h"

#include "codegen/Compiler.h"
#include "minigrad/cpu.h"

#define MG_LEVEL(SUFFIX, ARCHITECTURE, REQUIRED, NAME, LANES, REGISTERS, CPU,  \
                 TUNE, FEATURES, MATH)                                         \
  extern "C" const char mg_math_##MATH[], mg_math_##MATH##_end[];
#include "codegen/Levels.inc"
#undef MG_LEVEL

namespace mg::codegen {

#ifdef __x86_64__
static constexpr bool isX86 = true;
#else
static constexpr bool isX86 = false;
#endif
static constexpr Architecture x86_64 = {"x86_64-pc-linux-gnu", "x86-64", isX86};
static constexpr Architecture aarch64 = {"aarch64-unknown-linux-gnu", "generic",
                                         !isX86};

llvm::ArrayRef<Level> allLevels() {
#define MG_LEVEL(SUFFIX, ARCHITECTURE, REQUIRED, NAME, LANES, REGISTERS, CPU,  \
                 TUNE, FEATURES, MATH)                                         \
  {NAME,                                                                       \
   #SUFFIX,                                                                    \
   &ARCHITECTURE,                                                              \
   LANES,                                                                      \
   REGISTERS,                                                                  \
   CPU,                                                                        \
   TUNE,                                                                       \
   FEATURES,                                                                   \
   REQUIRED,                                                                   \
   {mg_math_##MATH, size_t(mg_math_##MATH##_end - mg_math_##MATH)}},
  static const Level levels[] = {
#include "codegen/Levels.inc"
  };
#undef MG_LEVEL
  return levels;
}

static const Level &bestLevel() {
  const uint64_t have = mg_cpu_features();
  const Level *best = &allLevels().front();
  for (const Level &level : allLevels())
    if (level.architecture->isHost && (have & level.required) == level.required)
      best = &level;
  return *best;
}

const Level *findLevel(llvm::StringRef name) {
  if (name == "native")
    return &bestLevel();
  for (const Level &level : allLevels())
    if (level.name == name)
      return &level;
  return nullptr;
}

uint64_t levelFeatures(llvm::StringRef name) {
  const Level *level = findLevel(name);
  return level ? level->required : 0;
}

static std::vector<std::string> namesOf(bool isHost) {
  std::vector<std::string> names;
  for (const Level &level : allLevels())
    if (level.architecture->isHost == isHost)
      names.push_back(level.name.str());
  return names;
}

std::vector<std::string> levelNames() { return namesOf(true); }
std::vector<std::string> crossLevelNames() { return namesOf(false); }

std::string nativeLevel() { return bestLevel().name.str(); }

} // namespace mg::codegen
