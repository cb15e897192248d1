//===- MgAttributes.td - enums and the encoding of `?` -----*- tablegen -*-===//
#ifndef MG_ATTRIBUTES
#define MG_ATTRIBUTES

include "MgDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

class MG_EnumInfo<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::mg";
  let genSpecializedAttr = 0;
}
class MG_Enum<string name, string mnemonic, string summary,
              list<I32EnumAttrCase> cases>
    : EnumAttr<MgDialect, MG_EnumInfo<name, summary, cases>, mnemonic>;

def MG_Reduction : MG_Enum<"Reduction", "reduction", "kind of reduction", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Prod", 1, "prod">,
  I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"And", 4, "and">, I32EnumAttrCase<"Or", 5, "or">]>;

def MG_ScatterMode : MG_Enum<"ScatterMode", "scatter_mode",
                             "what an update does to an element", [
  I32EnumAttrCase<"Set", 0, "set">, I32EnumAttrCase<"Add", 1, "add">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Max", 4, "max">]>;

def MG_Direction : MG_Enum<"Direction", "direction", "order predicate", [
  I32EnumAttrCase<"EQ", 0, "eq">, I32EnumAttrCase<"NE", 1, "ne">,
  I32EnumAttrCase<"LT", 2, "lt">, I32EnumAttrCase<"LE", 3, "le">,
  I32EnumAttrCase<"GT", 4, "gt">, I32EnumAttrCase<"GE", 5, "ge">]>;

def MG_ConvertMode : MG_Enum<"ConvertMode", "convert_mode",
                             "how a number becomes an integer", [
  I32EnumAttrCase<"Truncate", 0, "truncate">,
  I32EnumAttrCase<"Nearest", 1, "nearest">,
  I32EnumAttrCase<"Saturate", 2, "saturate">]>;

def MG_CheckpointPolicy : MG_Enum<"CheckpointPolicy", "checkpoint_policy",
                                  "what a checkpoint keeps", [
  I32EnumAttrCase<"Nothing", 0, "nothing">,
  I32EnumAttrCase<"Everything", 1, "everything">,
  I32EnumAttrCase<"Dots", 2, "dots">, I32EnumAttrCase<"Names", 3, "names">,
  I32EnumAttrCase<"Bytes", 4, "bytes">]>;

def MG_DimsAttr : AttrDef<MgDialect, "Dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "dims";
  let summary = "names and bounds of a tensor type's `?` dimensions";
  let description = [{
    One entry per dimension: `_` for a static one, `name = lo to hi` for a
    `?`, where `1 <= lo <= hi`. Two dimensions of one name are equal.

    ```mlir
    tensor<?x64xf32, #mg.dims<batch = 1 to 64, _>>
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"::mlir::StringAttr", "empty for a static one">:$names,
    ArrayRefParameter<"int64_t">:$lo,
    ArrayRefParameter<"int64_t">:$hi);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // MG_ATTRIBUTES
