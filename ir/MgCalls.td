//===- MgCalls.td - calls of functions ---------------------*- tablegen -*-===//
#ifndef MG_CALLS
#define MG_CALLS

include "MgOpBase.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

class MG_CallBase<string mnemonic, string symbol>
    : MG_Op<mnemonic, [CallOpInterface,
                       DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let results = (outs Variadic<MG_Tensor>:$results);
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
  let summary = "a call whose meaning has a name";
  let description = [{
    Means what `decomposition` computes. The name and the attributes tell
    patterns what that is.

    - C1: `decomposition` is a function of the module, and its type is the
      composite's.
    - C2: `name` is not empty.

    ```mlir
    %y = mg.composite "softmax"(%x) {axis = 1} @softmax.1
        : (tensor<4x9xf32>) -> tensor<4x9xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<MG_Tensor>:$operands,
                       DictionaryAttr:$composite_attributes,
                       FlatSymbolRefAttr:$decomposition);
  let assemblyFormat = [{
    $name `(` $operands `)` $composite_attributes $decomposition attr-dict `:`
    functional-type(operands, results)
  }];
}

#endif // MG_CALLS
