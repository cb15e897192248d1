//===- MgReductions.td - reductions, scans, sorts ----------*- tablegen -*-===//
#ifndef MG_REDUCTIONS
#define MG_REDUCTIONS

include "MgOpBase.td"

def MG_ReduceOp : MG_InferredOp<"reduce", ruled> {
  let summary = "sum | prod | max | min | and | or over dimensions";
  let description = [{
    The result lacks the dimensions `dims`. Sums of floats follow a fixed tree
    that depends on shapes only; f16 and bf16 accumulate in f32. max and min
    are NaN if any element is. Of no elements: 0, 1, the lowest value (-inf),
    the highest value (inf), all bits set, 0.

    - C1: `dims` are dimensions of x, none twice.
    - C2: and, or take integers and bool, the others numbers.

    ```mlir
    %s = mg.reduce sum %x [1] : tensor<4x3xf32> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins MG_Reduction:$kind, MG_Tensor:$x,
                       DenseI64ArrayAttr:$dims);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat =
      "`` $kind $x $dims attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def MG_ArgReduceOp : MG_Op<"arg_reduce", batched> {
  let summary = "where the maximum or minimum lies along a dimension";
  let description = [{
    The index of the first extreme element; `last`: of the last one. NaN is
    more extreme than any number, for max and for min.

    - C1: `kind` is max or min, the element type a number.
    - C2: `dim` is a dimension of x, and not empty.
    - C3: the result is of i32 or i64 (i32 where nobody says).

    ```mlir
    %i = mg.arg_reduce max %x dim 1 : tensor<4x3xf32> -> tensor<4xi32>
    ```
  }];
  let arguments = (ins MG_Reduction:$kind, MG_Tensor:$x, I64Attr:$dim,
                       UnitAttr:$last);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    `` $kind $x `dim` $dim (`last` $last^)? attr-dict `:` type($x) `->`
    type($result)
  }];
}

def MG_CumulativeOp : MG_InferredOp<"cumulative", ruled> {
  let summary = "running sum | prod | max | min along a dimension";
  let description = [{
    Element i is the reduction of elements 0..i, in this order; `exclusive`:
    0..i-1; `reverse`: from the end. f16 and bf16 accumulate in f32.

    - C1: `kind` is sum, prod, max or min, the element type a number.
    - C2: `dim` is a dimension of x.

    ```mlir
    %s = mg.cumulative sum %x dim 0 exclusive : tensor<4x3xf32>
    ```
  }];
  let arguments = (ins MG_Reduction:$kind, MG_Tensor:$x, I64Attr:$dim,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    `` $kind $x `dim` $dim (`exclusive` $exclusive^)? (`reverse` $reverse^)?
    attr-dict `:` type($x)
  }];
}

def MG_SortOp : MG_InferredOp<"sort", ruled> {
  let summary = "sorts along a dimension; values follow their keys";
  let description = [{
    Operand 0 holds the keys. Stable; NaN counts as the largest key, -0 and +0
    as equal.

    - C1: at least one operand.
    - C2: `dim` is a dimension of the keys.
    - C3: all shapes are equal.

    ```mlir
    %k, %v = mg.sort %keys, %values dim 0 descending
        : (tensor<9xf32>, tensor<9xi32>) -> (tensor<9xf32>, tensor<9xi32>)
    ```
  }];
  let arguments = (ins Variadic<MG_Tensor>:$xs, I64Attr:$dim,
                       UnitAttr:$descending);
  let results = (outs Variadic<MG_Tensor>:$sorted);
  let assemblyFormat = [{
    $xs `dim` $dim (`descending` $descending^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def MG_TopKOp : MG_Op<"topk", ruled> {
  let summary = "the k largest or smallest along a dimension";
  let description = [{
    The best comes first, of equal ones that of the lower index; NaN counts as
    the largest. Without `largest`: the smallest ones.

    - C1: `dim` is a dimension of x.
    - C2: 0 <= k <= its size.
    - C3: the indices are i32 or i64 (i32 where nobody says).

    ```mlir
    %v, %i = mg.topk %x dim 1 k 5 largest
        : tensor<4x9xf32> -> tensor<4x5xf32>, tensor<4x5xi32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, I64Attr:$dim, I64Attr:$k,
                       UnitAttr:$largest);
  let results = (outs MG_Tensor:$values, MG_Tensor:$indices);
  let assemblyFormat = [{
    $x `dim` $dim `k` $k (`largest` $largest^)? attr-dict `:` type($x) `->`
    type($values) `,` type($indices)
  }];
}

#endif // MG_REDUCTIONS
