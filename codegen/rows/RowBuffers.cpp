//===- RowBuffers.cpp - temporaries of a kernel, one tile of rows each ----===//
//
// See RowBuffers.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/rows/RowBuffers.h"

#include "codegen/nests/BufferRegions.h"
#include "codegen/nests/VectorPlan.h"

#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace mg::codegen {

/// Up to this a buffer lives on the stack, where LLVM makes registers of it.
static constexpr int64_t maxStackBytes = 512;

RowBuffers::RowBuffers(KernelGroup &group, int64_t tile,
                       llvm::function_ref<bool(Operation *)> isErased)
    : group(group), tile(tile) {
  findBuffers(isErased);
  // The last one first: what moves into it may then move on with it.
  for (unsigned i = buffers.size(); i-- > 0;) {
    Access *room = findRoom(buffers[i]);
    if (!room)
      continue;
    const Access to = *room;
    auto home = llvm::find_if(buffers, [&](const Buffer &other) {
      return other.alloc == rootOf(to.buffer);
    });
    for (Use &use : buffers[i].uses) {
      use.access->buffer = to.buffer;
      use.access->offset = to.offset;
      use.offset = offsetInRoot(to).value_or(0);
      if (home != buffers.end())
        home->uses.push_back(use);
    }
    buffers.erase(buffers.begin() + i);
  }
  turnBuffers();
}

void RowBuffers::findBuffers(llvm::function_ref<bool(Operation *)> isErased) {
  llvm::MapVector<Value, Buffer> found;
  llvm::SmallDenseSet<Value> refused;
  for (auto [m, member] : llvm::enumerate(group.members))
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
      buffer.uses.push_back({access, unsigned(m), offset.value_or(0)});
    }
  auto endsEarlier = [](const Buffer &a, const Buffer &b) {
    return a.uses.back().member < b.uses.back().member;
  };
  for (auto &[alloc, buffer] : found)
    if (!refused.contains(alloc) && canShrink(buffer) &&
        isPrivate(buffer.alloc, isErased))
      buffers.insert(llvm::upper_bound(buffers, buffer, endsEarlier), buffer);
}

/// Whether a use writes each element of the buffer where its member has read
/// the room's, which nobody wants after it.
static bool replaces(const LoopNest &nest, const Access &write,
                     const Access &read, const Access &room) {
  LoopNest once = nest;
  once.reduction.assign(once.size(), false);
  return !nest.contraction && read.isLinear() && read.buffer == room.buffer &&
         read.offset == room.offset && read.element == room.element &&
         read.strides == write.strides && coversBuffer(once, write);
}

/// Whether the room has no other use from the buffer's first user on until its
/// last one fills it: rows before have read theirs, as they do not cross.
bool RowBuffers::isFree(const Access &room, const Buffer &buffer) const {
  const Use &first = buffer.uses.front(), &last = buffer.uses.back();
  for (unsigned m = first.member; m <= last.member; ++m) {
    LoopNest &nest = group.members[m].nest;
    auto isInTheWay = [&](const Access &access) {
      return !access.isScalar() && &access != &room &&
             mayOverlap(access.buffer, room.buffer);
    };
    auto isReplaced = [&](const Access &input) {
      return m == first.member && replaces(nest, *first.access, input, room);
    };
    if (llvm::any_of(nest.outputs, isInTheWay) ||
        llvm::any_of(nest.inputs, [&](const Access &input) {
          return isInTheWay(input) && !isReplaced(input);
        }))
      return false;
    bool loads = false;
    nest.body->walk([&](memref::LoadOp load) {
      loads |= mayOverlap(load.getMemRef(), room.buffer);
    });
    if (loads)
      return false;
  }
  return true;
}

/// A result of the buffer's last user that has the same layout, and memory that
/// is free for the buffer; null if there is none. The user may reduce its row
/// as well (to the sum of what it stores), as long as it comes to each element
/// once.
Access *RowBuffers::findRoom(const Buffer &buffer) const {
  KernelMember &last = group.members[buffer.uses.back().member];
  if (last.nest.contraction)
    return nullptr;
  SmallVector<const Use *> uses;
  for (const Use &use : buffer.uses)
    if (use.member == buffer.uses.back().member)
      uses.push_back(&use);
  const Use &only = *uses.front();
  const Access &read = *only.access;
  auto isRead = [&](const Access &input) { return &input == &read; };
  LoopNest once = last.nest;
  once.reduction.assign(once.size(), false);
  // All of the allocation, not of a view of it.
  auto isWhole = [&] {
    return coversBuffer(once, read) &&
           cast<MemRefType>(read.buffer.getType()).getNumElements() ==
               buffer.getType().getNumElements();
  };
  if (uses.size() != 1 || llvm::none_of(last.nest.inputs, isRead) ||
      !isWhole() || !llvm::all_of(buffer.uses, [&](const Use &use) {
        return use.offset == only.offset;
      }))
    return nullptr;
  for (auto [o, output] : llvm::enumerate(last.nest.outputs)) {
    unsigned argument = last.nest.inputs.size() + o;
    // A body may have no arguments for outputs: linalg.map.
    bool overwrites = last.nest.initial[o] ||
                      argument >= last.nest.body->getNumArguments() ||
                      last.nest.body->getArgument(argument).use_empty();
    if (overwrites && !output.streamed && output.element == read.element &&
        output.strides == read.strides && isFree(output, buffer))
      return &output;
  }
  return nullptr;
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
  const LoopNest &nest = nestOf(use);
  for (unsigned d = group.rows; d < nest.size(); ++d) {
    int64_t inner = use.access->strides[d];
    if (nest.extents[d] == 1)
      continue;
    if (!skips(inner, stride, extent))
      return false;
    if (std::abs(inner) < stride)
      (inner < 0 ? low : high) += inner * (nest.extents[d] - 1);
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
    address = address / (s * group.rowExtent(row)) * (s * rowsIn(buffer, row)) +
              address % s;
  }
  return buffer.turned ? address * tile : address;
}

