//===- EmitDescriptor.cpp - NAME_model() and the tables behind it ---------===//
//
// And NAME_load_weights() where there are weights outside, NAME_place_state()
// and NAME_load_state() where there is state: the runtime's generic functions
// on the descriptor.
//
// The tables are those of minigrad/model.h, as constants. Every entry gets a
// thunk of the uniform type `mg_entry_function`, which takes the pointers out
// of the caller's tables and jumps to the public function.
//
//===----------------------------------------------------------------------===//
#include "codegen/object/EmitEntry.h"

#include "minigrad/model.h"
#include "minigrad/status.h"

#include "llvm/IR/IRBuilder.h"

namespace mg::codegen {

using llvm::Constant;
using llvm::Function;
using llvm::Value;

namespace {

class DescriptorEmitter {
public:
  DescriptorEmitter(llvm::Module &module, const Model &model,
                    const Architecture &architecture)
      : module(module), model(model), architecture(architecture),
        b(module.getContext()), pointer(b.getPtrTy()) {}
  void emit(llvm::StringRef levels);

private:
  Constant *constant(Constant *value);
  Constant *text(llvm::StringRef value) {
    return constant(llvm::ConstantDataArray::getString(b.getContext(), value));
  }
  Constant *record(llvm::ArrayRef<Constant *> fields) {
    return llvm::ConstantStruct::getAnon(b.getContext(), fields);
  }
  /// The address of an array of records of one type; null if there are none.
  Constant *table(llvm::ArrayRef<Constant *> records);
  Constant *argument(const Argument &argument);
  Constant *arguments(llvm::ArrayRef<Argument> arguments);
  Constant *entry(const ModelEntry &entry);
  Function *thunk(const ModelEntry &entry);
  /// Values for the parameters of the public function, from the tables.
  std::vector<Value *> parameters(const ModelEntry &entry, Function *thunk);
  Value *stateOf(const ModelEntry &entry, Function *thunk);
  Value *loadFrom(Value *table, size_t i) {
    return b.CreateLoad(pointer,
                        b.CreateConstInBoundsGEP1_64(pointer, table, i));
  }
  /// int NAME_WHAT(first, second): the runtime's mg_model_WHAT on the
  /// descriptor.
  void emitForward(Constant *descriptor, llvm::StringRef what);
  Function *create(llvm::FunctionType *type, llvm::Twine name, bool isPublic);

