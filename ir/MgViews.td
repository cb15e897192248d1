//===- MgViews.td - ops that only rename indices -----------*- tablegen -*-===//
#ifndef MG_VIEWS
#define MG_VIEWS

include "MgOpBase.td"

defvar viewTraits = [DeclareOpInterfaceMethods<ViewInterface>] # ruled;

def MG_ReshapeOp : MG_Op<"reshape", viewTraits> {
  let summary = "the same elements in row-major order, another shape";
  let description = [{
    - C1: equal element types.
    - C2: equal numbers of elements; the `?` of both are the same.

    ```mlir
    %y = mg.reshape %x : tensor<2x3xf32> -> tensor<6xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def MG_TransposeOp : MG_InferredOp<"transpose", viewTraits> {
  let summary = "dimensions in another order";
  let description = [{
    Dimension i of the result is dimension `perm[i]` of the operand.

    - C1: `perm` is a permutation of the operand's dimensions.

    ```mlir
    %y = mg.transpose %x [1, 0] : tensor<2x3xf32> -> tensor<3x2xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, DenseI64ArrayAttr:$perm);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$x $perm attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def MG_BroadcastOp : MG_Op<"broadcast", viewTraits> {
  let summary = "repeats along dimensions";
  let description = [{
    Dimension i of the operand becomes dimension `dims[i]` of the result, and
    is repeated there if its size is 1.

    - C1: equal element types.
    - C2: `dims` has an entry per dimension of the operand, each a dimension
      of the result, none twice.
    - C3: each dimension of the operand is 1 or equal to the result's.

    ```mlir
    %y = mg.broadcast %x [1] : tensor<3xf32> -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, DenseI64ArrayAttr:$dims);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$x $dims attr-dict `:` type($x) `->` type($result)";
  let hasFolder = 1;
}

def MG_SliceOp : MG_InferredOp<"slice", viewTraits> {
  let summary = "every step-th element between two bounds";
  let description = [{
    Takes lo, lo + step, .. below hi in each dimension, written `lo:hi` or
    `lo:hi:step`. A `?` dimension is taken whole, written `0:?`; `?` as hi
    (`ShapedType::kDynamic`) is the end of the dimension.

    - C1: `lo`, `hi` and `step` have an entry per dimension.
    - C2: 0 <= lo <= hi <= size.
    - C3: step >= 1.
    - C4: a `?` dimension has lo 0, hi `?`, step 1.

    ```mlir
    %y = mg.slice %x [0:2, 1:8:3] : tensor<4x8xf32> -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, DenseI64ArrayAttr:$lo,
                       DenseI64ArrayAttr:$hi, DenseI64ArrayAttr:$step);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x custom<Ranges>($lo, $hi, $step) attr-dict `:` type($x) `->`
    type($result)
  }];
  let hasFolder = 1;
}

def MG_ReverseOp : MG_InferredOp<"reverse", viewTraits> {
  let summary = "dimensions back to front";
  let description = [{
    - C1: `dims` are dimensions of the operand, none twice.

    ```mlir
    %y = mg.reverse %x [0] : tensor<4x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, DenseI64ArrayAttr:$dims);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = "$x $dims attr-dict `:` type($x)";
  let hasFolder = 1;
}

def MG_UnfoldOp : MG_InferredOp<"unfold", viewTraits> {
  let summary = "windows that may overlap";
  let description = [{
    Dimension `dims[i]` of the result counts windows: (n - extent) / stride + 1
    of them, where extent = (size - 1) * dilation + 1. The elements of a
    window are new dimensions at the end, in the order of `dims`.

    - C1: `dims` are dimensions of the operand, none twice, none `?`.
    - C2: `size`, `stride` and `dilation` have an entry per entry of `dims`,
      each at least 1.
    - C3: extent <= n.

    ```mlir
    %y = mg.unfold %x dims [1] size [3] stride [2] dilation [1]
        : tensor<2x7xf32> -> tensor<2x3x3xf32>
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

def MG_DiagonalOp : MG_InferredOp<"diagonal", viewTraits> {
  let summary = "the elements whose two indices are equal";
  let description = [{
    `dim0` and `dim1` go; the diagonal, of the smaller size, is the last
    dimension of the result.

    - C1: `dim0` and `dim1` are two different dimensions of the operand, and
      equal or both static.

    ```mlir
    %y = mg.diagonal %x [0, 1] : tensor<3x4x5xf32> -> tensor<5x3xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, I64Attr:$dim0, I64Attr:$dim1);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `[` $dim0 `,` $dim1 `]` attr-dict `:` type($x) `->` type($result)
  }];
}

#endif // MG_VIEWS
