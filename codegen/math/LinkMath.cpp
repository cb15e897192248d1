//===- LinkMath.cpp - bitcode of the vector math into a level's module ----===//
//
// The bitcode is opened lazily and only what is called is read, so a module
// without math pays nothing. `always_inline` ignores that caller and callee
// were made for different CPUs; so both get the same attributes here. The table
// that they come from gave the bitcode its flags: this level's, or a part.
//
//===----------------------------------------------------------------------===//
#include "codegen/math/LinkMath.h"

#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Transforms/IPO/Internalize.h"

namespace mg::codegen {

static void setLevel(llvm::Function &function, const Level &level) {
  function.addFnAttr("target-cpu", level.cpu);
  function.addFnAttr("tune-cpu", level.tune);
  function.removeFnAttr("target-features"); // the bitcode brings clang's list
  if (!level.features.empty())
    function.addFnAttr("target-features", level.features);
  // x86-64-v4 alone prefers 256 bits and would split <16 x float>.
  const std::string bits = std::to_string(level.lanes * 32);
  function.addFnAttr("prefer-vector-width", bits);
  function.addFnAttr("min-legal-vector-width", bits);
  function.addFnAttr(llvm::Attribute::NoUnwind);
  // Debuggers and profilers walk through the function.
  function.setUWTableKind(llvm::UWTableKind::Async);
}

/// A declaration that is left is a function of the runtime, in C; so neither
/// malloc nor a vector function that the bitcode lacks.
static bool mayCall(const llvm::Function &function) {
  return function.isIntrinsic() ||
         (function.getName().starts_with("mg_") &&
          !function.getReturnType()->isVectorTy()) ||
         llvm::is_contained({"fmod", "fmodf"}, function.getName());
}

llvm::Error linkMath(llvm::Module &module, const Level &level) {
  auto math = llvm::getOwningLazyBitcodeModule(
      llvm::MemoryBuffer::getMemBuffer(level.bitcode, level.name,
                                       /*RequiresNullTerminator=*/false),
      module.getContext());
  if (!math)
    return math.takeError();
  const auto makePrivate = [](llvm::Module &linked,
                              const llvm::StringSet<> &names) {
    llvm::internalizeModule(linked, [&](const llvm::GlobalValue &value) {
      return !names.contains(value.getName());
    });
  };
  if (llvm::Linker::linkModules(module, std::move(*math),
                                llvm::Linker::LinkOnlyNeeded, makePrivate))
    return llvm::createStringError("cannot link the math of " + level.name);
  for (llvm::Function &function : module) {
    if (!function.isDeclaration())
      setLevel(function, level);
    else if (!mayCall(function))
      return llvm::createStringError("generated code for " + level.name +
                                     " calls " + function.getName());
  }
  return llvm::Error::success();
}

} // namespace mg::codegen