  llvm::Module &module;
  const Model &model;
  const Architecture &architecture;
  llvm::IRBuilder<> b;
  llvm::PointerType *pointer;
};

Constant *DescriptorEmitter::constant(Constant *value) {
  auto *global = new llvm::GlobalVariable(
      module, value->getType(), /*isConstant=*/true,
      llvm::GlobalValue::PrivateLinkage, value, model.name + ".table");
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  return global;
}

Constant *DescriptorEmitter::table(llvm::ArrayRef<Constant *> records) {
  if (records.empty())
    return llvm::ConstantPointerNull::get(pointer);
  return constant(llvm::ConstantArray::get(
      llvm::ArrayType::get(records.front()->getType(), records.size()),
      records));
}

Constant *DescriptorEmitter::argument(const Argument &argument) {
  const llvm::SmallVector<uint64_t> shape(argument.shape.begin(),
                                          argument.shape.end());
  return record({text(argument.name), b.getInt32(argument.dtype),
                 b.getInt32(shape.size()),
                 constant(llvm::ConstantDataArray::get(
                     b.getContext(), llvm::ArrayRef<uint64_t>(shape)))});
}

Constant *DescriptorEmitter::arguments(llvm::ArrayRef<Argument> arguments) {
  llvm::SmallVector<Constant *> records;
  for (const Argument &one : arguments)
    records.push_back(argument(one));
  return table(records);
}

Function *DescriptorEmitter::create(llvm::FunctionType *type, llvm::Twine name,
                                    bool isPublic) {
  Function *function =
      Function::Create(type,
                       isPublic ? llvm::GlobalValue::ExternalLinkage
                                : llvm::GlobalValue::InternalLinkage,
                       name, module);
  function->addFnAttr("target-cpu", architecture.cpu);
  function->addFnAttr(llvm::Attribute::NoUnwind);
  function->setUWTableKind(llvm::UWTableKind::Async);
  b.SetInsertPoint(llvm::BasicBlock::Create(b.getContext(), "", function));
  return function;
}

/// A `struct NAME_state` with the fields that the entry uses.
Value *DescriptorEmitter::stateOf(const ModelEntry &entry, Function *thunk) {
  auto *type = llvm::ArrayType::get(pointer, model.state.size());
  Value *fields = b.CreateAlloca(type);
  const auto fill = [&](Value *table, llvm::ArrayRef<int> places) {
    for (auto [i, place] : llvm::enumerate(places))
      if (place >= 0)
        b.CreateStore(loadFrom(table, i),
                      b.CreateConstInBoundsGEP1_64(pointer, fields, place));
  };
  fill(thunk->getArg(1), entry.inputState);
  fill(thunk->getArg(2), entry.outputState);
  return fields;
}

std::vector<Value *> DescriptorEmitter::parameters(const ModelEntry &entry,
                                                   Function *thunk) {
  std::vector<Value *> values;
  if (entry.takesState())
    values.push_back(stateOf(entry, thunk));
  // A table of the weights' pointers has the layout of `struct NAME_weights`.
  if (takesWeights(model, entry))
    values.push_back(thunk->getArg(0));
  for (size_t i = 0; i < entry.entry.inputs.size(); ++i)
    if (entry.isInputParameter(i))
      values.push_back(loadFrom(thunk->getArg(1), i));
  for (size_t i = 0; i < entry.entry.outputs.size(); ++i)
    if (entry.isOutputParameter(i))
      values.push_back(loadFrom(thunk->getArg(2), i));
  values.push_back(thunk->getArg(3));
  values.push_back(thunk->getArg(4));
  return values;
}

/// int (weights, inputs, outputs, workspace, pool)
Function *DescriptorEmitter::thunk(const ModelEntry &entry) {
  auto *type = llvm::FunctionType::get(
      b.getInt32Ty(), std::vector<llvm::Type *>(5, pointer), false);
  Function *function = create(type, entry.entry.symbol + ".call", false);
  const auto refuse = [&](Value *condition) {
    auto *fail = llvm::BasicBlock::Create(b.getContext(), "", function);
    auto *next = llvm::BasicBlock::Create(b.getContext(), "", function);
    b.CreateCondBr(condition, fail, next);
    b.SetInsertPoint(fail);
    b.CreateRet(b.getInt32(MG_ERROR_ARGUMENT));
    b.SetInsertPoint(next);
  };
  for (auto [i, count] : {std::pair(1u, entry.entry.inputs.size()),
                          std::pair(2u, entry.entry.outputs.size())})
    if (count > 0)
      refuse(b.CreateIsNull(function->getArg(i)));
  for (auto [output, input] : llvm::enumerate(entry.entry.updates))
    if (input >= 0)
      refuse(b.CreateICmpNE(loadFrom(function->getArg(1), input),
                            loadFrom(function->getArg(2), output)));
  b.CreateRet(b.CreateCall(module.getFunction(entry.entry.symbol),
                           parameters(entry, function)));
  return function;
}

Constant *DescriptorEmitter::entry(const ModelEntry &entry) {
  const Entry &e = entry.entry;
  llvm::SmallVector<Constant *> updates;
  for (int input : e.updates)
    updates.push_back(b.getInt32(input));
  return record({text(e.name), thunk(entry), b.getInt64(e.workspaceBytes),
                 b.getInt64(e.alignment), b.getInt32(e.inputs.size()),
                 b.getInt32(e.outputs.size()), arguments(e.inputs),
                 arguments(e.outputs), table(updates)});
}

void DescriptorEmitter::emitForward(Constant *descriptor,
                                    llvm::StringRef what) {
  llvm::Type *i32 = b.getInt32Ty();
  Function *function =
      create(llvm::FunctionType::get(i32, {pointer, pointer}, false),
             model.name + "_" + what, true);
  auto callee = module.getOrInsertFunction(("mg_model_" + what).str(), i32,
                                           pointer, pointer, pointer);
  b.CreateRet(b.CreateCall(
      callee, {descriptor, function->getArg(0), function->getArg(1)}));
}

void DescriptorEmitter::emit(llvm::StringRef levels) {
  llvm::SmallVector<Constant *> entries, weights, state;
  for (const ModelEntry &one : model.entries)
    entries.push_back(entry(one));
  for (const Weight *weight : model.getOutsideWeights())
    weights.push_back(argument(weight->argument));
  for (const StateArray &array : model.state)
    state.push_back(argument(array.argument));
  Constant *descriptor =
      constant(record({b.getInt32(MG_ABI_VERSION), b.getInt32(entries.size()),
                       text(model.title), text(levels), table(entries),
                       b.getInt32(weights.size()), b.getInt32(state.size()),
                       table(weights), table(state)}));
  create(llvm::FunctionType::get(pointer, false), model.name + "_model", true);
  b.CreateRet(descriptor);
  if (!weights.empty())
    emitForward(descriptor, "load_weights");
  if (state.empty())
    return;
  emitForward(descriptor, "place_state");
  emitForward(descriptor, "load_state");
}

} // namespace

void emitDescriptor(llvm::Module &module, const Model &model,
                    llvm::ArrayRef<const Level *> levels) {
  DescriptorEmitter(module, model, *levels.front()->architecture)
      .emit(levelList(levels, ","));
}

} // namespace mg::codegen
