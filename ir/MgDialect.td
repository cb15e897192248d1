//===- MgDialect.td - the dialect and its type constraints -*- tablegen -*-===//
//
// What every op of the dialect agrees on: which types there are and which
// constraints (T1..T4) hold for every operand and result.
//
//===----------------------------------------------------------------------===//
#ifndef MG_DIALECT
#define MG_DIALECT

include "mlir/IR/OpBase.td"

def MgDialect : Dialect {
  let name = "mg";
  let cppNamespace = "::mlir::mg";
  let summary = "Tensor programs with value semantics";
  let description = [{
    Every op is pure and works on ranked tensors. Broadcast is explicit:
    elementwise ops take equal shapes. Attributes that are lists of dimensions
    are `DenseI64ArrayAttr`, never negative, never twice the same.

    For every operand and result of every op:

    - T1: the element type is `i1` (bool), `i8`..`i64` (signed), `ui8`..`ui64`,
      `f16`, `bf16`, `f32` or `f64`.
    - T2: the rank is at most 16.
    - T3: a `?` has a name and bounds in the encoding, as in
      `tensor<?x64xf32, #mg.dims<batch = 1 to 64, _>>`; a name has the same
      bounds wherever one op sees it.
    - T4: the number of elements and of bytes fits in 63 bits.

    `f16` and `bf16` values are computed in f32: operands are extended exactly,
    the result is rounded once, to nearest even.
  }];
  // Attributes stay in the dictionary: the static interface methods work on
  // a DictionaryAttr without any Operation.
  let usePropertiesForAttributes = 0;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerOps();
  }];
}

def MG_Tensor : Type<RankedTensorOf<[I1, I8, I16, I32, I64, UI8, UI16, UI32,
                                     UI64, F16, BF16, F32, F64]>.predicate,
                     "tensor of bool, integers or floats",
                     "::mlir::RankedTensorType">;

#endif // MG_DIALECT
