//===- Inference.h - one question "which types has this op's result?" -----===//
//
// What `infer` of an op gets: typed access to operands and attributes that may
// be anything, words for the checks that several ops share, and the answer.
// Every check is here or in the op's `infer`, none in an ODS constraint, since
// the eager mode asks without an Operation.
//
//===----------------------------------------------------------------------===//
#ifndef MG_IR_INFERENCE_H
#define MG_IR_INFERENCE_H

#include "ir/Shape.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::mg {

using EmitError = function_ref<InFlightDiagnostic()>;

class Inference {
public:
  Inference(StringRef opName, MLIRContext *context, EmitError emitError,
            ArrayRef<Type> operands, DictionaryAttr attributes,
            ArrayRef<Type> wanted, SmallVectorImpl<Type> &results)
      : name(opName), context(context), emitError(emitError),
        operandTypes(operands), attributes(attributes), wantedTypes(wanted),
        results(results) {
    name.consume_front("mg.");
  }

  MLIRContext *getContext() const { return context; }

  /// A diagnostic that begins with the op's short name; converts to failure.
  InFlightDiagnostic error() const;

  /// T1..T4 for every operand, and names of `?` that agree.
  LogicalResult checkOperands();

  //===--- operands and wanted types; valid after checkOperands
  //------------===//

  /// Exactly / at least `count` operands.
  LogicalResult expectOperands(size_t count) const;
  LogicalResult expectOperandsAtLeast(size_t count) const;
  size_t getNumOperands() const { return operandTypes.size(); }
  RankedTensorType operand(unsigned i) const {
    return cast<RankedTensorType>(operandTypes[i]);
  }
  Type element(unsigned i) const { return operand(i).getElementType(); }
  Shape shape(unsigned i) const { return shapeOf(operand(i)); }
  int64_t rank(unsigned i) const { return operand(i).getRank(); }

  /// The i-th wanted type; null where nobody wants any.
  RankedTensorType wanted(unsigned i = 0) const;
  /// The same for ops that cannot do without.
  FailureOr<RankedTensorType> required(unsigned i = 0) const;
  size_t getNumWanted() const { return wantedTypes.size(); }

  /// The element type of operand i is in the set of ElementClass bits.
  LogicalResult expectClass(Type element, unsigned classes) const;
  LogicalResult expectEqualElements(unsigned i, unsigned j) const;
  /// Equal types, in words that tell the shape from the element type.
  LogicalResult expectEqualTypes(unsigned i, unsigned j) const;

  //===--- attributes
  //------------------------------------------------------===//

  /// A missing attribute or one of another kind is an error; the second form
  /// of `read` takes the default for a missing one.
  LogicalResult read(StringRef key, ArrayRef<int64_t> &value) const;
  LogicalResult read(StringRef key, int64_t &value) const;
  LogicalResult read(StringRef key, int64_t &value, int64_t missing) const;
  template <typename AttrTy>
  LogicalResult read(StringRef key, AttrTy &value) const {
    value = dyn_cast_or_null<AttrTy>(get(key));
    return value ? success() : missing(key);
  }
  bool has(StringRef key) const { return static_cast<bool>(get(key)); }

  /// A dimension of a tensor of that rank.
  LogicalResult readDim(StringRef key, int64_t rank, int64_t &dim) const;
  /// Dimensions of a tensor of that rank, none twice. An `optional` list that
  /// is missing is empty.
  LogicalResult readDims(StringRef key, int64_t rank, ArrayRef<int64_t> &dims,
                         bool optional = false) const;
  /// One entry per `per` (words for errors), each at least `least`.
  LogicalResult readSizes(StringRef key, size_t count, StringRef per,
                          ArrayRef<int64_t> &sizes,
                          int64_t least = INT64_MIN) const;

  //===--- the answer
  //------------------------------------------------------===//

  /// Appends a result, checked by T1..T4.
  LogicalResult result(ArrayRef<Dim> shape, Type element);
  LogicalResult result(RankedTensorType type);

  /// Of elementwise ops: all operands have one type of these classes, and the
  /// result has it too.
  LogicalResult inferSameType(unsigned classes);

private:
  StringRef name;
  MLIRContext *context;
  EmitError emitError;
  ArrayRef<Type> operandTypes;
  DictionaryAttr attributes;
  ArrayRef<Type> wantedTypes;
  SmallVectorImpl<Type> &results;
  /// Every `?` seen so far, by its name.
  SmallVector<Dim> symbols;

  Attribute get(StringRef key) const {
    return attributes ? attributes.get(key) : Attribute();
  }
  LogicalResult missing(StringRef key) const;
  LogicalResult checkTensor(Type type, const Twine &what) const;
  LogicalResult checkSymbols(ArrayRef<Dim> shape);
};

/// Infers an Operation's types again and compares: the verifier of every op.
LogicalResult verifyInferredTypes(Operation *op);

using InferTypesFn = LogicalResult(MLIRContext *, EmitError, ArrayRef<Type>,
                                   DictionaryAttr, ArrayRef<Type>,
                                   SmallVectorImpl<Type> &);
/// The bridge from `InferTypeOpInterface`.
LogicalResult inferWith(InferTypesFn *infer, MLIRContext *context,
                        std::optional<Location> loc, ValueRange operands,
                        DictionaryAttr attributes,
                        SmallVectorImpl<Type> &results);

} // namespace mlir::mg

#endif // MG_IR_INFERENCE_H
