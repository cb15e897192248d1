//===- DescribeEntries.cpp - What the C interface needs to know -----------===//
//
// In:    public functions on static mg tensors.
// Out:   the same with mg.entry; arguments and results with mg.name (given, or
//        arg0.., out0..) and mg.dtype; the module with mg.name.
//
// Never: changes a type or an op.
//
//===----------------------------------------------------------------------===//

#include "passes/DTypes.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_DESCRIBEENTRIES
#include "passes/Passes.h.inc"
} // namespace mlir::mg

/// `attributes` with the dtype of `type` and a name.
static DictionaryAttr describe(DictionaryAttr attributes, Type type,
                               const Twine &name) {
  NamedAttrList list(attributes);
  MLIRContext *context = type.getContext();
  if (!list.get("mg.name"))
    list.set("mg.name", StringAttr::get(context, name));
  list.set("mg.dtype",
           StringAttr::get(context, dtypeOf(getElementTypeOrSelf(type)).name));
  return list.getDictionary(context);
}

static void describe(func::FuncOp entry) {
  entry->setAttr("mg.entry", UnitAttr::get(entry.getContext()));
  SmallVector<DictionaryAttr> arguments, results;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    arguments.push_back(describe(entry.getArgAttrDict(i),
                                 entry.getArgumentTypes()[i],
                                 "arg" + Twine(i)));
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    results.push_back(describe(entry.getResultAttrDict(i),
                               entry.getResultTypes()[i], "out" + Twine(i)));
  entry.setAllArgAttrs(arguments);
  entry.setAllResultAttrs(results);
}

namespace {

struct DescribeEntries : mg::impl::DescribeEntriesBase<DescribeEntries> {
  void runOnOperation() override {
    if (!getOperation()->hasAttr("mg.name"))
      getOperation()->setAttr("mg.name",
                              StringAttr::get(&getContext(), "model"));
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic())
        describe(function);
  }
};

} // namespace
