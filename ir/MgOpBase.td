//===- MgOpBase.td - classes that records derive from ------*- tablegen -*-===//
#ifndef MG_OP_BASE
#define MG_OP_BASE

include "MgAttributes.td"
include "MgInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// An op whose results the caller names (`wanted`).
class MG_Op<string mnemonic, list<Trait> traits = []>
    : Op<MgDialect, mnemonic,
         [DeclareOpInterfaceMethods<ShapeInferInterface>, Pure] # traits> {
  code inferDeclaration = [{
    static ::llvm::LogicalResult infer(::mlir::mg::Inference &in);
  }];
  let extraClassDeclaration = inferDeclaration;
}

// An op that determines its result types: builders need not name them.
class MG_InferredOp<string mnemonic, list<Trait> traits = []>
    : MG_Op<mnemonic,
            [DeclareOpInterfaceMethods<InferTypeOpInterface>] # traits> {
  code inferDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(
        ::mlir::MLIRContext *context, ::std::optional<::mlir::Location> loc,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties, ::mlir::RegionRange,
        ::llvm::SmallVectorImpl<::mlir::Type> &results) {
      return ::mlir::mg::inferWith(&$cppClass::inferTypes, context, loc,
                                   operands, attributes, results);
    }
  }];
  let extraClassDefinition = inferDefinition;
}

// The rules of an op, in the file of its family: ViewRules.cpp, ..
defvar batched = [DeclareOpInterfaceMethods<BatchableInterface>];
defvar ruled = [DeclareOpInterfaceMethods<DifferentiableInterface,
                                          ["vjp", "jvp"]>] # batched;

#endif // MG_OP_BASE
