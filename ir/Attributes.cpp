//===- Attributes.cpp - enums, and names and bounds of `?` ----------------===//
#include "ir/Dialect.h"
#include "ir/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::mg;

#include "ir/MgEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/MgAttributes.cpp.inc"

void MgDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/MgAttributes.cpp.inc"
      >();
}

/// `_` or `name = lo to hi`.
static ParseResult parseDim(AsmParser &parser,
                            SmallVectorImpl<StringAttr> &names,
                            SmallVectorImpl<int64_t> &lo,
                            SmallVectorImpl<int64_t> &hi) {
  StringRef name;
  int64_t low = 0, high = 0;
  if (parser.parseKeyword(&name))
    return failure();
  if (name == "_")
    name = "";
  else if (parser.parseEqual() || parser.parseInteger(low) ||
           parser.parseKeyword("to") || parser.parseInteger(high))
    return failure();
  names.push_back(parser.getBuilder().getStringAttr(name));
  lo.push_back(low);
  hi.push_back(high);
  return success();
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> lo, hi;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, [&] {
        return parseDim(parser, names, lo, hi);
      }))
    return {};
  return parser.getChecked<DimsAttr>(loc, parser.getContext(), names, lo, hi);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(llvm::seq(getNames().size()), printer, [&](size_t i) {
    if (getNames()[i].empty())
      printer << "_";
    else
      printer << getNames()[i].getValue() << " = " << getLo()[i] << " to "
              << getHi()[i];
  });
  printer << ">";
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<StringAttr> names, ArrayRef<int64_t> lo,
                               ArrayRef<int64_t> hi) {
  if (names.size() != lo.size() || names.size() != hi.size())
    return emitError() << "dims: as many names as bounds are needed";
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i])
      return emitError() << "dims: a name is missing";
    if (names[i].empty())
      continue;
    if (lo[i] < 1 || lo[i] > hi[i])
      return emitError() << "dims: bounds of '" << names[i].getValue()
                         << "' are " << lo[i] << " to " << hi[i]
                         << "; 1 <= lo <= hi is needed";
    for (size_t j = 0; j < i; ++j)
      if (names[i] == names[j] && (lo[i] != lo[j] || hi[i] != hi[j]))
        return emitError() << "dims: '" << names[i].getValue()
                           << "' has two bounds";
  }
  return success();
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getNames().size())
    return emitError() << "dims: " << getNames().size() << " entries for "
                       << shape.size() << " dimensions";
  for (auto [size, name] : llvm::zip(shape, getNames()))
    if (ShapedType::isDynamic(size) == name.empty())
      return emitError() << "dims: a '?' needs a name, a static dimension "
                            "needs '_'";
  return success();
}
