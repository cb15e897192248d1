//===- DigitsTest.cpp - the algebra of views against enumeration ----------===//
//
// Whatever DigitSpace answers is checked index by index; and where it answers
// nothing, every way to count every axis in digits is tried: none may say it.
//
//===----------------------------------------------------------------------===//
#include "passes/Digits.h"

#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <functional>
#include <numeric>
#include <random>

using namespace mlir;
using namespace mlir::mg;
using Form = DigitSpace::Form;

namespace {

using Numbers = SmallVector<int64_t>;

int64_t product(ArrayRef<int64_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<>());
}

/// The n-th index of a shape in row-major order.
Numbers delinearize(int64_t n, ArrayRef<int64_t> shape) {
  Numbers index(shape.size());
  for (size_t i = shape.size(); i-- > 0; n /= shape[i])
    index[i] = n % shape[i];
  return index;
}

/// The digits of the n-th index of the axes in row-major order.
Numbers digitsOf(const DigitSpace &space, int64_t n) {
  Numbers sizes;
  for (DigitSpace::Digit digit : space.getDigits())
    sizes.push_back(digit.size);
  return delinearize(n, sizes);
}

int64_t valueOf(const DigitSpace &space, Form form, ArrayRef<int64_t> digits) {
  int64_t value = space[form].constant;
  for (auto [factor, digit] : llvm::zip_equal(space[form].factors, digits))
    value += factor * digit;
  return value;
}

/// Whether `table`, which begins with 0, is linear in the digits of its index
/// in some system of radices.
bool hasDigits(ArrayRef<int64_t> table) {
  const int64_t n = table.size();
  if (n <= 2)
    return true;
  for (int64_t inner = 2; inner <= n; ++inner) {
    if (n % inner != 0)
      continue;
    bool fits = true;
    Numbers outer;
    for (int64_t i = 0; i < n && fits; ++i) {
      fits = table[i] == table[i - i % inner] + i % inner * table[1];
      if (i % inner == 0)
        outer.push_back(table[i]);
    }
    if (fits && (inner == n || hasDigits(outer)))
      return true;
  }
  return false;
}

/// Whether a table over `extents` is a sum of one such table per axis.
bool isResolvable(ArrayRef<int64_t> extents,
                  const std::function<int64_t(ArrayRef<int64_t>)> &at) {
  const Numbers zero(extents.size(), 0);
  const int64_t origin = at(zero);
  SmallVector<Numbers> axes;
  for (size_t axis = 0; axis < extents.size(); ++axis) {
    axes.emplace_back();
    Numbers index = zero;
    for (; index[axis] < extents[axis]; ++index[axis])
      axes.back().push_back(at(index) - origin);
    if (!hasDigits(axes.back()))
      return false;
  }
  for (int64_t n = 0; n < product(extents); ++n) {
    const Numbers index = delinearize(n, extents);
    int64_t sum = origin;
    for (auto [axis, i] : llvm::zip_equal(axes, index))
      sum += axis[i];
    if (sum != at(index))
      return false;
  }
  return true;
}

struct DigitsTest : testing::Test {
  std::mt19937 random{11};
  int64_t below(int64_t n) { return random() % n; }
  bool chance(int64_t percent) { return below(100) < percent; }

  Numbers someSizes(int64_t rank, int64_t bound) {
    static constexpr int64_t sizes[] = {1, 2, 2, 3, 4, 5, 6, 8, 9, 12, 24};
    Numbers chosen;
    for (int64_t i = 0; i < rank; ++i) {
      int64_t size = sizes[below(std::size(sizes))];
      chosen.push_back(product(chosen) * size > bound ? 1 : size);
    }
    return chosen;
  }
};

