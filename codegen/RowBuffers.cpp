//===- RowBuffers.cpp - temporaries of a kernel, one tile of rows each ----===//
//
// See RowBuffers.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/RowBuffers.h"

#include "codegen/BufferRegions.h"

#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mg::codegen {

/// Up to this a buffer lives on the stack, where LLVM makes registers of it.
static constexpr int64_t maxStackBytes = 512;

RowBuffers::RowBuffers(KernelGroup &group, int64_t tile,
                       llvm::function_ref<bool(Operation *)> isErased)
    : group(group), tile(tile) {
  llvm::MapVector<Value, Buffer> found;
  llvm::SmallDenseSet<Value> refused;
  for (KernelMember &member : group.members)
    for (Access *access : member.nest.accesses()) {
      auto alloc =
          access->isScalar()
              ? memref::AllocOp()
              : rootOf(access->buffer).getDefiningOp<memref::AllocOp>();
      if (!alloc || alloc->getBlock() != member.op->getBlock())
        continue;
      std::optional<int64_t> offset = offsetInRoot(*access);
      auto rows = ArrayRef(access->strides).take_front(group.rows);
      Buffer &buffer = found[alloc];
      if (!buffer.alloc)
        buffer = {alloc, SmallVector<int64_t>(rows), {}};
      if (!access->isLinear() || !offset || rows != ArrayRef(buffer.rowStrides))
        refused.insert(alloc);
      buffer.uses.push_back({access, &member.nest, offset.value_or(0)});
    }
  for (auto &[alloc, buffer] : found)
    if (!refused.contains(alloc) && canShrink(buffer) &&
        isPrivate(buffer.alloc, isErased))
      buffers.push_back(buffer);
}

bool RowBuffers::isPrivate(
    Value alloc, llvm::function_ref<bool(Operation *)> isErased) const {
  auto isMember = [&](Operation *op) {
    return llvm::any_of(group.members, [&](const KernelMember &member) {
      return member.op == op;
    });
  };
  SmallVector<Value> names = {alloc};
  while (!names.empty())
    for (Operation *user : names.pop_back_val().getUsers()) {
      if (isa<ViewLikeOpInterface>(user))
        names.append(user->result_begin(), user->result_end());
      else if (!isMember(user) && !isErased(user))
        return false;
    }
  return true;
}

/// Whether an address, taken as a stride, leaves the digit of a row loop alone.
static bool skips(int64_t address, int64_t stride, int64_t extent) {
  return std::abs(address) < stride || address % (stride * extent) == 0;
}

/// Whether what a use reaches inside a row never carries into the digit of the
/// row loop.
bool RowBuffers::staysInRow(const Use &use, int64_t stride,
                            int64_t extent) const {
  if (use.offset % (stride * extent) >= stride)
    return false;
  int64_t low = use.offset % stride, high = low;
  for (unsigned d = group.rows; d < use.nest->size(); ++d) {
    int64_t inner = use.access->strides[d];
    if (use.nest->extents[d] == 1)
      continue;
    if (!skips(inner, stride, extent))
      return false;
    if (std::abs(inner) < stride)
      (inner < 0 ? low : high) += inner * (use.nest->extents[d] - 1);
  }
  return low >= 0 && high < stride;
}

bool RowBuffers::canShrink(const Buffer &buffer) const {
  int64_t total = buffer.getType().getNumElements();
  for (auto [row, stride] : llvm::enumerate(buffer.rowStrides)) {
    int64_t extent = group.rowExtent(row);
    if (stride <= 0 || total % (stride * extent) != 0)
      return false;
    for (auto [other, size] : llvm::enumerate(buffer.rowStrides))
      if (other != row && !skips(size, stride, extent))
        return false;
    for (const Use &use : buffer.uses)
      if (!staysInRow(use, stride, extent))
        return false;
  }
  return true;
}

/// An address without the digits of the rows, but for the tile's.
int64_t RowBuffers::shrunk(const Buffer &buffer, int64_t address) const {
  if (address < 0)
    return -shrunk(buffer, -address);
  SmallVector<unsigned> order = llvm::to_vector(llvm::seq(0u, group.rows));
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return buffer.rowStrides[a] > buffer.rowStrides[b];
  });
  for (unsigned row : order) {
    int64_t s = buffer.rowStrides[row];
    address =
        address / (s * group.rowExtent(row)) * (s * rowsIn(row)) + address % s;
  }
  return address;
}

void RowBuffers::create(OpBuilder &b, Block *frame) {
  for (Buffer &buffer : buffers) {
    MemRefType old = buffer.getType();
    int64_t size = shrunk(buffer, old.getNumElements());
    auto type = MemRefType::get({size}, old.getElementType());
    bool small = size * old.getElementTypeBitWidth() / 8 <= maxStackBytes;
    Location loc = buffer.alloc.getLoc();
    Value memory;
    if (small) {
      OpBuilder atFrame = OpBuilder::atBlockBegin(frame);
      memory =
          atFrame.create<memref::AllocaOp>(loc, type, b.getI64IntegerAttr(64));
    } else {
      memory = b.create<memref::AllocOp>(loc, type);
    }
    locals.insert(memory);
    // The stride of the tile's rows: that of the last row loop, without the
    // digits of the others.
    int64_t rowStride = buffer.rowStrides.back();
    for (unsigned row = 0; row + 1 < group.rows; ++row)
      if (buffer.rowStrides[row] < buffer.rowStrides.back())
        rowStride /= group.rowExtent(row);
    for (const Use &use : buffer.uses) {
      use.access->buffer = memory;
      use.access->offset = shrunk(buffer, use.offset);
      for (auto [d, stride] : llvm::enumerate(use.access->strides))
        if (d >= group.rows)
          stride = shrunk(buffer, stride);
        else
          stride = d + 1 == group.rows ? rowStride : 0;
    }
  }
}

} // namespace mg::codegen
