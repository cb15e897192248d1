//===- Inference.cpp - the checks that ops share --------------------------===//
#include "ir/Inference.h"
#include "ir/Dialect.h"
#include "ir/Interfaces.h"

using namespace mlir;
using namespace mlir::mg;

#include "ir/MgInterfaces.cpp.inc"

InFlightDiagnostic Inference::error() const {
  InFlightDiagnostic diagnostic = emitError();
  diagnostic << name << ": ";
  return diagnostic;
}

//===----------------------------------------------------------------------===//
// Operands and wanted types
//===----------------------------------------------------------------------===//

/// T1, T2, T4, and that every `?` has a name (T3).
LogicalResult Inference::checkTensor(Type type, const Twine &what) const {
  auto tensor = dyn_cast_or_null<RankedTensorType>(type);
  if (!tensor)
    return error() << what << " is no ranked tensor";
  if (!isElementType(tensor.getElementType()))
    return error() << what << " has the element type "
                   << tensor.getElementType() << ", which is none of ours";
  if (tensor.getRank() > maxRank)
    return error() << what << " has rank " << tensor.getRank()
                   << ", the largest is " << maxRank;
  Attribute encoding = tensor.getEncoding();
  auto dims = dyn_cast_or_null<DimsAttr>(encoding);
  if (encoding && !dims)
    return error() << what << " has an encoding that is no #mg.dims";
  if (!dims && !tensor.hasStaticShape())
    return error() << what << " has a '?' without a name: write "
                   << "#mg.dims<name = lo to hi>";
  if (dims && tensor.hasStaticShape())
    return error() << what << " has #mg.dims but no '?'";
  if (!checkedProduct(shapeOf(tensor), elementBytes(tensor.getElementType())))
    return error() << what << " " << describe(type) << " is too large";
  return success();
}

/// One name has one pair of bounds.
LogicalResult Inference::checkSymbols(ArrayRef<Dim> shape) {
  for (const Dim &dim : shape) {
    if (dim.isStatic())
      continue;
    auto *known = llvm::find_if(
        symbols, [&](const Dim &other) { return other.symbol == dim.symbol; });
    if (known == symbols.end())
      symbols.push_back(dim);
    else if (!(*known == dim))
      return error() << "'" << dim.symbol.getValue() << "' is " << known->lo
                     << " to " << known->hi << " and " << dim.lo << " to "
                     << dim.hi;
  }
  return success();
}

LogicalResult Inference::checkOperands() {
  for (auto [i, type] : llvm::enumerate(operandTypes)) {
    if (failed(checkTensor(type, "operand " + Twine(i))) ||
        failed(checkSymbols(shape(i))))
      return failure();
  }
  if (!wantedTypes.empty())
    for (Type type : wantedTypes)
      if (failed(checkTensor(type, "the result")) ||
          failed(checkSymbols(shapeOf(cast<RankedTensorType>(type)))))
        return failure();
  return success();
}

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

LogicalResult Inference::expectOperands(size_t count) const {
  if (getNumOperands() == count)
    return success();
  return error() << "takes " << count << " operand" << plural(count) << ", not "
                 << getNumOperands();
}

LogicalResult Inference::expectOperandsAtLeast(size_t count) const {
  if (getNumOperands() >= count)
    return success();
  return error() << "takes at least " << count << " operand" << plural(count);
}

RankedTensorType Inference::wanted(unsigned i) const {
  return i < wantedTypes.size() ? cast<RankedTensorType>(wantedTypes[i])
                                : RankedTensorType();
}

FailureOr<RankedTensorType> Inference::required(unsigned i) const {
  if (RankedTensorType type = wanted(i))
    return type;
  return error() << "the result's type must be given";
}

static std::string nameClasses(unsigned classes) {
  if (classes == numberClasses)
    return "numbers";
  SmallVector<StringRef> names;
  auto add = [&](ElementClass c, StringRef name) {
    if (classes & static_cast<unsigned>(c))
      names.push_back(name);
  };
  add(ElementClass::Float, "floats");
  add(ElementClass::Signed, "signed integers");
  add(ElementClass::Unsigned, "unsigned integers");
  add(ElementClass::Bool, "bool");
  return llvm::join(names, ", ");
}

LogicalResult Inference::expectClass(Type element, unsigned classes) const {
  if (classes & static_cast<unsigned>(classOf(element)))
    return success();
  return error() << "takes " << nameClasses(classes) << ", not "
                 << describe(element);
}

LogicalResult Inference::expectEqualElements(unsigned i, unsigned j) const {
  if (element(i) == element(j))
    return success();
  return error() << "element types " << describe(element(i)) << " and "
                 << describe(element(j)) << " differ";
}

