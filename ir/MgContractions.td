//===- MgContractions.td - dot and conv --------------------*- tablegen -*-===//
#ifndef MG_CONTRACTIONS
#define MG_CONTRACTIONS

include "MgOpBase.td"

def MG_DotOp : MG_Op<"dot", ruled> {
  let summary = "sum of products over pairs of dimensions";
  let description = [{
    The result is (batch.., lhs's other dimensions, rhs's other dimensions).
    The sum is kept in the accumulator type: f32 for f16, bf16 and f32, f64
    for f64, the result's type for integers, which wrap. The CPU level znver4
    sums products of bf16 by instructions that take factors and sums below
    2^-126 for zeros.

    - C1: equal element types, numbers.
    - C2: `lhs_batch` and `rhs_batch` have equal lengths, as have
      `lhs_contract` and `rhs_contract`; they are dimensions of lhs and rhs,
      none twice.
    - C3: paired dimensions are equal.
    - C4: the result's element type is the operands' (where nobody says), f32
      for f16 and bf16, or an integer of 32 or 64 bits, no narrower than the
      operands' and of the same signedness.

    ```mlir
    %y = mg.dot %x, %w contract [1] x [0]
        : (tensor<4x3xf32>, tensor<3x5xf32>) -> tensor<4x5xf32>
    %z = mg.dot %q, %k contract [2] x [2] batch [0] x [0]
        : (tensor<8x4x3xf32>, tensor<8x5x3xf32>) -> tensor<8x4x5xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$lhs, MG_Tensor:$rhs,
    DenseI64ArrayAttr:$lhs_contract, DenseI64ArrayAttr:$rhs_contract,
    DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$lhs_batch,
    DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$rhs_batch);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `contract` $lhs_contract `x` $rhs_contract
    (`batch` $lhs_batch^ `x` $rhs_batch)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def MG_ConvOp : MG_Op<"conv", ruled> {
  let summary = "convolution (cross-correlation) over spatial dimensions";
  let description = [{
    x is (n, c, spatial..), w is (o, c / groups, spatial..), the result is
    (n, o, spatial..). Per spatial dimension: x is dilated (`lhs_dilation` - 1
    zeros between neighbours), then padded by `lo` and `hi` zeros (negative:
    cut); the window has extent (k - 1) * rhs_dilation + 1 and moves by
    `strides`. Accumulates as dot.

    - C1: equal element types, numbers; equal ranks, at least 2.
    - C2: `strides`, `lo`, `hi`, `lhs_dilation` and `rhs_dilation` have an
      entry per spatial dimension; strides and dilations are at least 1.
    - C3: `groups` is at least 1 and divides c and o; w's dimension 1 is
      c / groups.
    - C4: all dimensions but n are static; the window is not empty and fits.
    - C5: the result's element type is as dot's C4.

    ```mlir
    %y = mg.conv %x, %w strides [2, 2] lo [1, 1] hi [1, 1]
        lhs_dilation [1, 1] rhs_dilation [1, 1]
        : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<1x16x4x4xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, MG_Tensor:$w, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$lo, DenseI64ArrayAttr:$hi,
    DenseI64ArrayAttr:$lhs_dilation, DenseI64ArrayAttr:$rhs_dilation,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs MG_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $w `strides` $strides `lo` $lo `hi` $hi `lhs_dilation` $lhs_dilation
    `rhs_dilation` $rhs_dilation (`groups` $groups^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif // MG_CONTRACTIONS
