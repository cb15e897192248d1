//===- MgIndexing.td - ops that move elements --------------*- tablegen -*-===//
#ifndef MG_INDEXING
#define MG_INDEXING

include "MgOpBase.td"

def MG_PadOp : MG_InferredOp<"pad", ruled> {
  let summary = "a value around and between elements";
  let description = [{
    Per dimension: `interior` copies of `value` between neighbours, then `lo`
    before and `hi` after; where these are negative, elements are cut off.

    - C1: `value` is a scalar of x's element type.
    - C2: `lo`, `hi` and `interior` have an entry per dimension.
    - C3: interior >= 0.
    - C4: no size of the result is negative.
    - C5: a `?` dimension has 0, 0, 0.

    ```mlir
    %y = mg.pad %x, %v lo [1, 0] hi [1, 2] interior [0, 1]
        : (tensor<2x3xf32>, tensor<f32>) -> tensor<4x7xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, MG_Tensor:$value, DenseI64ArrayAttr:$lo,
                       DenseI64ArrayAttr:$hi, DenseI64ArrayAttr:$interior);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $value `lo` $lo `hi` $hi `interior` $interior attr-dict `:`
    functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def MG_ConcatOp : MG_InferredOp<"concat", ruled> {
  let summary = "one after the other";
  let description = [{
    - C1: at least one operand; equal element types and ranks.
    - C2: `dim` is a dimension, static in all operands.
    - C3: all other dimensions are equal.

    ```mlir
    %y = mg.concat %a, %b dim 0
        : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<3x3xf32>
    ```
  }];
  let arguments = (ins Variadic<MG_Tensor>:$xs, I64Attr:$dim);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $xs `dim` $dim attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def MG_FoldOp : MG_Op<"fold", ruled> {
  let summary = "sum of windows: the adjoint of unfold";
  let description = [{
    Each element of the result is the sum, in row-major order of the windows'
    elements, of the operand's elements that show it in
    `unfold{dims, size, stride, dilation}` of the result; 0 if none does.

    - C1: the element type is a number, the same in both.
    - C2: unfold of the result's type is the operand's type.

    ```mlir
    %y = mg.fold %x dims [1] size [3] stride [2] dilation [1]
        : tensor<2x3x3xf32> -> tensor<2x7xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, DenseI64ArrayAttr:$dims,
                       DenseI64ArrayAttr:$size, DenseI64ArrayAttr:$stride,
                       DenseI64ArrayAttr:$dilation);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `dims` $dims `size` $size `stride` $stride `dilation` $dilation
    attr-dict `:` type($x) `->` type($result)
  }];
}

def MG_DynamicSliceOp : MG_InferredOp<"dynamic_slice", ruled> {
  let summary = "a slice at a computed place";
  let description = [{
    `start` is clamped, so that the slice lies inside x.

    - C1: `start` is an i32 or i64 vector with an entry per dimension.
    - C2: `size` has an entry per dimension, 0 <= size <= x's; `?`
      (`ShapedType::kDynamic`) takes a dimension whole, and a `?` dimension is
      taken whole.

    ```mlir
    %y = mg.dynamic_slice %x, %start size [1, 3]
        : (tensor<4x3xf32>, tensor<2xi32>) -> tensor<1x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, MG_Tensor:$start, DenseI64ArrayAttr:$size);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $start `size` custom<Sizes>($size) attr-dict `:`
    functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def MG_DynamicUpdateSliceOp : MG_InferredOp<"dynamic_update_slice", ruled> {
  let summary = "x with a slice at a computed place replaced";
  let description = [{
    `start` is clamped, so that `update` lies inside x.

    - C1: `start` is an i32 or i64 vector with an entry per dimension.
    - C2: `update` has x's element type and rank, and no dimension is larger
      than x's; those at a `?` of x are equal to it.

    ```mlir
    %y = mg.dynamic_update_slice %x, %u, %start
        : (tensor<4x3xf32>, tensor<1x3xf32>, tensor<2xi32>) -> tensor<4x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, MG_Tensor:$update, MG_Tensor:$start);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $update `,` $start attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def MG_GatherOp : MG_InferredOp<"gather", ruled> {
  let summary = "slices of x at computed places";
  let description = [{
    `indices` is (batch.., outer.., K): each K-vector indexes the dimensions
    `dims` of x; the first `batch_dims` dimensions of x and of `indices` are
    paired. The result is (batch.., outer.., x's other dimensions in order).
    An index out of range is an error when the program runs.

    - C1: the indices are i32 or i64.
    - C2: `batch_dims` is at least 0, at most x's rank, and less than the
      rank of `indices`; paired dimensions are equal.
    - C3: `dims` are dimensions of x, none twice, none paired.
    - C4: the last dimension of `indices` is the length of `dims`.

    ```mlir
    %y = mg.gather %x, %i dims [0]
        : (tensor<9x3xf32>, tensor<4x1xi32>) -> tensor<4x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, MG_Tensor:$indices,
                       DenseI64ArrayAttr:$dims,
                       DefaultValuedAttr<I64Attr, "0">:$batch_dims);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $indices `dims` $dims (`batch_dims` $batch_dims^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def MG_ScatterOp : MG_InferredOp<"scatter", ruled> {
  let summary = "x with updates put in at computed places";
  let description = [{
    `updates` has the type that gather has with the same x and `indices`. The
    updates are applied in row-major order: `set` keeps the last one. `unique`
    promises that no element is updated twice. An index out of range is an
    error when the program runs.

    - C1..C4: as gather.
    - C5: `updates` has the type of the gather.
    - C6: the element type is a number, except for `set`.

    ```mlir
    %y = mg.scatter add %x, %i, %u dims [0]
        : (tensor<9x3xf32>, tensor<4x1xi32>, tensor<4x3xf32>) -> tensor<9x3xf32>
    ```
  }];
  let arguments = (ins MG_ScatterMode:$mode, MG_Tensor:$x, MG_Tensor:$indices,
                       MG_Tensor:$updates, DenseI64ArrayAttr:$dims,
                       DefaultValuedAttr<I64Attr, "0">:$batch_dims,
                       UnitAttr:$unique);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    `` $mode $x `,` $indices `,` $updates `dims` $dims
    (`batch_dims` $batch_dims^)? (`unique` $unique^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif // MG_INDEXING
