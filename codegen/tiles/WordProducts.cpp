//===- WordProducts.cpp - instructions that sum products of words ---------===//
//
// See WordProducts.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/tiles/WordProducts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mg::codegen {

static Value call(OpBuilder &b, Location loc, Type type, StringRef intrinsic,
                  ValueRange operands) {
  return b
      .create<LLVM::CallIntrinsicOp>(loc, type, b.getStringAttr(intrinsic),
                                     operands)
      ->getResult(0);
}

/// The sums of two products each.
static Value addPairs(OpBuilder &b, Location loc, Value x, Value y) {
  auto type = cast<VectorType>(x.getType());
  int64_t lanes = type.getNumElements();
  auto halves = VectorType::get({2 * lanes}, b.getI16Type());
  Value operands[] = {b.create<vector::BitCastOp>(loc, halves, x),
                      b.create<vector::BitCastOp>(loc, halves, y)};
  StringRef name = lanes == 4   ? "llvm.x86.sse2.pmadd.wd"
                   : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                : "llvm.x86.avx512.pmaddw.d.512";
  return call(b, loc, type, name, operands);
}

/// acc + the products of two pairs of bf16, with the exact products of the CPU.
static Value addHalfPairs(OpBuilder &b, Location loc, Value x, Value y,
                          Value acc) {
  int64_t lanes = cast<VectorType>(x.getType()).getNumElements();
  auto halves = VectorType::get({2 * lanes}, b.getBF16Type());
  Value operands[] = {acc, b.create<vector::BitCastOp>(loc, halves, x),
                      b.create<vector::BitCastOp>(loc, halves, y)};
  return call(b, loc, acc.getType(),
              ("llvm.x86.avx512bf16.dpbf16ps." + Twine(32 * lanes)).str(),
              operands);
}

Value addProducts(OpBuilder &b, Location loc, Products products, Value x,
                  Value y, Value acc) {
  if (products == Products::HalfPairs)
    return addHalfPairs(b, loc, x, y, acc);
  int64_t bits = cast<VectorType>(x.getType()).getNumElements() * 32;
  StringRef fused = products == Products::PairsFused ? "vpdpwssd"
                    : products == Products::Quads    ? "vpdpbusd"
                                                     : "";
  if (!fused.empty())
    return call(b, loc, acc.getType(),
                ("llvm.x86.avx512." + fused + "." + Twine(bits)).str(),
                {acc, x, y});
  return b.create<arith::AddIOp>(loc, acc, addPairs(b, loc, x, y));
}

} // namespace mg::codegen
