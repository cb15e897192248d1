//===- RowBlocks.cpp - a contraction and the kernel of its rows, in turns -===//
//
// See RowBlocks.h.
//
//===----------------------------------------------------------------------===//
#include "codegen/rows/RowBlocks.h"

#include "codegen/nests/BufferRegions.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace mg::codegen {

/// f32, 512x768->3072 with a norm after it, by the product alone: in blocks of
/// 256 rows 1.027, of 128 1.018, of 64 1.022, and 1.026 all at once.
static constexpr int64_t blockRows = 128;
/// Results that a core's caches do not hold beside all else.
static constexpr int64_t farBytes = 4 << 20;
/// What the last cache gives again.
static constexpr int64_t nearBytes = 16 << 20;

/// The member with its first row as the first loop.
static std::optional<KernelMember> memberOf(linalg::LinalgOp op,
                                            const StartValues &starts) {
  auto rows = op->getAttrOfType<DenseI64ArrayAttr>("mg.rows");
  if (!rows || rows.empty() || llvm::is_contained(op.getStaticLoopRanges(), 0))
    return std::nullopt;
  FailureOr<LoopNest> nest = buildLoopNest(op);
  if (failed(nest))
    return std::nullopt;
  if (rows[0] < 0 || rows[0] >= nest->size())
    return std::nullopt;
  starts.apply(op, *nest);
  auto order = llvm::to_vector(llvm::seq<unsigned>(0, nest->size()));
  std::rotate(order.begin(), order.begin() + rows[0],
              order.begin() + rows[0] + 1);
  permute(*nest, order);
  return KernelMember{op, std::move(*nest)};
}

/// Whether nothing happens between the kernels.
static bool areNeighbours(const KernelOps &product, const KernelOps &next,
                          const StartValues &starts) {
  Operation *op = product.back(), *end = next.front();
  if (op->getBlock() != end->getBlock() || !op->isBeforeInBlock(end))
    return false;
  for (op = op->getNextNode(); op != end; op = op->getNextNode())
    if (!isa<memref::AllocOp, ViewLikeOpInterface>(op) && !starts.isStart(op) &&
        !isMemoryEffectFree(op))
      return false;
  return true;
}

static int64_t bytesOf(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// Whether the rows are far when the second kernel comes to them, and what the
/// contraction reads for all of them is not.
static bool isWorthwhile(ArrayRef<KernelMember> product,
                         ArrayRef<KernelMember> next) {
  llvm::SmallPtrSet<Value, 4> read;
  for (const KernelMember &member : next)
    for (const Access &input : member.nest.inputs)
      if (!input.isScalar())
        read.insert(rootOf(input.buffer));
  int64_t handedOn = 0, again = 0;
  for (const KernelMember &member : product)
    for (const Access &output : member.nest.outputs)
      if (read.erase(rootOf(output.buffer)))
        handedOn += bytesOf(output.buffer);
  for (const Access &input : product.front().nest.inputs)
    if (!input.isScalar() && input.isLinear() && input.strides[0] == 0)
      again += bytesOf(input.buffer);
  return handedOn >= farBytes && again <= nearBytes;
}

std::optional<int64_t> chooseRowBlock(const KernelOps &product,
                                      const KernelOps &next,
                                      const StartValues &starts) {
  if (!areNeighbours(product, next, starts))
    return std::nullopt;
  KernelGroup group;
  group.rows = 1;
  for (linalg::LinalgOp op :
       llvm::concat<const linalg::LinalgOp>(product, next)) {
    std::optional<KernelMember> member = memberOf(op, starts);
    if (!member || member->nest.reduction[0] ||
        member->nest.extents[0] < 2 * blockRows)
      return std::nullopt;
    group.members.push_back(std::move(*member));
    if (group.rowExtent(0) != group.members.back().nest.extents[0])
      return std::nullopt;
  }
  auto members = ArrayRef(group.members);
  if (!members.front().nest.contraction || !canRunByRows(group) ||
      !isWorthwhile(members.take_front(product.size()),
                    members.drop_front(product.size())))
    return std::nullopt;
  return blockRows;
}

} // namespace mg::codegen
