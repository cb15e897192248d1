//===- ContractionGenerator.h - contractions and what surrounds them ------===//
//
// A program is one contraction or a small group of them: operands through
// views and prologues, results through epilogues. The shapes come in classes
// that are difficult in different ways (see the .cpp).
//
// `isExact`: numbers are small integers, and whatever is summed stays small
// enough for no order of additions to round, so that every implementation has
// the same bits. Otherwise the numbers are any, with errors as Reference.h has
// them.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_RELIABILITY_CONTRACTIONGENERATOR_H
#define MG_TEST_RELIABILITY_CONTRACTIONGENERATOR_H

#include "ProgramGenerator.h"

#include "ir/Dialect.h"

namespace mg::test {

class ContractionGenerator : public ProgramGenerator {
public:
  ContractionGenerator(mlir::MLIRContext &context, uint64_t seed);

  /// A module with one function `f`.
  mlir::OwningOpRef<mlir::ModuleOp> generate();
  std::vector<eager::Array> inputs(mlir::func::FuncOp function);

  const bool isExact;

private:
  using Shape = llvm::SmallVector<int64_t>;

  // Operands.
  mlir::Type contractedType();
  mlir::Value argument(llvm::ArrayRef<int64_t> shape, mlir::Type element);
  /// A new argument, seen through up to `depth` views, as `shape`.
  mlir::Value viewed(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     int64_t depth);
  mlir::Value transposed(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                         int64_t depth);
  mlir::Value sliced(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     int64_t depth);
  mlir::Value reversed(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       int64_t depth);
  mlir::Value repeated(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       int64_t depth);
  mlir::Value reshaped(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       int64_t depth);
  mlir::Value padded(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                     int64_t depth);
  mlir::Value gathered(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       int64_t depth);
  /// A view with a prologue.
  mlir::Value operand(llvm::ArrayRef<int64_t> shape, mlir::Type element);

  // Elementwise steps and what they are made of.
  mlir::Value spread(mlir::Value x, llvm::ArrayRef<int64_t> dims,
                     llvm::ArrayRef<int64_t> shape);
  /// A vector along some dimensions of `like`, spread over the others.
  mlir::Value alongSome(mlir::Value like);
  mlir::Value clipped(mlir::Value x);
  mlir::Value lessItsMax(mlir::Value x, int64_t dim);
  mlir::Value softmax(mlir::Value x, int64_t dim);
  mlir::Value reduced(mlir::Value x, mlir::mg::Reduction kind,
                      llvm::ArrayRef<int64_t> dims);
  mlir::Value activated(mlir::Value x);
  mlir::Value epilogue(mlir::Value x);

  // Contractions.
  struct Sizes {
    int64_t batch, m, n, k;
  };
  Sizes someSizes();
  mlir::Value dotOf(Sizes sizes, mlir::Type element);
  mlir::Value dotWith(mlir::Value x);
  mlir::Value conv();
  mlir::Value attention();
  mlir::Type resultOf(mlir::Type element);

  mlir::Block *body = nullptr;
};

} // namespace mg::test

#endif // MG_TEST_RELIABILITY_CONTRACTIONGENERATOR_H
