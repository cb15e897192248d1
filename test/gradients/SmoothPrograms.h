//===- SmoothPrograms.h - random programs that have a derivative ----------===//
//
// Programs of 3 to 15 ops on small f64 tensors, made so that central
// differences can see their derivative: functions with a bounded domain get
// what lies inside, what grows is bounded. Kinks (max, abs, select, sort) are
// there, and met with probability 0.
//
//===----------------------------------------------------------------------===//
#ifndef MG_TEST_GRADIENTS_SMOOTHPROGRAMS_H
#define MG_TEST_GRADIENTS_SMOOTHPROGRAMS_H

#include "test/reliability/ProgramGenerator.h"

namespace mg::test {

class SmoothPrograms : public ProgramGenerator {
public:
  using ProgramGenerator::ProgramGenerator;

private:
  mlir::Type randomElementType() override { return b.getF64Type(); }
  llvm::SmallVector<int64_t> randomShape() override;
  int64_t randomLength() override { return 3 + below(13); }
  mlir::Value bounded(mlir::Value x, double bound) override;
  llvm::ArrayRef<std::pair<int, Maker>> makers() const override;
  void makeUnary() override;
  void makeBinary() override;

  mlir::Value pickFloat();
  /// scale * f(x) + offset.
  mlir::Value affine(llvm::StringRef f, mlir::Value x, double scale,
                     double offset);
};

} // namespace mg::test

#endif // MG_TEST_GRADIENTS_SMOOTHPROGRAMS_H
