//===- KernelGroup.cpp - ops that share one trip through memory -----------===//
//
// See KernelGroup.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/nests/KernelGroup.h"

#include "codegen/nests/BufferRegions.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <map>

using namespace mlir;

namespace mg::codegen {

//===----------------------------------------------------------------------===//
// Runs of neighbours
//===----------------------------------------------------------------------===//

/// Whether a kernel may be moved across `op`, which is none of its members.
static bool standsAside(Operation &op) {
  return isa<memref::AllocOp>(op) || isMemoryEffectFree(&op);
}

static void collectBlock(Block &block,
                         llvm::function_ref<bool(Operation *)> isErased,
                         SmallVectorImpl<KernelOps> &kernels) {
  IntegerAttr open; // the run in hand
  for (Operation &op : block) {
    if (isErased(&op))
      continue;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp) {
      if (!standsAside(op))
        open = {};
      continue;
    }
    auto kernel = op.getAttrOfType<IntegerAttr>("mg.kernel");
    if (!kernel || kernel != open)
      kernels.emplace_back();
    kernels.back().push_back(linalgOp);
    open = kernel;
  }
}

SmallVector<KernelOps, 0>
collectKernels(Operation *root,
               llvm::function_ref<bool(Operation *)> isErased) {
  SmallVector<KernelOps, 0> kernels;
  root->walk([&](Block *block) {
    if (!isa<linalg::LinalgOp>(block->getParentOp()))
      collectBlock(*block, isErased, kernels);
  });
  return kernels;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// The loops that `mg.rows` lists; none where it is no list of such loops.
static std::optional<SmallVector<unsigned>> rowsOf(const KernelMember &member) {
  auto attr = member.op->getAttrOfType<DenseI64ArrayAttr>(StringRef("mg.rows"));
  if (!attr)
    return std::nullopt;
  SmallVector<unsigned> rows;
  for (int64_t row : attr.asArrayRef()) {
    if (row < 0 || row >= member.nest.size() ||
        llvm::is_contained(rows, unsigned(row)) ||
        member.nest.reduction[row] !=
            member.nest.reduction[attr.asArrayRef().front()])
      return std::nullopt;
    rows.push_back(row);
  }
  return rows;
}

std::optional<KernelGroup> buildKernelGroup(ArrayRef<KernelMember> all) {
  KernelGroup group;
  if (all.size() < 2)
    return std::nullopt;
  SmallVector<int64_t> extents;
  for (const KernelMember &given : all) {
    std::optional<SmallVector<unsigned>> rows = rowsOf(given);
    if (!rows)
      return std::nullopt;
    KernelMember &member = group.members.emplace_back(given);
    SmallVector<int64_t> own;
    for (unsigned row : *rows)
      own.push_back(member.nest.extents[row]);
    if (group.members.size() > 1 && own != extents)
      return std::nullopt;
    extents = own;
    llvm::erase_if(*rows,
                   [&](unsigned row) { return member.nest.extents[row] == 1; });
    group.rows = rows->size();
    for (unsigned d = 0; d < member.nest.size(); ++d)
      if (!llvm::is_contained(ArrayRef(*rows).take_front(group.rows), d))
        rows->push_back(d);
    permute(member.nest, *rows);
  }
  if (group.rows == 0)
    return std::nullopt;
  return group;
}

void mergeRows(KernelGroup &group) {
  for (unsigned row = group.rows; row-- > 1;) {
    if (!llvm::all_of(group.members, [&](KernelMember &member) {
          return canMerge(member.nest, row - 1, row);
        }))
      continue;
    for (KernelMember &member : group.members)
      merge(member.nest, row - 1, row);
    --group.rows;
  }
}

void moveRowLast(KernelGroup &group, unsigned row) {
  for (KernelMember &member : group.members) {
    auto order = llvm::to_vector(llvm::seq<unsigned>(0, member.nest.size()));
    std::rotate(order.begin() + row, order.begin() + row + 1,
                order.begin() + group.rows);
    permute(member.nest, order);
  }
}

//===----------------------------------------------------------------------===//
// Legality
//===----------------------------------------------------------------------===//

namespace {
/// What a member does to memory.
struct Touch {
  unsigned member;
  Value buffer;
  bool writes;
  /// Null for a load of the body, which may be anywhere.
  const Access *access;
};

/// Strides and how far each reaches: digits of an address, and where it starts.
struct Digits {
  std::map<int64_t, int64_t> reach;
  int64_t offset = 0;
};
} // namespace

static SmallVector<Touch> collectTouches(const KernelGroup &group) {
  SmallVector<Touch> touches;
  for (auto [m, member] : llvm::enumerate(group.members)) {
    unsigned number = m;
    auto see = [&](const Access &access, bool writes) {
      if (!access.isScalar())
        touches.push_back({number, access.buffer, writes, &access});
    };
    for (const Access &access : member.nest.inputs)
      see(access, false);
    for (const Access &access : member.nest.outputs)
      see(access, true);
    member.nest.body->walk([&](memref::LoadOp load) {
      touches.push_back({number, load.getMemRef(), false, nullptr});
    });
  }
  return touches;
}

/// The loops of an access other than the rows.
static Digits digitsOf(const KernelGroup &group, const LoopNest &nest,
                       const Access &access) {
  Digits digits;
  digits.offset = access.offset;
  for (unsigned d = group.rows; d < nest.size(); ++d) {
    int64_t stride = access.strides[d], reach = nest.extents[d] - 1;
    if (stride == 0 || reach == 0)
      continue;
    digits.offset += std::min<int64_t>(stride, 0) * reach;
    digits.reach[std::abs(stride)] += reach;
  }
  return digits;
}

/// Moves `digits` by `distance` > 0; false where that leaves the row.
static bool shift(Digits &digits, int64_t distance,
                  const std::map<int64_t, int64_t> &strides,
                  ArrayRef<int64_t> rowStrides) {
  for (auto [stride, unused] : llvm::reverse(strides)) {
    int64_t digit = distance / stride;
    distance %= stride;
    if (digit && llvm::is_contained(rowStrides, stride))
      return false;
    digits.reach[stride] += digit;
  }
  if (distance)
    digits.reach[1] += distance;
  return true;
}

/// Whether the digits of rows and of what is inside them never meet.
static bool separates(const KernelGroup &group, ArrayRef<int64_t> rowStrides,
                      const std::map<int64_t, int64_t> &inner) {
  SmallVector<std::pair<int64_t, int64_t>> all(inner.begin(), inner.end());
  for (auto [row, stride] : llvm::enumerate(rowStrides))
    all.push_back({stride, group.rowExtent(row) - 1});
  llvm::sort(all);
  int64_t span = 0;
  for (auto [stride, reach] : all) {
    if (stride <= span)
      return false;
    span += stride * reach;
  }
  return true;
}

/// Whether two accesses of the same memory meet at equal rows only.
static bool meetAtOwnRow(const KernelGroup &group, const Touch &a,
                         const Touch &b) {
  if (!a.access || !b.access || !a.access->isLinear() || !b.access->isLinear())
    return false;
  SmallVector<int64_t> rowStrides;
  for (unsigned row = 0; row < group.rows; ++row) {
    if (a.access->strides[row] != b.access->strides[row])
      return false;
    rowStrides.push_back(std::abs(a.access->strides[row]));
  }
  Digits x = digitsOf(group, group.members[a.member].nest, *a.access);
  Digits y = digitsOf(group, group.members[b.member].nest, *b.access);
  if (a.buffer != b.buffer) {
    std::optional<int64_t> inX = offsetInRoot(*a.access),
                           inY = offsetInRoot(*b.access);
    if (rootOf(a.buffer) != rootOf(b.buffer) || !inX || !inY)
      return false;
    x.offset += *inX - a.access->offset;
    y.offset += *inY - b.access->offset;
  }
  std::map<int64_t, int64_t> strides = x.reach;
  strides.insert(y.reach.begin(), y.reach.end());
  for (int64_t stride : rowStrides)
    strides[stride];
  if (strides.count(0) ||
      !shift(x.offset > y.offset ? x : y, std::abs(x.offset - y.offset),
             strides, rowStrides))
    return false;
  std::map<int64_t, int64_t> inner = x.reach;
  for (auto [stride, reach] : y.reach)
    inner[stride] = std::max(inner[stride], reach);
  std::erase_if(inner, [](const auto &digit) { return digit.second == 0; });
  return separates(group, rowStrides, inner);
}

bool canRunByRows(const KernelGroup &group) {
  SmallVector<Touch> touches = collectTouches(group);
  for (auto [i, a] : llvm::enumerate(touches))
    for (const Touch &b : ArrayRef(touches).take_front(i))
      if (a.member != b.member && (a.writes || b.writes) &&
          mayOverlap(a.buffer, b.buffer) && !meetAtOwnRow(group, a, b))
        return false;
  return true;
}

} // namespace mg::codegen
