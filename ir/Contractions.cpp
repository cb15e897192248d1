//===- Contractions.cpp - dot and conv ------------------------------------===//
#include "ir/Ops.h"
#include "ir/Window.h"

using namespace mlir;
using namespace mlir::mg;

/// C4 of dot: the operands' element type, or the accumulator that is wanted.
static FailureOr<Type> accumulator(const Inference &in) {
  Type own = in.element(0);
  RankedTensorType wanted = in.wanted();
  if (!wanted || wanted.getElementType() == own)
    return own;
  Type element = wanted.getElementType();
  bool isNarrowFloat = own.isF16() || own.isBF16();
  if (isNarrowFloat && element.isF32())
    return element;
  bool isWider = isa<IntegerType>(own) && classOf(own) == classOf(element) &&
                 element.getIntOrFloatBitWidth() >= 32 &&
                 element.getIntOrFloatBitWidth() >= own.getIntOrFloatBitWidth();
  if (isWider)
    return element;
  return in.error() << describe(own) << " does not accumulate in "
                    << describe(element);
}

/// Equal element types, numbers.
static LogicalResult expectNumbers(const Inference &in) {
  return success(succeeded(in.expectOperands(2)) &&
                 succeeded(in.expectEqualElements(0, 1)) &&
                 succeeded(in.expectClass(in.element(0), numberClasses)));
}

namespace {
/// Paired dimensions of lhs and rhs.
struct DimPairs {
  ArrayRef<int64_t> lhs, rhs;

  /// C2 and C3. `what` names the pairs in errors.
  LogicalResult read(const Inference &in, StringRef lhsKey, StringRef rhsKey,
                     StringRef what, bool optional);
};
} // namespace

LogicalResult DimPairs::read(const Inference &in, StringRef lhsKey,
                             StringRef rhsKey, StringRef what, bool optional) {
  if (failed(in.readDims(lhsKey, in.rank(0), lhs, optional)) ||
      failed(in.readDims(rhsKey, in.rank(1), rhs, optional)))
    return failure();
  if (lhs.size() != rhs.size()) // C2
    return in.error() << lhs.size() << " " << what << " dimensions of lhs and "
                      << rhs.size() << " of rhs";
  Shape l = in.shape(0), r = in.shape(1);
  for (auto [i, j] : llvm::zip(lhs, rhs))
    if (!(l[i] == r[j])) // C3
      return in.error() << what << " dimensions " << describe(l[i]) << " and "
                        << describe(r[j]) << " differ (lhs "
                        << describe(in.operand(0)) << ", rhs "
                        << describe(in.operand(1)) << ")";
  return success();
}

/// Appends the dimensions of operand i that are in neither list; an error if
/// one is in both.
static LogicalResult appendFree(const Inference &in, unsigned i,
                                ArrayRef<int64_t> batch,
                                ArrayRef<int64_t> contract, Shape &shape) {
  for (auto [j, dim] : llvm::enumerate(in.shape(i))) {
    bool isBatch = llvm::is_contained(batch, j);
    bool isContracted = llvm::is_contained(contract, j);
    if (isBatch && isContracted) // C2
      return in.error() << "dimension " << j << " of " << (i ? "rhs" : "lhs")
                        << " is both batch and contracted";
    if (!isBatch && !isContracted)
      shape.push_back(dim);
  }
  return success();
}

LogicalResult DotOp::infer(Inference &in) {
  DimPairs batch, contract;
  if (failed(expectNumbers(in)) || // C1
      failed(batch.read(in, "lhs_batch", "rhs_batch", "batch", true)) ||
      failed(contract.read(in, "lhs_contract", "rhs_contract", "contracted",
                           false)))
    return failure();
  Shape shape;
  for (int64_t dim : batch.lhs)
    shape.push_back(in.shape(0)[dim]);
  if (failed(appendFree(in, 0, batch.lhs, contract.lhs, shape)) ||
      failed(appendFree(in, 1, batch.rhs, contract.rhs, shape)))
    return failure();
  FailureOr<Type> element = accumulator(in); // C4
  return failed(element) ? failure() : in.result(shape, *element);
}

//===----------------------------------------------------------------------===//
// Dot of transposed operands
//===----------------------------------------------------------------------===//

