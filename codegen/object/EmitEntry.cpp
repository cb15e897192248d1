//===- EmitEntry.cpp - the function that the user calls -------------------===//
//
//   int NAME_ENTRY([state,] [weights,] inputs.., outputs.., workspace, pool)
//     a null array or a misaligned workspace   -> MG_ERROR_ARGUMENT
//     features = cache ?: ask the runtime      (once per object)
//     has the strongest level?                 -> its body; and so on down
//     none                                     -> MG_ERROR_CPU, never SIGILL
//
// Tests of a mask, not a function pointer: nothing writable to jump through, no
// dynamic relocation, 1.9 ns against 3.0 ns for an empty body (measured).
//
//===----------------------------------------------------------------------===//
#include "codegen/object/EmitEntry.h"

#include "minigrad/status.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"

namespace mg::codegen {

using llvm::BasicBlock;
using llvm::Function;
using llvm::Value;

std::string bodyName(const ModelEntry &entry, const Level &level) {
  return (entry.entry.symbol + "." + level.suffix).str();
}

bool takesWeights(const Model &model, const ModelEntry &entry) {
  return llvm::any_of(entry.weights, [&](unsigned place) {
    return model.weights[place].isOutside();
  });
}

std::string levelList(llvm::ArrayRef<const Level *> levels,
                      llvm::StringRef separator) {
  return llvm::join(
      llvm::map_range(levels, [](const Level *level) { return level->name; }),
      separator);
}

namespace {

/// Code that runs on any CPU of the architecture.
void prepare(Function &function, const Architecture &architecture) {
  function.addFnAttr("target-cpu", architecture.cpu);
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.setUWTableKind(llvm::UWTableKind::Async);
  function.setDSOLocal(true);
}

class EntryEmitter {
public:
  EntryEmitter(llvm::Module &module, const Model &model,
               llvm::ArrayRef<const Level *> levels)
      : module(module), model(model), levels(levels), b(module.getContext()),
        i32(b.getInt32Ty()), i64(b.getInt64Ty()), pointer(b.getPtrTy()) {}
  void emit();

private:
  void embedWeights();
  void emitFeatures();
  void emitEntry(const ModelEntry &entry);
  /// Jumps to a new block that returns `status` where `condition` holds.
  void returnIf(Value *condition, int status);
  /// The arrays and where they come from.
  struct Arrays {
    std::vector<Value *> inputs, weights, outputs;
    Value *workspace, *pool;
  };
  Arrays checkArguments(const ModelEntry &entry);
  Value *loadField(unsigned structure, unsigned place);
  void dispatch(const ModelEntry &entry);
  BasicBlock *block() {
    return BasicBlock::Create(module.getContext(), "", function);
  }
  llvm::MDNode *unlikely() {
    return llvm::MDBuilder(module.getContext()).createBranchWeights(1, 1000);
  }

  llvm::Module &module;
  const Model &model;
  llvm::ArrayRef<const Level *> levels;
  llvm::IRBuilder<> b;
  llvm::Type *i32, *i64, *pointer;

