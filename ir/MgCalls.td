//===- MgCalls.td - calls of functions ---------------------*- tablegen -*-===//
//
// Ops that name private functions of the module: calls, control flow, and the
// transformations of functions. A function, and not a region, is the body: a
// derivative or a batched form of it is again a function, made once.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CALLS
#define MG_CALLS

include "MgOpBase.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

// An op with symbols of functions, checked with the module.
class MG_SymbolUser<string mnemonic, list<Trait> traits = []>
    : MG_Op<mnemonic,
            [DeclareOpInterfaceMethods<SymbolUserOpInterface>] # traits> {
  let results = (outs Variadic<MG_Tensor>:$results);
}

// Rules of an op that calls functions.
defvar calling = [
  DeclareOpInterfaceMethods<DifferentiableInterface,
                            ["emitReverse", "emitForward"]>] # batched;

// An op that means its callee's body.
class MG_CallBase<string mnemonic, string symbol>
    : MG_SymbolUser<mnemonic, [CallOpInterface] # calling> {
  let extraClassDeclaration = inferDeclaration # [{
    ::mlir::CallInterfaceCallable getCallableForCallee() {
      return (*this)->getAttrOfType<::mlir::SymbolRefAttr>("}] # symbol # [{");
    }
    void setCalleeFromCallable(::mlir::CallInterfaceCallable callee) {
      (*this)->setAttr("}] # symbol # [{", callee.get<::mlir::SymbolRefAttr>());
    }
    ::mlir::Operation::operand_range getArgOperands() { return getOperands(); }
    ::mlir::MutableOperandRange getArgOperandsMutable() {
      return getOperandsMutable();
    }
  }];
}

