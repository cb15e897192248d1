//===- AddDebugScopes.cpp - the user's locations to DWARF scopes ----------===//
//
// Paths stay as the user's compiler wrote them, with no directory of ours: the
// same program gives the same object everywhere.
//
//===----------------------------------------------------------------------===//
#include "codegen/Passes.h"

#include "llvm/BinaryFormat/Dwarf.h"

namespace mg::codegen {

#define GEN_PASS_DEF_ADDDEBUGSCOPES
#include "codegen/Passes.h.inc"

using namespace mlir;

namespace {

/// The first user position inside a location, however it is named or fused.
FileLineColLoc positionIn(Location loc) {
  return loc->findInstanceOf<FileLineColLoc>();
}

class ScopeWriter {
public:
  explicit ScopeWriter(MLIRContext *context) : context(context) {}
  void write(LLVM::LLVMFuncOp function, FileLineColLoc at);

private:
  DistinctAttr freshId() {
    return DistinctAttr::create(UnitAttr::get(context));
  }
  LLVM::DIFileAttr fileOf(FileLineColLoc at) {
    return LLVM::DIFileAttr::get(context, at.getFilename().getValue(), "");
  }
  LLVM::DICompileUnitAttr unitFor(FileLineColLoc at);

  MLIRContext *context;
  /// One per module, named after the first function's file.
  LLVM::DICompileUnitAttr unit;
};

LLVM::DICompileUnitAttr ScopeWriter::unitFor(FileLineColLoc at) {
  if (!unit)
    unit = LLVM::DICompileUnitAttr::get(
        freshId(), llvm::dwarf::DW_LANG_C_plus_plus_14, fileOf(at),
        StringAttr::get(context, "minigrad"), /*isOptimized=*/true,
        LLVM::DIEmissionKind::LineTablesOnly);
  return unit;
}

void ScopeWriter::write(LLVM::LLVMFuncOp function, FileLineColLoc at) {
  const LLVM::DIFileAttr home = fileOf(at);
  const auto type =
      LLVM::DISubroutineTypeAttr::get(context, llvm::dwarf::DW_CC_normal, {});
  const StringAttr name = function.getNameAttr();
  const auto scope = LLVM::DISubprogramAttr::get(
      context, freshId(), unitFor(at), home, name, name, home, at.getLine(),
      at.getLine(),
      LLVM::DISubprogramFlags::Definition | LLVM::DISubprogramFlags::Optimized,
      type);
  function->setLoc(FusedLoc::get(context, {at}, scope));
  function.walk([&](Operation *op) {
    if (op == function)
      return;
    // LLVM wants a position on every call that may be inlined.
    const FileLineColLoc own = positionIn(op->getLoc());
    const FileLineColLoc place = own ? own : at;
    if (place.getFilename() == at.getFilename())
      return op->setLoc(place);
    const auto block =
        LLVM::DILexicalBlockFileAttr::get(context, scope, fileOf(place), 0);
    op->setLoc(FusedLoc::get(context, {place}, block));
  });
}

class AddDebugScopes : public impl::AddDebugScopesBase<AddDebugScopes> {
  void runOnOperation() final {
    ScopeWriter writer(&getContext());
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (const FileLineColLoc at = positionIn(function.getLoc());
          at && !function.isExternal())
        writer.write(function, at);
  }
};

} // namespace
} // namespace mg::codegen
