//===- MaskedColumns.h - what a triangular mask leaves out ----------------===//
//
// Causal attention computes scores of all pairs and then puts -inf where the
// key comes after the query:
//
//   s = q . k ; t = j > i ? -inf : s ; m = max t ; e = exp(t - m) ; l = sum e
//   w = e / l ; y = w . v
//
// Half of that is work on numbers that are known. For a tile of rows i a mask
// of the form  select(a comparison of i and j, x, constant)  knows a column
// from which on all rows take the constant; there
//
//  - s is not looked at, for nobody but the mask reads it;
//  - -inf is no maximum, so m needs no such t;
//  - exp(-inf - m) is 0: so are its part in l, e and w. (Unless m is -inf or
//    NaN, and then e, l, w and y are NaN in every column that is not left out,
//    whatever is in the others; the first column never is left out. A number
//    may stand for an m of -inf, or for an l of 0: then all of e or w is 0);
//  - 0 * v is 0, or NaN where v is not finite; so y takes part in the sum of
//    0 * v over the columns left out, which is one row for the whole tile.
//
// Hence every member may stop at that column, and the results have the same
// bits. The rules are few: which values beyond the column are the constant, 0,
// or in doubt; a member may stop there if its sums and maxima ignore what it
// leaves out, and if what it leaves unwritten is a temporary of the kernel that
// only members read that stop there, too.
//
// The column is rounded up to `step`, of which every vector loop's step is a
// divisor, so that all members stop at the same one.
//
//===----------------------------------------------------------------------===//
#ifndef MG_CODEGEN_ROWS_MASKEDCOLUMNS_H
#define MG_CODEGEN_ROWS_MASKEDCOLUMNS_H

#include "codegen/nests/KernelGroup.h"

#include "mlir/IR/Builders.h"

namespace mg::codegen {

class MaskedColumns {
public:
  /// `isErased`: ops besides the members that will be gone.
  MaskedColumns(const KernelGroup &group,
                llvm::function_ref<bool(mlir::Operation *)> isErased);

  static constexpr int64_t step = 64;

  /// The loop that the member may leave at the limit; -1: none.
  int loopOf(unsigned member) const { return loops[member]; }
  /// Whether it is a contraction over the columns, to which `addZeros` belongs.
  bool isWeighted(unsigned member) const;

  /// The column at which a tile that ends before row `end` may stop.
  mlir::Value limit(mlir::OpBuilder &b, mlir::Location loc,
                    mlir::Value end) const;
  /// Makes the member's nest stop there, if it may.
  void leaveOut(unsigned member, LoopNest &nest, mlir::Value limit) const;
  /// Memory for a row of `addZeros`.
  mlir::Value createZeros(mlir::OpBuilder &b, unsigned member) const;
  /// What the columns left out add to each row of a weighted member's tile:
  /// first a nest that sums 0 * v in `zeros`, then one that adds it to the
  /// rows.
  llvm::SmallVector<LoopNest, 2> addZeros(mlir::OpBuilder &b, unsigned member,
                                          const LoopNest &nest,
                                          mlir::Value zeros, mlir::Value limit);

private:
  /// What is known of a value in the columns left out.
  /// Lowest: -inf. Maximum: of a row of those. Shifted: Lowest - Maximum.
  /// Zero: 0, but for rows that are NaN. Sum: of a row of exponentials.
  enum class Known { Unknown, Lowest, Maximum, Shifted, Zero, Sum };
  /// Where a temporary's columns are.
  struct Column {
    int64_t stride;
    std::optional<int64_t> offset;
  };

  /// The first mask of the member, if there is one.
  void findMask(unsigned member);
  void spreadColumns();
  void findLoop(unsigned member);
  bool ownsColumns(unsigned member) const;
  bool evaluate(unsigned member);
  void evaluateRow(unsigned member);
  /// From what is known of the body's arguments.
  void evaluate(const LoopNest &nest,
                llvm::SmallDenseMap<mlir::Value, Known> &values);
  Known evaluate(mlir::Operation &op, mlir::ArrayRef<Known> operands);
  bool isUnread(const Access &output,
                llvm::function_ref<bool(mlir::Operation *)> isErased) const;

  const KernelGroup &group;
  llvm::SmallVector<int> loops;
  int first = -1;
  mlir::Operation *mask = nullptr;
  int64_t shift = 0, extent = 0;
  llvm::DenseMap<mlir::Value, Column> columns;
  llvm::DenseMap<mlir::Value, Known> known;
  std::unique_ptr<mlir::Block> addition;
};

} // namespace mg::codegen

#endif // MG_CODEGEN_ROWS_MASKEDCOLUMNS_H
