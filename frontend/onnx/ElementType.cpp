//===- ElementType.cpp - ONNX's element types and ours --------------------===//
#include "frontend/onnx/Tensors.h"

#include <algorithm>
#include <iterator>

namespace mg::onnx {

namespace {

struct Row {
  ElementType type;
  const char *name;
  std::optional<DType> dtype = {};
};

constexpr Row rows[] = {{ElementType::f32, "f32", DType::f32},
                        {ElementType::u8, "u8", DType::u8},
                        {ElementType::i8, "i8", DType::i8},
                        {ElementType::u16, "u16", DType::u16},
                        {ElementType::i16, "i16", DType::i16},
                        {ElementType::i32, "i32", DType::i32},
                        {ElementType::i64, "i64", DType::i64},
                        {ElementType::string, "string"},
                        {ElementType::b1, "bool", DType::b1},
                        {ElementType::f16, "f16", DType::f16},
                        {ElementType::f64, "f64", DType::f64},
                        {ElementType::u32, "u32", DType::u32},
                        {ElementType::u64, "u64", DType::u64},
                        {ElementType::c64, "complex64"},
                        {ElementType::c128, "complex128"},
                        {ElementType::bf16, "bf16", DType::bf16},
                        {ElementType::f8e4m3fn, "float8e4m3fn"},
                        {ElementType::f8e4m3fnuz, "float8e4m3fnuz"},
                        {ElementType::f8e5m2, "float8e5m2"},
                        {ElementType::f8e5m2fnuz, "float8e5m2fnuz"},
                        {ElementType::u4, "u4", DType::u8},
                        {ElementType::i4, "i4", DType::i8},
                        {ElementType::f4e2m1, "float4e2m1"},
                        {ElementType::f8e8m0, "float8e8m0"},
                        {ElementType::u2, "u2", DType::u8},
                        {ElementType::i2, "i2", DType::i8},
                        {ElementType::f6e2m3, "float6e2m3"},
                        {ElementType::f6e3m2, "float6e3m2"}};

const Row *find(ElementType type) {
  const auto found = std::find_if(std::begin(rows), std::end(rows),
                                  [&](const Row &r) { return r.type == type; });
  return found == std::end(rows) ? nullptr : found;
}

} // namespace

std::string to_string(ElementType type) {
  const Row *row = find(type);
  return row ? row->name
             : "number " + std::to_string(static_cast<std::int32_t>(type));
}

std::optional<DType> dtypeOf(ElementType type) {
  const Row *row = find(type);
  return row ? row->dtype : std::nullopt;
}

int narrowBits(ElementType type) {
  switch (type) {
  case ElementType::u4:
  case ElementType::i4:
    return 4;
  case ElementType::u2:
  case ElementType::i2:
    return 2;
  default:
    return 0;
  }
}

} // namespace mg::onnx