//===----------------------------------------------------------------------===//
// Turned temporaries
//===----------------------------------------------------------------------===//

/// Lanes of the widest level: the choice must not depend on it.
static constexpr int64_t mostLanes = 16;

/// Whether a tile, and the last one, are vectors of rows.
static bool areVectors(int64_t tile, int64_t extent) {
  constexpr double hardlyMore = 1.1;
  int64_t rest = extent % tile;
  int64_t lanes = extent / tile * tile + llvm::alignTo(rest, mostLanes);
  return tile % mostLanes == 0 && lanes <= hardlyMore * extent;
}

static bool movesInside(const KernelGroup &group, const Access &access) {
  return !access.isScalar() &&
         llvm::any_of(ArrayRef(access.strides).drop_front(group.rows),
                      [](int64_t stride) { return stride != 0; });
}

/// Whether member `m`, if it walks what is turned, does so with its lanes along
/// the rows, or has a tile's rows share what it reads beside them.
bool RowBuffers::mayTurn(unsigned m,
                         function_ref<bool(const Access &)> isTurned) {
  LoopNest nest = group.members[m].nest;
  unsigned row = group.rows - 1;
  if (llvm::none_of(nest.accesses(),
                    [&](Access *access) { return isTurned(*access); }))
    return true;
  if (nest.contraction) {
    nest.extents[row] = tile;
    for (unsigned d = 0; d < row; ++d)
      nest.extents[d] = 1;
    // As it will lie.
    for (Access *access : nest.accesses())
      if (isTurned(*access))
        for (unsigned d = row; d < nest.size(); ++d)
          access->strides[d] = d == row ? 1 : access->strides[d] * tile;
    if (isTurned(nest.outputs[0]) && chooseVectorLoop(nest) != int(row))
      return false;
    return llvm::all_of(nest.inputs, [&](const Access &input) {
      return !isTurned(input) ||
             llvm::all_of(llvm::seq<unsigned>(group.rows, nest.size()),
                          [&](unsigned d) {
                            return nest.reduction[d] || !input.strides[d];
                          });
    });
  }
  if (!nest.body->getOps<memref::LoadOp>().empty())
    return false;
  return llvm::all_of(nest.accesses(), [&](Access *access) {
    return access->isScalar() || isTurned(*access) ||
           (access->isLinear() &&
            (!access->strides[row] || !movesInside(group, *access)));
  });
}

/// Turns all temporaries that are more than a number per row, or none: one that
/// is not would be in the way of the members that walk it beside others.
void RowBuffers::turnBuffers() {
  if (!areVectors(tile, group.rowExtent(group.rows - 1)))
    return;
  llvm::SmallDenseSet<Value> wanted;
  bool contracts = false;
  for (const Buffer &buffer : buffers)
    for (const Use &use : buffer.uses) {
      const LoopNest &nest = nestOf(use);
      if (!movesInside(group, *use.access))
        continue;
      wanted.insert(buffer.alloc);
      contracts |= nest.contraction && use.access == &nest.outputs[0];
    }
  auto isTurned = [&](const Access &access) {
    return !access.isScalar() && wanted.contains(rootOf(access.buffer));
  };
  auto members = llvm::seq<unsigned>(0, group.members.size());
  if (!contracts ||
      !llvm::all_of(members, [&](unsigned m) { return mayTurn(m, isTurned); }))
    return;
  for (Buffer &buffer : buffers)
    buffer.turned = wanted.contains(buffer.alloc);
  for (unsigned m : members) {
    LoopNest nest = group.members[m].nest;
    if (llvm::any_of(nest.accesses(),
                     [&](Access *access) { return isTurned(*access); }))
      turnedMembers.insert(m);
  }
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
    int64_t rowStride = buffer.turned ? 1 : buffer.rowStrides.back();
    for (unsigned row = 0; row + 1 < group.rows; ++row)
      if (!buffer.turned && buffer.rowStrides[row] < buffer.rowStrides.back())
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
