//===- MgInterfaces.td - what passes may ask an op ---------*- tablegen -*-===//
//
// Passes, the eager mode and the tracer ask these interfaces, never op names.
// Static methods are called without any Operation, through
//
//   OperationName("mg.dot", context).getInterface<ShapeInfer>()->inferTypes(..)
//
// Result types that the operands do not determine (iota, weight, reshape,
// broadcast, convert, fold, ...) are not attributes: the caller passes the
// types it wants in `wanted`, one per result, as the textual form does after
// its arrow. Ops that determine their results ignore `wanted`; dot, conv,
// arg_reduce and topk read its element type and have a default without it
// (the operands' element type; i32 for indices).
//
//===----------------------------------------------------------------------===//
#ifndef MG_INTERFACES
#define MG_INTERFACES

include "mlir/IR/OpBase.td"

def ShapeInferInterface : OpInterface<"ShapeInfer"> {
  let cppNamespace = "::mlir::mg";
  let description = [{
    Checks everything that an op demands of its operands' types and attributes
    (the constraints C1.. of its description) and gives its result types.
    The verifier infers again and compares; so every op is checked by the same
    code in a file, in a trace and in eager mode.

    An op implements `static LogicalResult infer(Inference &)`.
  }];
  let methods = [
    StaticInterfaceMethod<[{
        Appends the result types to `results`, or reports one error, which
        starts with the op's short name, through `emitError` and fails.
        `wanted` is empty or has one type per result. Nothing about
        `operands`, `attributes` and `wanted` is assumed.
      }],
      "::llvm::LogicalResult", "inferTypes",
      (ins "::mlir::MLIRContext *":$context,
           "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError,
           "::llvm::ArrayRef<::mlir::Type>":$operands,
           "::mlir::DictionaryAttr":$attributes,
           "::llvm::ArrayRef<::mlir::Type>":$wanted,
           "::llvm::SmallVectorImpl<::mlir::Type> &":$results), "", [{
        ::mlir::mg::Inference in(ConcreteOp::getOperationName(), context,
                                 emitError, operands, attributes, wanted,
                                 results);
        if (::llvm::failed(in.checkOperands()))
          return ::llvm::failure();
        return ConcreteOp::infer(in);
      }]>,
  ];
  let verify = [{ return ::mlir::mg::verifyInferredTypes($_op); }];
}

def ViewInterface : OpInterface<"View"> {
  let cppNamespace = "::mlir::mg";
  let description = [{
    The result's elements are elements of operand 0, found by their index
    alone. Other operands do not exist.
  }];
  let methods = [
    StaticInterfaceMethod<[{
        The result as a view of the operand's memory. Types are static and
        verified. Fails, silently, where strides cannot say it.
      }],
      "::mlir::FailureOr<::mlir::mg::StridedView>", "viewOf",
      (ins "const ::mlir::mg::StridedView &":$operand,
           "::mlir::RankedTensorType":$operandType,
           "::mlir::DictionaryAttr":$attributes,
           "::mlir::RankedTensorType":$resultType)>,
    InterfaceMethod<[{
        Result index -> operand index. Null where that is no affine map: a
        reshape that does more than insert or drop dimensions of size 1, and
        a reversed `?`.
      }],
      "::mlir::AffineMap", "getViewMap">,
  ];
}

def ElementwiseInterface : OpInterface<"Elementwise"> {
  let cppNamespace = "::mlir::mg";
  let description = [{
    Element i of the result depends on element i of each operand only.
  }];
  let methods = [
    InterfaceMethod<[{
        Emits arith and math ops that compute one element from one scalar per
        operand. Scalars are of lowered types: signless integers (signed or
        unsigned is known from the op's types), `i1` for a bool, and f32 for
        f16 and bf16: the caller extends such operands, and rounds such a
        result once; see `takesStorageScalars`.
      }],
      "::mlir::Value", "buildScalar",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$scalars)>,
    InterfaceMethod<[{
        True where f16 and bf16 scalars come and go as they are: an op on bits.
      }],
      "bool", "takesStorageScalars", (ins), "", [{ return false; }]>,
  ];
}

def DifferentiableInterface : OpInterface<"Differentiable"> {
  let cppNamespace = "::mlir::mg";
  let description = [{
    The op has derivatives. Rules emit `mg` ops through a RuleBuilder, so they
    nest. A null value stands for zero; only floats have cotangents and
    tangents.

    Most ops implement `vjp` and `jvp`. Ops that call functions implement
    `emitReverse` and `emitForward`, which say how the op itself is emitted
    where a derivative will be asked for.
  }];
  let methods = [
    InterfaceMethod<[{
        Reverse mode: sets the operands' cotangents, given the results'. One of
        `cotangents` at least is not null. The op's operands and results are the
        primal values. A gradient left null is zero by definition, not for want
        of a rule: that is a failure with an error.
      }],
      "::llvm::LogicalResult", "vjp",
      (ins "::mlir::mg::RuleBuilder &":$r,
           "::llvm::ArrayRef<::mlir::Value>":$cotangents,
           "::llvm::MutableArrayRef<::mlir::Value>":$gradients),
      "", [{ return r.noRule($_op, "reverse"); }]>,
    InterfaceMethod<[{
        Forward mode: sets the results' tangents, given the operands'.
      }],
      "::llvm::LogicalResult", "jvp",
      (ins "::mlir::mg::RuleBuilder &":$r,
           "::llvm::ArrayRef<::mlir::Value>":$tangents,
           "::llvm::MutableArrayRef<::mlir::Value>":$results),
      "", [{ return r.noRule($_op, "forward"); }]>,
    InterfaceMethod<[{
        Emits the op on other `operands`, and says how cotangents will come
        back through it. `active`: the operands for which one is wanted.
      }],
      "::mlir::FailureOr<::mlir::mg::Reverse>", "emitReverse",
      (ins "::mlir::mg::RuleBuilder &":$r, "::mlir::ValueRange":$operands,
           "::llvm::ArrayRef<bool>":$active),
      "", [{ return ::mlir::mg::emitPlainReverse($_op, r, operands, active); }]>,
    InterfaceMethod<[{
        Emits the op on other `operands`, and its results' tangents.
      }],
      "::mlir::FailureOr<::mlir::mg::Forward>", "emitForward",
      (ins "::mlir::mg::RuleBuilder &":$r, "::mlir::ValueRange":$operands,
           "::llvm::ArrayRef<::mlir::Value>":$tangents),
      "", [{ return ::mlir::mg::emitPlainForward($_op, r, operands, tangents); }]>,
  ];
}

def BatchableInterface : OpInterface<"Batchable"> {
  let cppNamespace = "::mlir::mg";
  let description = [{
    The op has a batching rule: the same op over operands that have one more
    dimension in front, or not. An op without one is mapped by a loop.
  }];
  let methods = [
    InterfaceMethod<[{
        Emits the op on `operands`, at least one of which is mapped, with
        r.batchSize() elements; every result says whether it is mapped.
      }],
      "::mlir::FailureOr<::llvm::SmallVector<::mlir::mg::Mapped>>", "batch",
      (ins "::mlir::mg::RuleBuilder &":$r,
           "::llvm::ArrayRef<::mlir::mg::Mapped>":$operands)>,
  ];
}

#endif // MG_INTERFACES