TEST_F(DigitsTest, SplittingChangesNoForm) {
  for (int round = 0; round < 500; ++round) {
    const Numbers extents = someSizes(1 + below(3), 200);
    DigitSpace space(extents);
    LinearForm form{below(50), {}};
    for (size_t i = 0; i < extents.size(); ++i)
      form.factors.push_back(below(41) - 20);
    const Form number = space.add(form);
    const DigitSpace before = space;
    for (int i = 0; i < 3; ++i) {
      const unsigned digit = below(space.getDigits().size());
      const int64_t size = space.getDigits()[digit].size;
      const int64_t inner = 1 + below(size);
      if (size % inner == 0)
        space.split(digit, inner);
    }
    for (int64_t n = 0; n < product(extents); ++n)
      ASSERT_EQ(valueOf(space, number, digitsOf(space, n)),
                valueOf(before, number, digitsOf(before, n)));
    for (size_t axis = 0; axis < extents.size(); ++axis) {
      const Form index = space.addAxis(axis);
      for (int64_t n = 0; n < product(extents); ++n)
        ASSERT_EQ(valueOf(space, index, digitsOf(space, n)),
                  delinearize(n, extents)[axis]);
    }
    // What was split joins again.
    const SmallVector<Form> wanted{number};
    for (size_t d = space.getDigits().size(); d-- > 1;)
      if (space.canJoin(d - 1, wanted))
        space.join(d - 1);
    EXPECT_EQ(space.getDigits().size(), extents.size());
  }
}

/// A random number below product(sizes) for every index of some axes: a slice
/// of steps, windows and turns of the dimensions of a tensor.
TEST_F(DigitsTest, DelinearizesWhateverDigitsCanSay) {
  int resolved = 0, impossible = 0;
  for (int round = 0; round < 20000; ++round) {
    const Numbers sizes = someSizes(1 + below(3), 200);
    const Numbers extents = someSizes(1 + below(3), 60);
    LinearForm form{0, {}};
    int64_t room = product(sizes) - 1;
    for (int64_t extent : extents) {
      int64_t most = extent > 1 ? room / (extent - 1) : 0;
      int64_t factor = most > 0 ? below(most + 1) : 0;
      if (chance(60)) // likely ones: what a reshape's strides would be
        factor = std::min<int64_t>(
            most, product(ArrayRef(sizes).drop_front(below(sizes.size() + 1))));
      room -= factor * (extent - 1);
      const bool turned = below(4) == 0;
      form.factors.push_back(turned ? -factor : factor);
      form.constant += turned ? factor * (extent - 1) : 0;
    }
    form.constant += below(room + 1);
    DigitSpace space(extents);
    const Form number = space.add(form);
    const DigitSpace before = space;
    auto index = space.delinearize(number, sizes);
    if (index) {
      ++resolved;
      for (int64_t n = 0; n < product(extents); ++n) {
        const Numbers want =
            delinearize(valueOf(before, number, digitsOf(before, n)), sizes);
        for (auto [i, form] : llvm::enumerate(*index))
          ASSERT_EQ(valueOf(space, form, digitsOf(space, n)), want[i]);
      }
      continue;
    }
    ++impossible;
    ASSERT_EQ(space.getDigits().size(), before.getDigits().size());
    bool possible = true;
    for (size_t i = 0; i < sizes.size(); ++i)
      possible &= isResolvable(extents, [&](ArrayRef<int64_t> at) {
        return delinearize(valueOf(before, number, at), sizes)[i];
      });
    std::string what = "sizes";
    for (int64_t size : sizes)
      what += " " + std::to_string(size);
    what += ", extents";
    for (int64_t extent : extents)
      what += " " + std::to_string(extent);
    what += ", form " + std::to_string(form.constant);
    for (int64_t factor : form.factors)
      what += " " + std::to_string(factor);
    EXPECT_FALSE(possible) << what;
  }
  EXPECT_GT(resolved, 5000);
  EXPECT_GT(impossible, 1000);
}

TEST_F(DigitsTest, RunsAreAsFewAsMemoryHas) {
  View view;
  view.space = DigitSpace({4, 6, 1, 5});
  view.offset = view.space.add({3, {30, 5, 77, 1}});
  EXPECT_EQ(view.runs(), (SmallVector<mlir::mg::Run>{{120, 1}}));
  // Turned and repeated elements merge as well; a transposition does not.
  view.offset = view.space.add({119, {-30, -5, 0, -1}});
  EXPECT_EQ(view.runs(), (SmallVector<mlir::mg::Run>{{120, -1}}));
  view.offset = view.space.add({0, {0, 0, 0, 1}});
  EXPECT_EQ(view.runs(), (SmallVector<mlir::mg::Run>{{24, 0}, {5, 1}}));
  view.offset = view.space.add({0, {1, 4, 0, 24}});
  EXPECT_EQ(view.runs(), (SmallVector<mlir::mg::Run>{{4, 1}, {6, 4}, {5, 24}}));
}

} // namespace
