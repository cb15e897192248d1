//===- ViewTest.cpp - strides and maps of a view say the same -------------===//
#include "ir/Ops.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using namespace mlir::mg;

namespace {

using Index = SmallVector<int64_t>;

int64_t offsetOf(const StridedView &view, ArrayRef<int64_t> index) {
  int64_t offset = view.offset;
  for (auto [i, stride] : llvm::zip(index, view.strides))
    offset += i * stride;
  return offset;
}

/// The n-th index of a shape in row-major order.
Index delinearize(int64_t n, ArrayRef<int64_t> shape) {
  Index index(shape.size());
  for (size_t i = shape.size(); i-- > 0; n /= shape[i])
    index[i] = n % shape[i];
  return index;
}

Index apply(AffineMap map, ArrayRef<int64_t> index) {
  SmallVector<Attribute> constants, results;
  Builder b(map.getContext());
  for (int64_t i : index)
    constants.push_back(b.getIndexAttr(i));
  EXPECT_TRUE(succeeded(map.constantFold(constants, results)));
  Index values;
  for (Attribute result : results)
    values.push_back(cast<IntegerAttr>(result).getInt());
  return values;
}

struct ViewTest : testing::Test {
  MLIRContext context;
  OpBuilder b{&context};
  Block block;
  std::mt19937 random{7};

  ViewTest() {
    context.loadDialect<MgDialect>();
    b.setInsertionPointToEnd(&block);
  }

  int64_t below(int64_t n) { return random() % n; }
  RankedTensorType tensor(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, b.getF32Type());
  }
  Value value(ArrayRef<int64_t> shape) {
    return block.addArgument(tensor(shape), b.getUnknownLoc());
  }
  template <typename OpTy, typename... Args> OpTy make(Args &&...args) {
    return b.create<OpTy>(b.getUnknownLoc(), std::forward<Args>(args)...);
  }

  /// Memory that no dense array would have.
  StridedView strange(ArrayRef<int64_t> shape) {
    StridedView view;
    view.offset = below(100);
    view.sizes.assign(shape.begin(), shape.end());
    for (size_t i = 0; i < shape.size(); ++i)
      view.strides.push_back(below(41) - 20);
    return view;
  }

  FailureOr<StridedView> viewOf(View op, const StridedView &operand) {
    return op.viewOf(operand,
                     cast<RankedTensorType>(op->getOperand(0).getType()),
                     op->getAttrDictionary(),
                     cast<RankedTensorType>(op->getResult(0).getType()));
  }

  /// The law: view(v)[i] is v[map(i)], for every i.
  void checkLaw(View op) {
    auto from = cast<RankedTensorType>(op->getOperand(0).getType());
    auto to = cast<RankedTensorType>(op->getResult(0).getType());
    StridedView operand = strange(from.getShape());
    FailureOr<StridedView> view = viewOf(op, operand);
    ASSERT_TRUE(succeeded(view));
    ASSERT_EQ(ArrayRef<int64_t>(view->sizes), to.getShape());
    AffineMap map = op.getViewMap();
    ASSERT_TRUE(map);
    for (int64_t i = 0; i < to.getNumElements(); ++i) {
      Index index = delinearize(i, to.getShape());
      ASSERT_EQ(offsetOf(*view, index), offsetOf(operand, apply(map, index)))
          << op->getName().getStringRef().str() << " " << i;
    }
  }
};

