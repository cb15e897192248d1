//===- FramedRows.cpp - rows of an image with a frame, in blocks ----------===//
//
// See FramedRows.h. What a block has of the image is known of each: of those at
// the edges, which are few, code is written for each number.
//
//===----------------------------------------------------------------------===//
#include "codegen/buffers/FramedRows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace mg::codegen {

/// Blocks with a part of the frame that get code of their own.
static constexpr size_t mostEdges = 4;

FramedRows::Part FramedRows::partOf(int64_t number) const {
  const int64_t begin = number * step - low[dim], end = begin + shape[dim],
                extent = cast<MemRefType>(image.getType()).getDimSize(dim);
  const int64_t skipped = std::clamp<int64_t>(-begin, 0, shape[dim]);
  const int64_t taken = std::min(end, extent) - std::max<int64_t>(begin, 0);
  return {skipped, std::max<int64_t>(taken, 0)};
}

bool FramedRows::isWhole(Part part) const { return part.taken == shape[dim]; }

/// The blocks that see rows of the frame.
SmallVector<int64_t> FramedRows::findEdges() const {
  SmallVector<int64_t> edges;
  for (int64_t i = 0; i < blocks; ++i)
    if (!isWhole(partOf(i)))
      edges.push_back(i);
  return edges;
}

bool FramedRows::isRegular() const { return findEdges().size() <= mostEdges; }

int64_t FramedRows::elements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

Value FramedRows::create(OpBuilder &b, Location loc) const {
  Type element = cast<MemRefType>(image.getType()).getElementType();
  Value block = b.create<memref::AllocOp>(loc, MemRefType::get(shape, element),
                                          b.getI64IntegerAttr(64));
  b.create<linalg::FillOp>(loc, fill, block);
  return block;
}

void FramedRows::fillRows(OpBuilder &b, Location loc, Value block,
                          int64_t begin, int64_t end) const {
  if (begin >= end)
    return;
  SmallVector<int64_t> offsets(shape.size(), 0), sizes(shape),
      ones(shape.size(), 1);
  offsets[dim] = begin;
  sizes[dim] = end - begin;
  Value rows = b.create<memref::SubViewOp>(loc, block, offsets, sizes, ones);
  b.create<linalg::FillOp>(loc, fill, rows);
}

/// Rows of the image from `row` on; rows of the frame that other blocks have
/// written.
void FramedRows::copyPart(OpBuilder &b, Location loc, Value block, Part part,
                          OpFoldResult row,
                          ArrayRef<OpFoldResult> offsets) const {
  if (blocks > 1) {
    fillRows(b, loc, block, 0, part.skipped);
    fillRows(b, loc, block, part.skipped + part.taken, shape[dim]);
  }
  if (part.taken == 0)
    return;
  SmallVector<OpFoldResult> from(offsets), to, sizes,
      ones(shape.size(), b.getIndexAttr(1));
  auto type = cast<MemRefType>(image.getType());
  for (size_t d = 0; d < shape.size(); ++d) {
    to.push_back(b.getIndexAttr(low[d]));
    sizes.push_back(
        b.getIndexAttr(std::min(type.getDimSize(d), shape[d] - low[d])));
  }
  from[dim] = row;
  to[dim] = b.getIndexAttr(part.skipped);
  sizes[dim] = b.getIndexAttr(part.taken);
  Value source = b.create<memref::SubViewOp>(loc, image, from, sizes, ones),
        target = b.create<memref::SubViewOp>(loc, block, to, sizes, ones);
  b.create<memref::CopyOp>(loc, source, target);
}

void FramedRows::copy(OpBuilder &b, Location loc, Value block, Value number,
                      ArrayRef<OpFoldResult> offsets) const {
  OpBuilder::InsertionGuard guard(b);
  auto constant = [&](int64_t value) -> Value {
    return b.create<arith::ConstantIndexOp>(loc, value);
  };
  const SmallVector<int64_t> edges = findEdges();
  for (int64_t edge : edges) {
    const int64_t first = std::max<int64_t>(edge * step - low[dim], 0);
    auto copyEdge = [&] {
      copyPart(b, loc, block, partOf(edge), b.getIndexAttr(first), offsets);
    };
    if (edge == edges.back() && int64_t(edges.size()) == blocks)
      return copyEdge();
    Value isEdge = b.create<arith::CmpIOp>(loc, arith::CmpIPredicate::eq,
                                           number, constant(edge));
    auto branch = b.create<scf::IfOp>(loc, isEdge, /*withElseRegion=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    copyEdge();
    b.setInsertionPointToStart(branch.elseBlock());
  }
  Value row = b.create<arith::MulIOp>(loc, number, constant(step));
  row = b.create<arith::SubIOp>(loc, row, constant(low[dim]));
  copyPart(b, loc, block, {0, shape[dim]}, row, offsets);
}

} // namespace mg::codegen