/// A dot finds its dimensions by number, so it can read what a transpose reads,
/// as long as the dimensions of the result keep their order. Renames the lists
/// and answers the transpose's operand, or nothing.
static Value untranspose(Value x, SmallVectorImpl<int64_t> &batch,
                         SmallVectorImpl<int64_t> &contract) {
  auto transpose = x.getDefiningOp<TransposeOp>();
  if (!transpose)
    return {};
  ArrayRef<int64_t> perm = transpose.getPerm();
  int64_t last = -1;
  for (auto [i, dim] : llvm::enumerate(perm)) {
    if (llvm::is_contained(batch, i) || llvm::is_contained(contract, i))
      continue;
    if (dim < last)
      return {};
    last = dim;
  }
  for (auto *list : {&batch, &contract})
    for (int64_t &dim : *list)
      dim = perm[dim];
  return transpose.getX();
}

OpFoldResult DotOp::fold(FoldAdaptor) {
  auto lhsBatch = llvm::to_vector(getLhsBatch()),
       lhsContract = llvm::to_vector(getLhsContract());
  if (Value lhs = untranspose(getLhs(), lhsBatch, lhsContract)) {
    getLhsMutable().assign(lhs);
    setLhsBatch(lhsBatch);
    setLhsContract(lhsContract);
    return getResult();
  }
  auto rhsBatch = llvm::to_vector(getRhsBatch()),
       rhsContract = llvm::to_vector(getRhsContract());
  if (Value rhs = untranspose(getRhs(), rhsBatch, rhsContract)) {
    getRhsMutable().assign(rhs);
    setRhsBatch(rhsBatch);
    setRhsContract(rhsContract);
    return getResult();
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------===//

/// The size of one spatial dimension of the result, C4.
static FailureOr<int64_t> convSize(const Inference &in, int64_t i, int64_t n,
                                   int64_t window, ArrayRef<int64_t> strides,
                                   ArrayRef<int64_t> lo, ArrayRef<int64_t> hi,
                                   ArrayRef<int64_t> lhsDilation,
                                   ArrayRef<int64_t> rhsDilation) {
  std::optional<int64_t> padded = paddedSize(n, lo[i], hi[i], lhsDilation[i]);
  std::optional<int64_t> count;
  if (padded && window > 0)
    count = countWindows(*padded, window, strides[i], rhsDilation[i]);
  if (!count)
    return in.error() << "a window of " << window << " with dilation "
                      << rhsDilation[i] << " does not fit into spatial "
                      << "dimension " << i << " (" << n << " dilated by "
                      << lhsDilation[i] << ", padded by " << lo[i] << " and "
                      << hi[i] << ")";
  return *count;
}

LogicalResult ConvOp::infer(Inference &in) {
  if (failed(expectNumbers(in))) // C1
    return failure();
  Shape x = in.shape(0), w = in.shape(1);
  if (x.size() != w.size() || x.size() < 2) // C1
    return in.error() << "x " << describe(in.operand(0)) << " and w "
                      << describe(in.operand(1))
                      << " need equal ranks of at least 2";
  size_t spatial = x.size() - 2;
  ArrayRef<int64_t> strides, lo, hi, lhsDilation, rhsDilation;
  auto sizes = [&](StringRef key, ArrayRef<int64_t> &value, int64_t least) {
    return in.readSizes(key, spatial, "spatial dimension", value, least);
  };
  int64_t groups;
  if (failed(sizes("strides", strides, 1)) || // C2
      failed(sizes("lo", lo, INT64_MIN)) ||
      failed(sizes("hi", hi, INT64_MIN)) ||
      failed(sizes("lhs_dilation", lhsDilation, 1)) ||
      failed(sizes("rhs_dilation", rhsDilation, 1)) ||
      failed(in.read("groups", groups, 1)))
    return failure();
  auto isStatic = [](const Dim &dim) { return dim.isStatic(); };
  if (!llvm::all_of(ArrayRef(x).drop_front(), isStatic) ||
      !llvm::all_of(w, isStatic)) // C4
    return in.error() << "only the first dimension of x may be a '?'";
  if (groups < 1 || x[1].size % groups || w[0].size % groups ||
      w[1].size != x[1].size / groups) // C3
    return in.error() << groups << " groups do not fit x "
                      << describe(in.operand(0)) << " and w "
                      << describe(in.operand(1));
  Shape shape = {x[0], w[0]};
  for (size_t i = 0; i < spatial; ++i) {
    FailureOr<int64_t> size =
        convSize(in, i, x[i + 2].size, w[i + 2].size, strides, lo, hi,
                 lhsDilation, rhsDilation); // C4
    if (failed(size))
      return failure();
    shape.push_back(*size);
  }
  FailureOr<Type> element = accumulator(in); // C5
  return failed(element) ? failure() : in.result(shape, *element);
}