LogicalResult Inference::expectEqualTypes(unsigned i, unsigned j) const {
  if (failed(expectEqualElements(i, j)))
    return failure();
  if (shape(i) == shape(j))
    return success();
  return error() << "shapes differ (" << describe(operand(i)) << " and "
                 << describe(operand(j)) << ")";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

LogicalResult Inference::missing(StringRef key) const {
  return error() << "attribute '" << key << "' is "
                 << (has(key) ? "of another kind" : "missing");
}

LogicalResult Inference::read(StringRef key, ArrayRef<int64_t> &value) const {
  DenseI64ArrayAttr array;
  if (failed(read(key, array)))
    return failure();
  value = array;
  return success();
}

LogicalResult Inference::read(StringRef key, int64_t &value) const {
  auto integer = dyn_cast_or_null<IntegerAttr>(get(key));
  if (!integer || !integer.getType().isSignlessInteger(64))
    return missing(key);
  value = integer.getInt();
  return success();
}

LogicalResult Inference::read(StringRef key, int64_t &value,
                              int64_t missing) const {
  value = missing;
  return has(key) ? read(key, value) : success();
}

LogicalResult Inference::readDim(StringRef key, int64_t rank,
                                 int64_t &dim) const {
  if (failed(read(key, dim)))
    return failure();
  if (dim >= 0 && dim < rank)
    return success();
  return error() << key << " " << dim << " is no dimension of rank " << rank;
}

LogicalResult Inference::readDims(StringRef key, int64_t rank,
                                  ArrayRef<int64_t> &dims,
                                  bool optional) const {
  if (optional && !has(key))
    return success();
  if (failed(read(key, dims)))
    return failure();
  SmallVector<bool, maxRank> seen(rank);
  for (int64_t dim : dims) {
    if (dim < 0 || dim >= rank)
      return error() << key << ": " << dim << " is no dimension of rank "
                     << rank;
    if (seen[dim])
      return error() << key << ": " << dim << " stands there twice";
    seen[dim] = true;
  }
  return success();
}

LogicalResult Inference::readSizes(StringRef key, size_t count, StringRef per,
                                   ArrayRef<int64_t> &sizes,
                                   int64_t least) const {
  if (failed(read(key, sizes)))
    return failure();
  if (sizes.size() != count)
    return error() << key << " has " << sizes.size() << " entr"
                   << (sizes.size() == 1 ? "y" : "ies") << ", one per " << per
                   << " is needed (" << count << ")";
  for (int64_t size : sizes)
    if (size < least)
      return error() << key << ": " << size << " is less than " << least;
  return success();
}

//===----------------------------------------------------------------------===//
// The answer
//===----------------------------------------------------------------------===//

LogicalResult Inference::result(RankedTensorType type) {
  if (failed(checkTensor(type, "the result")))
    return failure();
  results.push_back(type);
  return success();
}

LogicalResult Inference::result(ArrayRef<Dim> shape, Type element) {
  return result(tensorOf(shape, element));
}

LogicalResult Inference::inferSameType(unsigned classes) {
  if (failed(expectOperandsAtLeast(1)))
    return failure();
  for (size_t i = 1; i < getNumOperands(); ++i)
    if (failed(expectEqualTypes(0, i)))
      return failure();
  if (failed(expectClass(element(0), classes)))
    return failure();
  return result(operand(0));
}

LogicalResult mg::verifyInferredTypes(Operation *op) {
  SmallVector<Type> operands(op->getOperandTypes()),
      wanted(op->getResultTypes()), inferred;
  auto emitError = [&] { return mlir::emitError(op->getLoc()); };
  if (failed(cast<ShapeInfer>(op).inferTypes(op->getContext(), emitError,
                                             operands, op->getAttrDictionary(),
                                             wanted, inferred)))
    return failure();
  StringRef name = op->getName().stripDialect();
  if (inferred.size() != wanted.size())
    return emitError() << name << ": has " << inferred.size()
                       << " results, not " << wanted.size();
  for (auto [type, inferred] : llvm::zip(wanted, inferred))
    if (type != inferred)
      return emitError() << name << ": the result is " << describe(inferred)
                         << ", not " << describe(type);
  return success();
}

LogicalResult mg::inferWith(InferTypesFn *infer, MLIRContext *context,
                            std::optional<Location> loc, ValueRange operands,
                            DictionaryAttr attributes,
                            SmallVectorImpl<Type> &results) {
  SmallVector<Type> types(operands.getTypes());
  return infer(
      context,
      [&] { return emitError(loc.value_or(UnknownLoc::get(context))); }, types,
      attributes, {}, results);
}
