//===- LoadedObject.cpp - an object of ours in this process ---------------===//
//
// The same object as ahead of time, linked by JITLink: memory is writable, then
// executable, never both. It sees the runtime's functions below and nothing
// else of the process.
//
//===----------------------------------------------------------------------===//
#include "codegen/Compiler.h"

#include "codegen/object/EmitObject.h"
#include "minigrad/call.h"
#include "minigrad/cpu.h"
#include "minigrad/model.h"
#include "minigrad/profile.h"

#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"

#include <cmath>
#include <cstring>

namespace mg::codegen {

using namespace llvm::orc;

struct LoadedObject::State {
  std::unique_ptr<LLJIT> jit;
};

LoadedObject::LoadedObject(std::unique_ptr<State> state)
    : state(std::move(state)) {}

LoadedObject::~LoadedObject() = default;

/// What generated code may call. LLVM makes calls of the memory functions and
/// of fmod and its like by itself.
static SymbolMap runtimeSymbols(const LLJIT &jit) {
  SymbolMap symbols;
  const auto add = [&](llvm::StringRef name, auto *address) {
    symbols[jit.mangleAndIntern(name)] = {ExecutorAddr::fromPtr(address),
                                          llvm::JITSymbolFlags::Exported |
                                              llvm::JITSymbolFlags::Callable};
  };
  add("mg_call_argsort", &mg_call_argsort);
  add("mg_cpu_features", &mg_cpu_features);
  add("mg_model_load_state", &mg_model_load_state);
  add("mg_model_load_weights", &mg_model_load_weights);
  add("mg_model_place_state", &mg_model_place_state);
  add("mg_parallel_for", &mg_parallel_for);
  add("mg_pool_threads", &mg_pool_threads);
  add("mg_profile_begin", &mg_profile_begin);
  add("mg_profile_end", &mg_profile_end);
  add("memcpy", static_cast<void *(*)(void *, const void *, size_t)>(&memcpy));
  add("memmove",
      static_cast<void *(*)(void *, const void *, size_t)>(&memmove));
  add("memset", static_cast<void *(*)(void *, int, size_t)>(&memset));
  add("fmod", static_cast<double (*)(double, double)>(&::fmod));
  add("fmodf", &::fmodf);
  add("fma", static_cast<double (*)(double, double, double)>(&::fma));
  add("fmaf", &::fmaf);
  return symbols;
}

llvm::Expected<std::unique_ptr<LoadedObject>>
LoadedObject::load(llvm::ArrayRef<char> object) {
  auto machine = makeTargetMachine(*findLevel("native")->architecture,
                                   /*optLevel=*/2); // registers it, too
  if (!machine)
    return machine.takeError();
  LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(
      JITTargetMachineBuilder((*machine)->getTargetTriple()));
  builder.setPlatformSetUp(setUpInactivePlatform); // there are no initializers
  builder.setLinkProcessSymbolsByDefault(false);
  builder.setObjectLinkingLayerCreator(
      [](ExecutionSession &session, const llvm::Triple &) {
        return std::make_unique<ObjectLinkingLayer>(session);
      });
  auto state = std::make_unique<State>();
  if (llvm::Error error = builder.create().moveInto(state->jit))
    return error;
  JITDylib &library = state->jit->getMainJITDylib();
  if (llvm::Error error =
          library.define(absoluteSymbols(runtimeSymbols(*state->jit))))
    return error;
  auto bytes = llvm::MemoryBuffer::getMemBufferCopy(
      {object.data(), object.size()}, "minigrad object");
  if (llvm::Error error = state->jit->addObjectFile(std::move(bytes)))
    return error;
  return std::unique_ptr<LoadedObject>(new LoadedObject(std::move(state)));
}

llvm::Expected<void *> LoadedObject::lookup(llvm::StringRef symbol) const {
  auto address = state->jit->lookup(symbol);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}

} // namespace mg::codegen