TEST_F(ViewTest, StridesAndMapsAgree) {
  for (int round = 0; round < 200; ++round) {
    int64_t sizes[] = {1 + below(4), 1 + below(4), 1 + below(5)};
    Value x = value(sizes);
    Index perm = {0, 1, 2};
    std::shuffle(perm.begin(), perm.end(), random);
    checkLaw(make<TransposeOp>(x, perm));

    Index lo, hi, step;
    for (int64_t size : sizes) {
      lo.push_back(below(size + 1));
      hi.push_back(lo.back() + below(size - lo.back() + 1));
      step.push_back(1 + below(3));
    }
    checkLaw(make<SliceOp>(x, lo, hi, step));
    checkLaw(make<ReverseOp>(x, Index{perm[0], perm[1]}));
    checkLaw(make<DiagonalOp>(x, perm[0], perm[1]));

    Index wide = {sizes[2], 1 + below(3), sizes[0], sizes[1]};
    for (int i : {0, 2, 3})
      wide[i] = wide[i] == 1 ? 1 + below(3) : wide[i];
    checkLaw(make<BroadcastOp>(tensor(wide), x, Index{2, 3, 0}));

    int64_t dilation = 1 + below(2);
    int64_t window = 1 + below((sizes[perm[0]] - 1) / dilation + 1);
    checkLaw(make<UnfoldOp>(x, Index{perm[0]}, Index{window},
                            Index{1 + below(3)}, Index{dilation}));
    checkLaw(
        make<ReshapeOp>(tensor({1, sizes[0], 1, sizes[1], sizes[2], 1}), x));
  }
}

TEST_F(ViewTest, EmptyViewsNameNoAddress) {
  Value x = value({0, 3});
  auto op = make<ReverseOp>(x, Index{0, 1});
  FailureOr<StridedView> view = viewOf(op, StridedView::rowMajor({0, 3}));
  ASSERT_TRUE(succeeded(view));
  EXPECT_EQ(view->offset, 0);
  auto slice = make<SliceOp>(value({3}), Index{3}, Index{3}, Index{1});
  EXPECT_EQ(viewOf(slice, StridedView::rowMajor({3}))->offset, 0);
}

/// A reshape that strides can say shows the elements in row-major order.
TEST_F(ViewTest, ReshapesKeepTheOrder) {
  int possible = 0;
  const Index shapes[] = {{24},      {2, 12},   {4, 6},  {2, 3, 4},
                          {4, 3, 2}, {6, 4},    {1, 24}, {3, 8},
                          {8, 1, 3}, {2, 2, 6}, {12, 2}, {2, 2, 2, 3}};
  for (const Index &from : shapes)
    for (const Index &to : shapes)
      for (int round = 0; round < 20; ++round) {
        auto op = make<ReshapeOp>(tensor(to), value(from));
        StridedView operand = StridedView::rowMajor(from);
        // Some dimensions repeated, some reversed, some with a gap after.
        for (int64_t &stride : operand.strides)
          stride *= round == 0 ? 1 : below(3) - 1;
        operand.offset = 1000;
        FailureOr<StridedView> view = viewOf(op, operand);
        if (failed(view)) {
          ASSERT_NE(round, 0) << "dense memory takes every shape";
          continue;
        }
        ++possible;
        for (int64_t i = 0; i < 24; ++i)
          ASSERT_EQ(offsetOf(*view, delinearize(i, to)),
                    offsetOf(operand, delinearize(i, from)));
      }
  EXPECT_GT(possible, 500);
}

TEST_F(ViewTest, ReshapeNeedsEvenStridesOnlyWhereItMerges) {
  auto reshape = [&](ArrayRef<int64_t> from, ArrayRef<int64_t> strides,
                     ArrayRef<int64_t> to) {
    StridedView operand;
    operand.sizes.assign(from.begin(), from.end());
    operand.strides.assign(strides.begin(), strides.end());
    return viewOf(make<ReshapeOp>(tensor(to), value(from)), operand);
  };
  // A transposed matrix does not flatten, but its rows split.
  EXPECT_TRUE(failed(reshape({4, 6}, {1, 4}, {24})));
  FailureOr<StridedView> split = reshape({4, 6}, {1, 4}, {2, 2, 6});
  ASSERT_TRUE(succeeded(split));
  EXPECT_EQ(split->strides, (Index{2, 1, 4}));
  // What is repeated flattens to what is repeated.
  EXPECT_EQ(reshape({4, 6}, {0, 0}, {24})->strides, (Index{0}));
}

} // namespace
