//===- ReturnStatus.cpp - What the runtime answers is not lost ------------===//
//
// In:    entries at the linalg level that call functions of the runtime, which
//        answer an mg_status as i32.
// Out:   the entry's mg.status result, added where there is none, is the
//        first answer that is not 0.
//
//          %s = call @mg_call_argsort(..)
//          return .., %status    =>    return .., %status or else %s
//
// Never: stops early: the program runs to its end with what it has.
//
//===----------------------------------------------------------------------===//

#include "passes/CarryOut.h"
#include "passes/Passes.h"

using namespace mlir;
using namespace mlir::mg;

namespace mlir::mg {
#define GEN_PASS_DEF_RETURNSTATUS
#include "passes/Passes.h.inc"
} // namespace mlir::mg

/// The answers of the runtime in `entry`.
static DenseMap<Operation *, Value> runtimeAnswers(func::FuncOp entry) {
  DenseMap<Operation *, Value> answers;
  entry.walk([&](func::CallOp call) {
    if (call.getCallee().starts_with("mg_") && call.getNumResults() == 1 &&
        call.getResult(0).getType().isInteger(32))
      answers[call] = call.getResult(0);
  });
  return answers;
}

/// The first that is not 0.
static Value firstError(OpBuilder &builder, Location loc, Value a, Value b) {
  Value zero = builder.create<arith::ConstantIntOp>(loc, 0, 32);
  Value isSet =
      builder.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, a, zero);
  return builder.create<arith::SelectOp>(loc, isSet, a, b);
}

static Carried carriedAnswer(MLIRContext *context) {
  return {IntegerType::get(context, 32),
          [](OpBuilder &builder, Location loc) -> Value {
            return builder.create<arith::ConstantIntOp>(loc, 0, 32);
          },
          firstError};
}

static bool hasStatus(func::FuncOp entry) {
  unsigned count = entry.getNumResults();
  return count > 0 && entry.getResultAttr(count - 1, "mg.status");
}

/// Adds a status result that is always 0.
static void addStatus(func::FuncOp entry, OpBuilder &builder) {
  Location loc = entry.getLoc();
  auto type = RankedTensorType::get({}, builder.getI32Type());
  Value zero = builder.create<arith::ConstantOp>(
      loc, DenseElementsAttr::get(type, int32_t(0)));
  entry.insertResult(
      entry.getNumResults(), type,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("mg.name", builder.getStringAttr("status")),
           builder.getNamedAttr("mg.dtype", builder.getStringAttr("i32")),
           builder.getNamedAttr("mg.status", builder.getUnitAttr())}));
  Operation *end = entry.getBody().front().getTerminator();
  end->insertOperands(end->getNumOperands(), zero);
}

namespace {

struct ReturnStatus : mg::impl::ReturnStatusBase<ReturnStatus> {
  void runOnOperation() override {
    func::FuncOp entry = getOperation();
    if (entry.isExternal())
      return;
    Value answer = carryOut(entry.getBody().front(), runtimeAnswers(entry),
                            carriedAnswer(&getContext()));
    if (!answer)
      return;
    Operation *end = entry.getBody().front().getTerminator();
    OpBuilder builder(end);
    if (!hasStatus(entry))
      addStatus(entry, builder);
    OpOperand &result = end->getOpOperand(end->getNumOperands() - 1);
    result.set(combine(builder, entry.getLoc(), result.get(), answer));
  }

  /// The first of `status` and `answer` that is not 0, as a status.
  static Value combine(OpBuilder &builder, Location loc, Value status,
                       Value answer) {
    Value first = firstError(
        builder, loc,
        builder.create<tensor::ExtractOp>(loc, status, ValueRange()), answer);
    Value empty = builder.create<tensor::EmptyOp>(loc, ArrayRef<int64_t>(),
                                                  builder.getI32Type());
    return builder.create<tensor::InsertOp>(loc, first, empty, ValueRange());
  }
};

} // namespace
