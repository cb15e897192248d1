#include "frontend/eager/Execute.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mg::eager {

using namespace mlir;

Type elementType(MLIRContext *context, mg_dtype dtype) {
  Builder b(context);
  auto integer = [&](unsigned width, bool isUnsigned) -> Type {
    return isUnsigned ? b.getIntegerType(width, /*isSigned=*/false)
                      : b.getIntegerType(width);
  };
  switch (dtype) {
  case MG_BOOL:
    return b.getI1Type();
  case MG_I8:
  case MG_I16:
  case MG_I32:
  case MG_I64:
    return integer(8u << (dtype - MG_I8), false);
  case MG_U8:
  case MG_U16:
  case MG_U32:
  case MG_U64:
    return integer(8u << (dtype - MG_U8), true);
  case MG_F16:
    return b.getF16Type();
  case MG_BF16:
    return b.getBF16Type();
  case MG_F32:
    return b.getF32Type();
  case MG_F64:
    return b.getF64Type();
  }
  return {};
}

FailureOr<mg_dtype> dtypeOf(Type type) {
  for (int dtype = 0; dtype < MG_DTYPE_COUNT; ++dtype)
    if (elementType(type.getContext(), static_cast<mg_dtype>(dtype)) == type)
      return static_cast<mg_dtype>(dtype);
  return failure();
}

RankedTensorType typeOf(MLIRContext *context, const Array &array) {
  return RankedTensorType::get(ArrayRef(array.view.shape, array.view.rank),
                               elementType(context, array.view.dtype));
}

} // namespace mg::eager