def MG_CallOp : MG_CallBase<"call", "callee"> {
  let summary = "calls a function of the module";
  let description = [{
    - C1: `callee` is a function of the module, and its type is the call's.

    ```mlir
    %y = mg.call @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee,
                       Variadic<MG_Tensor>:$operands);
  let assemblyFormat = [{
    $callee `(` $operands `)` attr-dict `:` functional-type(operands, results)
  }];
}

def MG_CompositeOp : MG_CallBase<"composite", "decomposition"> {
  let summary = "a call whose meaning has a name, and maybe a derivative";
  let description = [{
    Means what `decomposition` computes. The name and the attributes tell
    patterns what that is.

    With a rule, reverse mode calls `forward`, which returns the results and
    then residuals of its choice, and `backward`, which takes the residuals and
    a cotangent per result that is a float, and returns one per operand that is
    a float. Without one, and in forward mode, the decomposition is
    differentiated.

    - C1: `decomposition` is a function of the module, and its type is the
      composite's.
    - C2: `name` is not empty.
    - C3: `forward` and `backward` come together; their types are as said.

    ```mlir
    %y = mg.composite "softmax"(%x) {axis = 1} @softmax.1
        : (tensor<4x9xf32>) -> tensor<4x9xf32>
    %z = mg.composite "mine"(%x) {} @mine rule @mine.forward, @mine.backward
        : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<MG_Tensor>:$operands,
                       DictionaryAttr:$composite_attributes,
                       FlatSymbolRefAttr:$decomposition,
                       OptionalAttr<FlatSymbolRefAttr>:$forward,
                       OptionalAttr<FlatSymbolRefAttr>:$backward);
  let assemblyFormat = [{
    $name `(` $operands `)` $composite_attributes $decomposition
    (`rule` $forward^ `,` $backward)? attr-dict `:`
    functional-type(operands, results)
  }];
}

def MG_CheckpointOp : MG_CallBase<"checkpoint", "callee"> {
  let summary = "a call whose intermediate values are computed again";
  let description = [{
    Means what `callee` computes. Reverse mode keeps the operands, and of the
    values inside what the policy says; it computes the others again when the
    cotangents are there. `nothing`: keeps none. `everything`: all that the
    derivative needs, as without checkpoint. `dots`: results of contractions.
    `names`: the values that `mg.name` gives one of `names`. `bytes`: those that
    cost most to compute per byte, up to `bytes` bytes.

    - C1: `callee` is a function of the module, and its type is the op's.
    - C2: `bytes` >= 0.

    ```mlir
    %y = mg.checkpoint dots @f(%x) : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins MG_CheckpointPolicy:$policy, FlatSymbolRefAttr:$callee,
                       Variadic<MG_Tensor>:$operands,
                       DefaultValuedAttr<StrArrayAttr, "{}">:$names,
                       DefaultValuedAttr<I64Attr, "0">:$bytes);
  let assemblyFormat = [{
    $policy $callee `(` $operands `)` (`names` $names^)? (`bytes` $bytes^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

def MG_IfOp : MG_SymbolUser<"if", calling> {
  let summary = "one of two functions";
  let description = [{
    Operand 0 is the condition, the others are the arguments of both functions.
    One runs.

    - C1: the condition is a scalar bool.
    - C2: `then` and `else` are functions of the module of the same type:
      that of the other operands and of the results.

    ```mlir
    %y = mg.if @double else @negate(%c, %x)
        : (tensor<i1>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$then_function,
                       FlatSymbolRefAttr:$else_function,
                       Variadic<MG_Tensor>:$operands);
  let assemblyFormat = [{
    $then_function `else` $else_function `(` $operands `)` attr-dict `:`
    functional-type(operands, results)
  }];
}

def MG_WhileOp : MG_SymbolUser<"while", calling> {
  let summary = "a function as long as another one says so";
  let description = [{
    Operands are `consts` constants, then the state. While
    `condition(constants, state)`, and at most `max_trips` times where that is
    given, the state becomes `body(constants, state)`. Results: the state.

    Reverse mode needs `max_trips`: it keeps that many states.

    - C1: 0 <= consts <= number of operands; the results have the state's types.
    - C2: `condition` is a function of the operands' types to a scalar bool.
    - C3: `body` is a function of the operands' types to the results'.
    - C4: max_trips >= 0.

    ```mlir
    %y = mg.while @below do @twice(%limit, %x) consts 1 max_trips 20
        : (tensor<f32>, tensor<f32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$condition, FlatSymbolRefAttr:$body,
                       Variadic<MG_Tensor>:$operands,
                       DefaultValuedAttr<I64Attr, "0">:$consts,
                       OptionalAttr<I64Attr>:$max_trips);
  let assemblyFormat = [{
    $condition `do` $body `(` $operands `)` (`consts` $consts^)?
    (`max_trips` $max_trips^)? attr-dict `:` functional-type(operands, results)
  }];
}

def MG_ScanOp : MG_SymbolUser<"scan", calling> {
  let summary = "a function over the slices of tensors, with a carry";
  let description = [{
    Operands are `consts` constants, `carries` carries, then sequences. Step i
    calls `body(constants, carries, slices)`, where the slices are those of the
    sequences at index i of their first dimension; it returns the next carries,
    then outputs. Results: the last carries, then the outputs of all steps,
    stacked along a new first dimension. `reverse`: i runs from length - 1 down
    to 0; outputs lie at their index.

    - C1: consts, carries and length >= 0, and there are as many operands.
    - C2: every sequence has a first dimension of `length`.
    - C3: `body` is a function of the types said, whose first results have the
      types of the carries.
    - C4: the results have the types said.

    ```mlir
    %last, %all = mg.scan @step(%w, %h, %xs) consts 1 carries 1 length 9
        : (tensor<4x4xf32>, tensor<4xf32>, tensor<9x4xf32>)
        -> (tensor<4xf32>, tensor<9x4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Variadic<MG_Tensor>:$operands,
                       DefaultValuedAttr<I64Attr, "0">:$consts,
                       DefaultValuedAttr<I64Attr, "0">:$carries,
                       I64Attr:$length, UnitAttr:$reverse);
  let assemblyFormat = [{
    $body `(` $operands `)` (`consts` $consts^)? (`carries` $carries^)?
    `length` $length (`reverse` $reverse^)? attr-dict `:`
    functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Transformations
//===----------------------------------------------------------------------===//

// What `--mg-differentiate` expands; no rules: the inner ones go first.
class MG_TransformOp<string mnemonic> : MG_SymbolUser<mnemonic>;

def MG_VjpOp : MG_TransformOp<"vjp"> {
  let summary = "a function and its reverse-mode derivative";
  let description = [{
    Operands are the callee's arguments, then a cotangent for each of its
    results `of`. Results are the callee's results, then the gradient of each
    argument `wrt`: the sum of cotangent times derivative.

    - C1: `callee` is a function of the module.
    - C2: `of` are numbers of its results, `wrt` of its arguments, none twice,
      all floats.
    - C3: operands and results have the types said.

    ```mlir
    %l, %dw = mg.vjp @loss(%w, %x, %one) of [0] wrt [0]
        : (tensor<4xf32>, tensor<4xf32>, tensor<f32>)
        -> (tensor<f32>, tensor<4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<MG_Tensor>:$operands,
                       DenseI64ArrayAttr:$of, DenseI64ArrayAttr:$wrt);
  let assemblyFormat = [{
    $callee `(` $operands `)` `of` $of `wrt` $wrt attr-dict `:`
    functional-type(operands, results)
  }];
}

def MG_JvpOp : MG_TransformOp<"jvp"> {
  let summary = "a function and its forward-mode derivative";
  let description = [{
    Operands are the callee's arguments, then a tangent for each argument `wrt`.
    Results are the callee's results, then the tangent of each of them that is a
    float.

    - C1: `callee` is a function of the module.
    - C2: `wrt` are numbers of its arguments, none twice, all floats.
    - C3: operands and results have the types said.

    ```mlir
    %y, %dy = mg.jvp @f(%x, %dx) wrt [0]
        : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<MG_Tensor>:$operands,
                       DenseI64ArrayAttr:$wrt);
  let assemblyFormat = [{
    $callee `(` $operands `)` `wrt` $wrt attr-dict `:`
    functional-type(operands, results)
  }];
}

def MG_VmapOp : MG_TransformOp<"vmap"> {
  let summary = "a function over a batch";
  let description = [{
    Operand i has one more dimension than the callee's argument i, `in[i]`, of
    `size` elements; or none if that is -1: then all elements share it. The
    same for results and `out`; a result without one depends on no mapped
    operand.

    - C1: `callee` is a function of the module; `in` has an entry per operand,
      `out` one per result.
    - C2: each is -1 or a dimension; size >= 0.
    - C3: operands and results have the types said.

    ```mlir
    %y = mg.vmap @f(%w, %x) in [-1, 0] out [0] size 8
        : (tensor<4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<MG_Tensor>:$operands,
                       DenseI64ArrayAttr:$in, DenseI64ArrayAttr:$out,
                       I64Attr:$size);
  let assemblyFormat = [{
    $callee `(` $operands `)` `in` $in `out` $out `size` $size attr-dict `:`
    functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// What a derivative sees
//===----------------------------------------------------------------------===//

class MG_IdentityOp<string mnemonic, list<Trait> traits>
    : MG_InferredOp<mnemonic,
                    [DeclareOpInterfaceMethods<ViewInterface>] # traits> {
  let results = (outs MG_Tensor:$result);
}

def MG_StopGradientOp : MG_IdentityOp<"stop_gradient", ruled> {
  let summary = "x, and no derivative goes through";
  let description = [{
    ```mlir
    %y = mg.stop_gradient %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def MG_NameOp : MG_IdentityOp<"name", ruled> {
  let summary = "x, with a name for a checkpoint's policy";
  let description = [{
    - C1: `name` is not empty.

    ```mlir
    %y = mg.name %x "hidden" : tensor<4xf32>
    ```
  }];
  let arguments = (ins MG_Tensor:$x, StrAttr:$name);
  let assemblyFormat = "$x $name attr-dict `:` type($x)";
}

def MG_BarrierOp : MG_InferredOp<"barrier", ruled> {
  let summary = "its operands, once all of them are there";
  let description = [{
    What uses a result is computed after all operands, and is never the same
    as what uses an operand itself. Recomputation begins behind one.

    ```mlir
    %a, %b = mg.barrier %x, %ct : (tensor<4xf32>, tensor<f32>)
        -> (tensor<4xf32>, tensor<f32>)
    ```
  }];
  let arguments = (ins Variadic<MG_Tensor>:$xs);
  let results = (outs Variadic<MG_Tensor>:$results);
  let assemblyFormat =
      "$xs attr-dict `:` functional-type(operands, results)";
}

#endif // MG_CALLS
