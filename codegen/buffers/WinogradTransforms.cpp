//===- WinogradTransforms.cpp - the linear maps around the products -------===//
//
// See WinogradTransforms.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/buffers/WinogradTransforms.h"

#include "codegen/buffers/Winograd.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace mg::codegen {

namespace {
class Arithmetic {
public:
  Arithmetic(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  Value add(Value x, Value y) { return b.create<arith::AddFOp>(loc, x, y); }
  Value subtract(Value x, Value y) {
    return b.create<arith::SubFOp>(loc, x, y);
  }
  Value halve(Value x) {
    Value half = b.create<arith::ConstantOp>(loc, b.getF32FloatAttr(0.5));
    return b.create<arith::MulFOp>(loc, x, half);
  }

private:
  OpBuilder &b;
  Location loc;
};
} // namespace

using Line = SmallVector<Value, 4>;
using Transform = Line (*)(Arithmetic &, ArrayRef<Value>);

/// B' of the essay: what is made of four inputs.
static Line inputLine(Arithmetic &a, ArrayRef<Value> x) {
  return {a.subtract(x[0], x[2]), a.add(x[1], x[2]), a.subtract(x[2], x[1]),
          a.subtract(x[1], x[3])};
}

/// G, of three weights.
static Line weightLine(Arithmetic &a, ArrayRef<Value> w) {
  Value outer = a.halve(a.add(w[0], w[2])), middle = a.halve(w[1]);
  return {w[0], a.add(outer, middle), a.subtract(outer, middle), w[2]};
}

/// A', the two results of four products.
static Line backLine(Arithmetic &a, ArrayRef<Value> m) {
  return {a.add(a.add(m[0], m[1]), m[2]),
          a.subtract(a.subtract(m[1], m[2]), m[3])};
}

static Square transformSquare(OpBuilder &b, Location loc,
                              ArrayRef<Value> square, int64_t size,
                              Transform transform) {
  Arithmetic a(b, loc);
  SmallVector<Line> columns;
  for (int64_t j = 0; j < size; ++j) {
    Line column;
    for (int64_t i = 0; i < size; ++i)
      column.push_back(square[i * size + j]);
    columns.push_back(transform(a, column));
  }
  Square result;
  for (size_t i = 0; i < columns.front().size(); ++i) {
    Line row;
    for (const Line &column : columns)
      row.push_back(column[i]);
    llvm::append_range(result, transform(a, row));
  }
  return result;
}

Square transformInputs(OpBuilder &b, Location loc, ArrayRef<Value> square) {
  return transformSquare(b, loc, square, WinogradConv::in, inputLine);
}

Square transformWeights(OpBuilder &b, Location loc, ArrayRef<Value> square) {
  return transformSquare(b, loc, square, WinogradConv::taps, weightLine);
}

Square transformBack(OpBuilder &b, Location loc, ArrayRef<Value> square) {
  return transformSquare(b, loc, square, WinogradConv::in, backLine);
}

//===----------------------------------------------------------------------===//
// Weights as a tensor
//===----------------------------------------------------------------------===//

/// The weights of one tap, a matrix in the order of its dimensions.
static Value createTap(OpBuilder &b, Location loc, Value weights,
                       const WeightDims &dims, int64_t i, int64_t j) {
  auto type = cast<RankedTensorType>(weights.getType());
  SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0)), sizes,
      strides(4, b.getIndexAttr(1));
  for (int64_t size : type.getShape())
    sizes.push_back(b.getIndexAttr(size));
  constexpr int64_t last = WinogradConv::taps - 1;
  offsets[dims.tapRows] = b.getIndexAttr(dims.areRowsTurned ? last - i : i);
  offsets[dims.tapColumns] =
      b.getIndexAttr(dims.areColumnsTurned ? last - j : j);
  sizes[dims.tapRows] = sizes[dims.tapColumns] = b.getIndexAttr(1);
  SmallVector<int64_t> shape = {type.getDimSize(dims.results),
                                type.getDimSize(dims.channels)};
  if (dims.results > dims.channels)
    std::swap(shape[0], shape[1]);
  return b.create<tensor::ExtractSliceOp>(
      loc, RankedTensorType::get(shape, type.getElementType()), weights,
      offsets, sizes, strides);
}

Value createWeightPlanes(OpBuilder &b, Location loc, Value weights,
                         const WeightDims &dims) {
  constexpr int64_t taps = WinogradConv::taps,
                    planes = WinogradConv::in * WinogradConv::in;
  auto type = cast<RankedTensorType>(weights.getType());
  Type element = type.getElementType();
  SmallVector<int64_t> shape = {type.getDimSize(dims.results),
                                type.getDimSize(dims.channels)};
  SmallVector<Value> ins, outs;
  for (int64_t i = 0; i < taps; ++i)
    for (int64_t j = 0; j < taps; ++j)
      ins.push_back(createTap(b, loc, weights, dims, i, j));
  for (int64_t p = 0; p < planes; ++p)
    outs.push_back(b.create<tensor::EmptyOp>(loc, shape, element));
  AffineMap identity = b.getMultiDimIdentityMap(2), turned = identity;
  if (dims.results > dims.channels)
    turned =
        AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0}, b.getContext());
  SmallVector<AffineMap> maps(ins.size(), turned);
  maps.append(outs.size(), identity);
  auto transform = b.create<linalg::GenericOp>(
      loc, SmallVector<Type>(ValueRange(outs).getTypes()), ins, outs, maps,
      SmallVector(2, utils::IteratorType::parallel),
      [&](OpBuilder &body, Location at, ValueRange args) {
        SmallVector<Value> square(args.take_front(ins.size()));
        body.create<linalg::YieldOp>(at, transformWeights(body, at, square));
      });
  Value all = b.create<tensor::EmptyOp>(
      loc, ArrayRef{planes, shape[0], shape[1]}, element);
  SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)),
      sizes = {b.getIndexAttr(1), b.getIndexAttr(shape[0]),
               b.getIndexAttr(shape[1])},
      strides(3, b.getIndexAttr(1));
  for (auto [p, plane] : llvm::enumerate(transform.getResults())) {
    offsets[0] = b.getIndexAttr(p);
    all = b.create<tensor::InsertSliceOp>(loc, plane, all, offsets, sizes,
                                          strides);
  }
  return all;
}

} // namespace mg::codegen
