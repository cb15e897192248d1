//===- MgSource.td - ops without tensors to read -----------*- tablegen -*-===//
#ifndef MG_SOURCE
#define MG_SOURCE

include "MgOpBase.td"

def MG_ConstantOp : MG_InferredOp<"constant", [ConstantLike]> {
  let summary = "a small constant";
  let description = [{
    - C1: `value` is dense, of a static shape, and a splat or at most 64 bytes;
      larger ones are weights.

    ```mlir
    %0 = mg.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let extraClassDeclaration = inferDeclaration # [{
    /// C1.
    static bool isSmall(::mlir::ElementsAttr value);
  }];
  let hasFolder = 1;
}

def MG_WeightOp : MG_Op<"weight"> {
  let summary = "a weight, by name";
  let description = [{
    The bytes are not in the IR; who compiles or runs the module knows them.

    - C1: `name` is not empty.
    - C2: the type is static.

    ```mlir
    %w = mg.weight "fc1.w" : tensor<784x128xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def MG_IotaOp : MG_Op<"iota"> {
  let summary = "each element is its index along a dimension";
  let description = [{
    An index that the element type cannot hold wraps (integers) or is rounded
    to nearest even (floats, from the exact index).

    - C1: `dim` is a dimension of the result.
    - C2: the element type is a number.

    ```mlir
    %i = mg.iota dim 1 : tensor<4x3xi32>
    ```
  }];
  let arguments = (ins I64Attr:$dim);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "`dim` $dim attr-dict `:` type($result)";
}

def MG_RngBitsOp : MG_Op<"rng_bits", batched> {
  let summary = "random bits by a counter";
  let description = [{
    Philox4x32-10. Element i in row-major order is a function of the key and
    of i only.

    - C1: the key is `ui64[2]` or `ui32[4]`.
    - C2: the result is of `ui32` or `ui64`.

    ```mlir
    %b = mg.rng_bits %key : tensor<2xui64> -> tensor<4x3xui32>
    ```
  }];
  let arguments = (ins MG_Tensor:$key);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat =
      "$key attr-dict `:` type($key) `->` type($result)";
}

#endif // MG_SOURCE
