//===- KernelGroup.h - ops that share one trip through memory -------------===//
//
// passes/ marks neighbours with the same `mg.kernel` and lists the loops of
// each that are the kernel's rows (`mg.rows`, docs/levels/linalg.md): whatever
// a member reads of another's result it reads at its own row. That is a promise
// about tensors. On buffers it is proven again:
//
//   A row of a member touches the elements  offset + sum(stride[d] * iv[d]),
//   with the row loops held fixed. Take two members that can touch the same
//   memory, one of them writing, and lay their strides out as the digits of a
//   number: sorted, each stride larger than all that the smaller ones reach
//   together,
//
//     x[b, h, s, :]   strides  H*S*D | S*D | D | 1     rows: b and s
//                     digits     b      h    s   inner
//
//   Then an address has one reading as digits, and its row digits are the row.
//   If both members have the same row strides and extents, rows r and r' can
//   meet only if r = r': each row sees its own elements only, and the rows may
//   run in any order, each through all members.
//
// Where the digits do not separate, the members run one after the other.
//
// Column reductions (a bias gradient: every row loop is a reduction loop) have
// results that belong to no row. They are legal where no other member touches
// them.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_NESTS_KERNELGROUP_H
#define MG_CODEGEN_NESTS_KERNELGROUP_H

#include "codegen/nests/LoopNest.h"

namespace mg::codegen {

/// Ops of one block, in order, that want to run together; mostly one.
using KernelOps = llvm::SmallVector<mlir::linalg::LinalgOp, 1>;

/// All structured ops below `root`, in runs: neighbours with the same
/// `mg.kernel` are one run where what stands between them has no effect. Ops of
/// which `isErased` says so do not count.
llvm::SmallVector<KernelOps, 0>
collectKernels(mlir::Operation *root,
               llvm::function_ref<bool(mlir::Operation *)> isErased);

struct KernelMember {
  mlir::linalg::LinalgOp op;
  /// Not simplified; its first loops are the kernel's rows.
  LoopNest nest;

  /// Whether it reduces across the rows; `rows` is their number.
  bool reducesRows(unsigned rows) const {
    return rows > 0 && nest.reduction[0];
  }
};

struct KernelGroup {
  /// The row loops of every member: its first `rows` loops.
  unsigned rows = 0;
  llvm::SmallVector<KernelMember, 0> members;

  int64_t rowExtent(unsigned row) const {
    return members.front().nest.extents[row];
  }
};

/// None where the attributes say nothing or contradict the loops.
std::optional<KernelGroup> buildKernelGroup(mlir::ArrayRef<KernelMember> all);

/// Whether every row may run through all members before the next one begins.
bool canRunByRows(const KernelGroup &group);

/// Row loops that every member walks as one become one.
void mergeRows(KernelGroup &group);

/// Makes row loop `row` the last of the rows.
void moveRowLast(KernelGroup &group, unsigned row);

} // namespace mg::codegen

#endif // MG_CODEGEN_NESTS_KERNELGROUP_H
