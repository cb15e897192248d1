//===- FixDims.cpp - Symbolic dimensions get their sizes ------------------===//
//
// In:    tensors with `?` dimensions, named and bounded by #mg.dims, and a size
//        per name.
// Out:   static tensors without encoding.
//
//          tensor<?x64xf32, #mg.dims<batch = 1 to 64, _>>, dims=batch=8
//            =>
//          tensor<8x64xf32>
//
// Never: guesses: a `?` without a size, or a size out of bounds, is an error.
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "ir/Dialect.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_FIXDIMS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

namespace {

struct FixDims : mg::impl::FixDimsBase<FixDims> {
  using FixDimsBase::FixDimsBase;

  void runOnOperation() override {
    if (failed(readSizes()) || failed(checkSymbols()))
      return signalPassFailure();
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](RankedTensorType type) -> std::optional<Type> {
      return fixed(type);
    });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }

private:
  LogicalResult readSizes();
  LogicalResult checkSymbols();
  LogicalResult checkType(Location loc, RankedTensorType type);
  Type fixed(RankedTensorType type);

  llvm::StringMap<int64_t> sizes;
  /// Names that were reported: once is enough.
  llvm::StringSet<> reported;
};

} // namespace

LogicalResult FixDims::readSizes() {
  for (StringRef item : dims) {
    auto [name, text] = item.split('=');
    int64_t size;
    if (name.empty() || text.getAsInteger(10, size) || size < 0)
      return getOperation()->emitError("'")
             << item << "' is not NAME=SIZE, as in batch=8";
    sizes[name] = size;
  }
  return success();
}

LogicalResult FixDims::checkType(Location loc, RankedTensorType type) {
  auto bounds = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  bool ok = true;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim))
      continue;
    StringRef name = bounds ? bounds.getNames()[dim].getValue() : "?";
    auto size = sizes.find(name);
    if (size == sizes.end()) {
      ok = false;
      if (reported.insert(name).second)
        emitError(loc, "not supported yet: dimension '")
            << name << "' has no size: give --dim " << name << "=N";
    } else if (size->second < bounds.getLo()[dim] ||
               size->second > bounds.getHi()[dim]) {
      ok = false;
      if (reported.insert(name).second)
        emitError(loc, "dimension '")
            << name << "' is from " << bounds.getLo()[dim] << " to "
            << bounds.getHi()[dim] << ", not " << size->second;
    }
  }
  return success(ok);
}

LogicalResult FixDims::checkSymbols() {
  bool ok = true;
  auto check = [&](Location loc, Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      ok &= succeeded(checkType(loc, tensor));
  };
  getOperation().walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      check(op->getLoc(), type);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument argument : block.getArguments())
          check(argument.getLoc(), argument.getType());
  });
  return success(ok);
}

Type FixDims::fixed(RankedTensorType type) {
  auto bounds = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  if (!bounds)
    return type;
  SmallVector<int64_t> shape(type.getShape());
  for (auto [size, name] : llvm::zip(shape, bounds.getNames()))
    if (ShapedType::isDynamic(size))
      size = sizes.lookup(name.getValue());
  return RankedTensorType::get(shape, type.getElementType());
}