  /// The cached features of this CPU, 0 before the first call, and the cold
  /// function that fills it.
  llvm::GlobalVariable *cache = nullptr;
  Function *ask = nullptr;
  std::vector<llvm::Constant *> embedded; // per weight; null for those outside
  Function *function = nullptr;           // the entry at work
};

void EntryEmitter::embedWeights() {
  for (const Weight &weight : model.weights) {
    embedded.push_back(nullptr);
    if (weight.isOutside())
      continue;
    auto *bytes = llvm::ConstantDataArray::getRaw(
        {weight.bytes.data(), weight.bytes.size()}, weight.bytes.size(),
        b.getInt8Ty());
    auto *global =
        new llvm::GlobalVariable(module, bytes->getType(), /*isConstant=*/true,
                                 llvm::GlobalValue::InternalLinkage, bytes,
                                 model.name + ".weight." + weight.field);
    global->setAlignment(llvm::Align(64));
    embedded.back() = global;
  }
}

/// First call: ask the runtime and remember. Threads that meet here store the
/// same value.
void EntryEmitter::emitFeatures() {
  cache = new llvm::GlobalVariable(module, i64, /*isConstant=*/false,
                                   llvm::GlobalValue::InternalLinkage,
                                   b.getInt64(0), model.name + ".features");
  ask = Function::Create(llvm::FunctionType::get(i64, false),
                         llvm::GlobalValue::InternalLinkage,
                         model.name + ".ask", module);
  prepare(*ask, *levels.front()->architecture);
  ask->addFnAttr(llvm::Attribute::NoInline);
  ask->addFnAttr(llvm::Attribute::Cold);
  b.SetInsertPoint(BasicBlock::Create(module.getContext(), "", ask));
  Value *found =
      b.CreateCall(module.getOrInsertFunction("mg_cpu_features", i64));
  b.CreateAlignedStore(found, cache, llvm::Align(8))
      ->setAtomic(llvm::AtomicOrdering::Monotonic);
  b.CreateRet(found);
}

void EntryEmitter::returnIf(Value *condition, int status) {
  BasicBlock *yes = block(), *no = block();
  b.CreateCondBr(condition, yes, no, unlikely());
  b.SetInsertPoint(yes);
  b.CreateRet(b.getInt32(status));
  b.SetInsertPoint(no);
}

Value *EntryEmitter::loadField(unsigned structure, unsigned place) {
  return b.CreateLoad(
      pointer,
      b.CreateConstGEP1_64(pointer, function->getArg(structure), place));
}

/// Returns from the function where a pointer is wrong. An array without
/// elements may be null.
EntryEmitter::Arrays EntryEmitter::checkArguments(const ModelEntry &entry) {
  const Entry &e = entry.entry;
  const unsigned state = 0, weights = entry.takesState();
  unsigned next = weights + takesWeights(model, entry);
  Value *bad = b.getFalse();
  const auto refuse = [&](Value *condition) {
    bad = b.CreateOr(bad, condition);
  };
  for (unsigned structure = 0; structure < next; ++structure)
    refuse(b.CreateIsNull(function->getArg(structure)));
  Arrays arrays;
  const auto take = [&](const Argument &argument, Value *value) {
    if (byteSize(argument) != 0)
      refuse(b.CreateIsNull(value));
    return value;
  };
  arrays.inputs.resize(e.inputs.size());
  arrays.outputs.resize(e.outputs.size());
  for (auto [i, argument] : llvm::enumerate(e.inputs))
    if (entry.isInputParameter(i))
      arrays.inputs[i] = take(argument, function->getArg(next++));
  for (auto [i, argument] : llvm::enumerate(e.outputs))
    if (entry.isOutputParameter(i))
      arrays.outputs[i] = take(argument, function->getArg(next++));
  arrays.workspace = function->getArg(next);
  arrays.pool = function->getArg(next + 1);
  if (e.workspaceBytes > 0)
    refuse(b.CreateIsNull(arrays.workspace));
  Value *low = b.CreateAnd(b.CreatePtrToInt(arrays.workspace, i64),
                           b.getInt64(e.alignment - 1));
  refuse(b.CreateIsNotNull(low));
  returnIf(bad, MG_ERROR_ARGUMENT);

  // The structures are there: now what they hold.
  bad = b.getFalse();
  for (auto [i, argument] : llvm::enumerate(e.inputs))
    if (!entry.isInputParameter(i))
      arrays.inputs[i] = take(argument, loadField(state, entry.inputState[i]));
  for (auto [i, argument] : llvm::enumerate(e.outputs))
    if (entry.outputState[i] >= 0)
      arrays.outputs[i] =
          take(argument, loadField(state, entry.outputState[i]));
  for (unsigned place : entry.weights) {
    const Weight &weight = model.weights[place];
    arrays.weights.push_back(
        weight.isOutside()
            ? take(weight.argument, loadField(weights, weight.place))
            : embedded[place]);
  }
  if (bad != b.getFalse())
    returnIf(bad, MG_ERROR_ARGUMENT);
  return arrays;
}

void EntryEmitter::dispatch(const ModelEntry &entry) {
  const Arrays arrays = checkArguments(entry);
  // The order of the bodies; an updated input is no output.
  std::vector<Value *> arguments = arrays.inputs;
  llvm::append_range(arguments, arrays.weights);
  for (auto [i, value] : llvm::enumerate(arrays.outputs))
    if (entry.entry.updates[i] < 0)
      arguments.push_back(value);
  arguments.push_back(arrays.workspace);
  arguments.push_back(arrays.pool);
  auto *type = llvm::FunctionType::get(
      i32, std::vector<llvm::Type *>(arguments.size(), pointer), false);
  llvm::LoadInst *known = b.CreateAlignedLoad(i64, cache, llvm::Align(8));
  known->setAtomic(llvm::AtomicOrdering::Monotonic);
  BasicBlock *here = b.GetInsertBlock(), *first = block(), *test = block();
  b.CreateCondBr(b.CreateIsNull(known), first, test, unlikely());
  b.SetInsertPoint(first);
  Value *found = b.CreateCall(ask);
  b.CreateBr(test);
  b.SetInsertPoint(test);
  llvm::PHINode *have = b.CreatePHI(i64, 2);
  have->addIncoming(known, here);
  have->addIncoming(found, first);
  for (const Level *level : llvm::reverse(levels)) {
    auto *body = llvm::cast<Function>(
        module.getOrInsertFunction(bodyName(entry, *level), type).getCallee());
    body->setVisibility(llvm::GlobalValue::HiddenVisibility);
    body->setDSOLocal(true);
    BasicBlock *yes = block(), *no = block();
    Value *mask = b.getInt64(level->required);
    b.CreateCondBr(b.CreateICmpEQ(b.CreateAnd(have, mask), mask), yes, no);
    b.SetInsertPoint(yes);
    llvm::CallInst *call = b.CreateCall(type, body, arguments);
    // A jump where the body takes what the entry took: no frame of ours.
    call->setTailCallKind(type == function->getFunctionType()
                              ? llvm::CallInst::TCK_MustTail
                              : llvm::CallInst::TCK_Tail);
    b.CreateRet(call);
    b.SetInsertPoint(no);
  }
  b.CreateRet(b.getInt32(MG_ERROR_CPU));
}

void EntryEmitter::emitEntry(const ModelEntry &entry) {
  size_t count = entry.takesState() + takesWeights(model, entry) + 2;
  for (size_t i = 0; i < entry.entry.inputs.size(); ++i)
    count += entry.isInputParameter(i);
  for (size_t i = 0; i < entry.entry.outputs.size(); ++i)
    count += entry.isOutputParameter(i);
  auto *type = llvm::FunctionType::get(
      i32, std::vector<llvm::Type *>(count, pointer), false);
  function = Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                              entry.entry.symbol, module);
  prepare(*function, *levels.front()->architecture);
  b.SetInsertPoint(block());
  dispatch(entry);
}

void EntryEmitter::emit() {
  embedWeights();
  emitFeatures();
  for (const ModelEntry &entry : model.entries)
    emitEntry(entry);
}

} // namespace

void emitEntries(llvm::Module &module, const Model &model,
                 llvm::ArrayRef<const Level *> levels) {
  EntryEmitter(module, model, levels).emit();
}

} // namespace mg::codegen
