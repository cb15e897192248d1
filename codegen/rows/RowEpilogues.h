//===- RowEpilogues.h - what a row's sums go through before a reduction ---===//
//
// A softmax of scores scales them, masks them and finds their maximum in one
// member, as it does where scores come from memory. After a contraction of the
// same kernel the elementwise part is its epilogue (Epilogue.h),
//
//   s = q . k | y = s * 1/8, m = max(m, y)  ->  y = (q . k) * 1/8 | m = max(m,
//   y)
//
// so that the rest stores nothing, and its maximum is guarded (Extremes.cpp).
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_ROWS_ROWEPILOGUES_H
#define MG_CODEGEN_ROWS_ROWEPILOGUES_H

#include "codegen/nests/KernelGroup.h"

#include <memory>

namespace mg::codegen {

class RowEpilogues {
public:
  /// Finds the members to be split, in a group whose temporaries are where they
  /// will be. `mayJoin`: whether member m may take part.
  RowEpilogues(const KernelGroup &group,
               llvm::function_ref<bool(unsigned)> mayJoin);

  /// Moves what is elementwise of each such member into the nest of the member
  /// before; `nests` are those of the members for a tile.
  void move(llvm::MutableArrayRef<LoopNest> nests) const;

private:
  struct Split {
    /// What reads the sums of the member before.
    unsigned member = 0;
    /// Its loops -> those of the contraction.
    llvm::SmallVector<int> loopOf;
    /// Outputs that are elementwise, and those that are reduced; per reduced
    /// one, which of the former it reduces.
    llvm::SmallVector<unsigned> mapped, reduced, source;
    std::shared_ptr<mlir::Block> map, reduction;
  };
  bool matchOutputs(const LoopNest &nest, Split &split) const;
  bool matchLoops(const LoopNest &sums, const LoopNest &nest,
                  Split &split) const;
  void splitBody(const LoopNest &nest, Split &split) const;

  unsigned rows;
  llvm::SmallVector<Split, 1> splits;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_ROWS_ROWEPILOGUES_H
