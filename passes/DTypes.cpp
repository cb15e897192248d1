//===- DTypes.cpp - The names and numbers of element types ----------------===//

#include "passes/DTypes.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::mg;

static DType integerDType(IntegerType type) {
  static constexpr StringLiteral signedNames[] = {"i8", "i16", "i32", "i64"};
  static constexpr StringLiteral unsignedNames[] = {"u8", "u16", "u32", "u64"};
  if (type.getWidth() == 1)
    return {"bool", 0};
  unsigned log = llvm::Log2_32(type.getWidth() / 8);
  if (type.isUnsigned())
    return {unsignedNames[log], static_cast<int32_t>(5 + log)};
  return {signedNames[log], static_cast<int32_t>(1 + log)};
}

DType mg::dtypeOf(Type element) {
  return llvm::TypeSwitch<Type, DType>(element)
      .Case<IntegerType>(integerDType)
      .Case<Float16Type>([](Type) { return DType{"f16", 9}; })
      .Case<BFloat16Type>([](Type) { return DType{"bf16", 10}; })
      .Case<Float32Type>([](Type) { return DType{"f32", 11}; })
      .Default([](Type) { return DType{"f64", 12}; });
}
