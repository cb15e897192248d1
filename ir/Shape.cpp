//===- Shape.cpp - dimensions and types as inference sees them ------------===//
#include "ir/Shape.h"
#include "ir/Dialect.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::mg;

Shape mg::shapeOf(RankedTensorType type) {
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  Shape shape;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (!ShapedType::isDynamic(size))
      shape.push_back(size);
    else if (dims && i < dims.getNames().size())
      shape.push_back({dims.getNames()[i], dims.getLo()[i], dims.getHi()[i]});
    else
      shape.push_back({StringAttr::get(type.getContext(), ""), 0, 0});
  }
  return shape;
}

RankedTensorType mg::tensorOf(ArrayRef<Dim> shape, Type element) {
  MLIRContext *context = element.getContext();
  auto none = StringAttr::get(context, "");
  SmallVector<int64_t> sizes, lo, hi;
  SmallVector<StringAttr> names;
  for (const Dim &dim : shape) {
    sizes.push_back(dim.size);
    names.push_back(dim.isStatic() ? none : dim.symbol);
    lo.push_back(dim.isStatic() ? 0 : dim.lo);
    hi.push_back(dim.isStatic() ? 0 : dim.hi);
  }
  DimsAttr encoding;
  if (!llvm::all_of(shape, [](const Dim &dim) { return dim.isStatic(); }))
    encoding = DimsAttr::get(context, names, lo, hi);
  return RankedTensorType::get(sizes, element, encoding);
}

std::string mg::describe(const Dim &dim) {
  return dim.isStatic() ? std::to_string(dim.size) : dim.symbol.str();
}

static std::string describeElement(Type element) {
  if (element.isSignlessInteger(1))
    return "bool";
  std::string text;
  llvm::raw_string_ostream os(text);
  element.print(os);
  return text;
}

std::string mg::describe(Type type) {
  auto tensor = dyn_cast_or_null<RankedTensorType>(type);
  if (!tensor)
    return type ? describeElement(type) : "no type";
  std::string text = describeElement(tensor.getElementType()) + "[";
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      shapeOf(tensor), os, [&](const Dim &dim) { os << describe(dim); }, ",");
  os << "]";
  return text;
}

std::optional<int64_t> mg::checkedProduct(ArrayRef<Dim> shape, int64_t factor) {
  // A zero anywhere must not hide an overflow before it: consumers multiply
  // in any order.
  int64_t product = factor;
  bool empty = false;
  for (const Dim &dim : shape) {
    empty |= dim.hi == 0;
    if (llvm::MulOverflow(product, std::max<int64_t>(dim.hi, 1), product))
      return std::nullopt;
  }
  return empty ? 0 : product;
}

int64_t mg::elementBytes(Type element) {
  return isElementType(element) ? (element.getIntOrFloatBitWidth() + 7) / 8 : 0;
}

bool mg::isElementType(Type type) {
  if (type.isF16() || type.isBF16() || type.isF32() || type.isF64())
    return true;
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.isSigned())
    return false;
  unsigned width = integer.getWidth();
  return width == 8 || width == 16 || width == 32 || width == 64 ||
         (width == 1 && integer.isSignless());
}

ElementClass mg::classOf(Type element) {
  if (isa<FloatType>(element))
    return ElementClass::Float;
  if (element.isUnsignedInteger())
    return ElementClass::Unsigned;
  return element.isInteger(1) ? ElementClass::Bool : ElementClass::Signed;
}
