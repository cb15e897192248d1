//===- Ops.cpp - what ODS generates, and custom syntax --------------------===//
#include "ir/Ops.h"
#include "ir/ElementwiseRules.h"
#include "ir/ScalarBuilder.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::mg;

/// `?` stands for ShapedType::kDynamic in lists of sizes.
static ParseResult parseSize(AsmParser &parser, int64_t &size) {
  if (parser.parseOptionalQuestion())
    return parser.parseInteger(size);
  size = ShapedType::kDynamic;
  return success();
}

static void printSize(AsmPrinter &printer, int64_t size) {
  if (ShapedType::isDynamic(size))
    printer << "?";
  else
    printer << size;
}

/// [2, ?]
static ParseResult parseSizes(OpAsmParser &parser, DenseI64ArrayAttr &sizes) {
  SmallVector<int64_t> values;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parseSize(parser, values.emplace_back());
      }))
    return failure();
  sizes = parser.getBuilder().getDenseI64ArrayAttr(values);
  return success();
}

static void printSizes(OpAsmPrinter &printer, Operation *,
                       DenseI64ArrayAttr sizes) {
  printer << "[";
  llvm::interleaveComma(sizes.asArrayRef(), printer,
                        [&](int64_t size) { printSize(printer, size); });
  printer << "]";
}

/// [0:2, 1:8:3, 0:?]
static ParseResult parseRanges(OpAsmParser &parser, DenseI64ArrayAttr &lo,
                               DenseI64ArrayAttr &hi, DenseI64ArrayAttr &step) {
  SmallVector<int64_t> los, his, steps;
  auto parseRange = [&]() -> ParseResult {
    if (parser.parseInteger(los.emplace_back()) || parser.parseColon() ||
        parseSize(parser, his.emplace_back()))
      return failure();
    steps.push_back(1);
    if (succeeded(parser.parseOptionalColon()))
      return parser.parseInteger(steps.back());
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseRange))
    return failure();
  lo = parser.getBuilder().getDenseI64ArrayAttr(los);
  hi = parser.getBuilder().getDenseI64ArrayAttr(his);
  step = parser.getBuilder().getDenseI64ArrayAttr(steps);
  return success();
}

static void printRanges(OpAsmPrinter &printer, Operation *,
                        DenseI64ArrayAttr lo, DenseI64ArrayAttr hi,
                        DenseI64ArrayAttr step) {
  printer << "[";
  // Invalid ops are printed, too.
  int64_t count = std::min({lo.size(), hi.size(), step.size()});
  llvm::interleaveComma(llvm::seq(count), printer, [&](int64_t i) {
    printer << lo[i] << ":";
    printSize(printer, hi[i]);
    if (step[i] != 1)
      printer << ":" << step[i];
  });
  printer << "]";
}

#define GET_OP_CLASSES
#include "ir/MgOps.cpp.inc"

void MgDialect::registerOps() {
  addOperations<
#define GET_OP_LIST
#include "ir/MgOps.cpp.inc"
      >();
}
