//===- ProgramGenerator.h - random programs of the mg dialect -------------===//
//
// A program is a function of 3 to 40 ops over random shapes and dtypes, made so
// that eager and compiled execution must agree bit for bit: what a float sum,
// product or contraction reads is first rounded to small integers, so that no
// order of additions rounds. Everything else is exact by promise.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_RELIABILITY_PROGRAMGENERATOR_H
#define MG_TEST_RELIABILITY_PROGRAMGENERATOR_H

#include "frontend/eager/Array.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <random>

namespace mg::test {

class ProgramGenerator {
public:
  ProgramGenerator(mlir::MLIRContext &context, uint64_t seed);
  virtual ~ProgramGenerator() = default;

  /// A module with one function `f`.
  mlir::OwningOpRef<mlir::ModuleOp> generate();
  /// Inputs for its arguments: mostly ordinary numbers, some special ones.
  std::vector<eager::Array> inputs(mlir::func::FuncOp function);

protected:
  using Maker = void (ProgramGenerator::*)();

  // What another kind of program would choose otherwise.
  virtual mlir::Type randomElementType();
  virtual llvm::SmallVector<int64_t> randomShape();
  virtual int64_t randomLength() { return 3 + below(38); }
  /// What a sum, product or contraction reads instead of x, of about that
  /// size: floats as integers, NaN kept; others as they are.
  virtual mlir::Value bounded(mlir::Value x, double bound);
  /// How often each kind of op is made.
  virtual llvm::ArrayRef<std::pair<int, Maker>> makers() const;
  virtual void makeUnary();
  virtual void makeBinary();

  // Random choices.
  int64_t below(int64_t n) { return static_cast<int64_t>(random() % n); }
  bool chance(int percent) { return below(100) < percent; }
  mlir::Value pick() { return values[below(values.size())]; }
  /// A random value that `accept` takes; null where none was found.
  mlir::Value
  pickWhere(llvm::function_ref<bool(mlir::RankedTensorType)> accept);

  // Building.
  /// The op's results, or none where the dialect refuses the combination.
  llvm::SmallVector<mlir::Value>
  build(llvm::StringRef mnemonic, mlir::ValueRange operands,
        llvm::ArrayRef<mlir::NamedAttribute> attributes = {},
        mlir::Type wanted = {});
  mlir::Value build1(llvm::StringRef mnemonic, mlir::ValueRange operands,
                     llvm::ArrayRef<mlir::NamedAttribute> attributes = {},
                     mlir::Type wanted = {});
  void keep(mlir::Value value);
  mlir::Value splat(mlir::RankedTensorType type, double value);
  mlir::Value vector(llvm::ArrayRef<int64_t> elements);
  /// An index tensor of shape (outer.., count), every entry in range of `dims`.
  mlir::Value indices(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> dims,
                      llvm::ArrayRef<int64_t> outer);
  llvm::SmallVector<int64_t> someDims(int64_t rank);
  /// `value` as an element of `dtype` at `to`: floats by truncating the
  /// mantissa (any value will do), integers modulo their width.
  static void store(char *to, mg_dtype dtype, double value);
  /// `attributes`, and each of `flags` or not.
  llvm::SmallVector<mlir::NamedAttribute>
  perhaps(llvm::ArrayRef<llvm::StringRef> flags,
          llvm::ArrayRef<mlir::NamedAttribute> attributes);

  // One op (and what it needs) each.
  void makeCompareAndSelect();
  void makeConvert();
  void makeReshape();
  void makeTranspose();
  void makeBroadcast();
  void makeSlice();
  void makeReverse();
  void makeUnfold();
  void makeDiagonal();
  void makePad();
  void makeConcat();
  void makeDynamicSlice();
  void makeDynamicUpdateSlice();
  void makeGather();
  void makeScatter();
  void makeReduce();
  void makeArgReduce();
  void makeCumulative();
  void makeSort();
  void makeTopK();
  void makeDot();
  void makeConv();
  void makeIota();
  void makeRandomBits();
  void makeNormalized();
  void makeViewChain();

  mlir::MLIRContext &context;
  std::mt19937_64 random;
  mlir::OpBuilder b;
  mlir::Location location;
  llvm::SmallVector<mlir::Value> values;
  /// Larger values are not made, so that 2,000 programs take minutes.
  int64_t maxElements = 1 << 17;
};

} // namespace mg::test

#endif // MG_TEST_RELIABILITY_PROGRAMGENERATOR_H
