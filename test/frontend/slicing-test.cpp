// NumPy's indexing against values worked out by hand.
#include "dsl-check.h"

namespace {

using namespace mg;

Tensor counted(Shape shape) {
  std::int64_t n = 1;
  for (std::int64_t size : shape)
    n *= size;
  return reshape(arange(n), shape) * 1.0f;
}
const Tensor &x() {
  static const Tensor x = counted({2, 3, 4});
  return x;
}

TEST(Slicing, Integers) {
  EXPECT_TRUE(is(x()[1][-1][0], {}, {20}));
  EXPECT_EQ(x()[1].shape(), (Shape{3, 4}));
  EXPECT_TRUE(is(x()(1, slice(1, 3), -1), {2}, {19, 23}));
}
TEST(Slicing, NewDimensionsAndEllipsis) {
  EXPECT_EQ(x()(all, newaxis, 0).shape(), (Shape{2, 1, 4}));
  EXPECT_TRUE(is(x()(ellipsis, 0), {2, 3}, {0, 4, 8, 12, 16, 20}));
  EXPECT_EQ(x()(newaxis, ellipsis, newaxis).shape(), (Shape{1, 2, 3, 4, 1}));
}
TEST(Slicing, Ranges) {
  EXPECT_TRUE(is(x()(0, 0, slice(none, none, -1)), {3, 2, 1, 0}));
  EXPECT_TRUE(is(x()(0, 0, slice(-3, none)), {1, 2, 3}));
  EXPECT_TRUE(is(x()(0, 0, slice(3)), {0, 1, 2}));
  EXPECT_TRUE(is(x()(0, 0, slice(3, 0, -2)), {3, 1}));
  EXPECT_TRUE(is(x()(0, 0, slice(none, none, 3)), {0, 3}));
  EXPECT_TRUE(is(x()(0, 0, slice(1, 100)), {1, 2, 3}));
  EXPECT_TRUE(is(x()(0, 0, slice(2, none, -100)), {2}));
  EXPECT_EQ(x()(0, 0, slice(2, 2)).shape(), (Shape{0}));
  EXPECT_EQ(x()(0, 0, slice(1, 3, -1)).shape(), (Shape{0}));
}
TEST(Slicing, ViewsCopyNothing) {
  EXPECT_EQ(x()(all, slice(none, none, 2), slice(none, none, -1)).strides(),
            (Shape{12, 8, -1}));
}
TEST(Slicing, SetIsANewTensor) {
  const Tensor y = x().at(0, all, 1).set(-1);
  EXPECT_TRUE(is(y(0, all, 1), {-1, -1, -1}));
  EXPECT_TRUE(is(x()(0, all, 1), {1, 5, 9}));
  EXPECT_TRUE(is(sum(y), {276 - 15 - 3}));
}
TEST(Slicing, SetWithSteps) {
  const Tensor back =
      x().at(1, 2, slice(none, none, -1)).set(from({1, 2, 3, 4}));
  EXPECT_TRUE(is(back(1, 2), {4, 3, 2, 1}));
  const Tensor odd = arange(6).at(slice(1, none, 2)).set(from({7, 8, 9}));
  EXPECT_TRUE(is(odd, {0, 7, 2, 8, 4, 9}));
  EXPECT_TRUE(is(arange(3).at(slice(1, 1)).set(5), {0, 1, 2}));
}
TEST(Slicing, Updates) {
  EXPECT_TRUE(is(x().at(0, 0).add(10)(0, 0), {10, 11, 12, 13}));
  EXPECT_TRUE(is(x().at(0, 0).multiply(2)(0, 0), {0, 2, 4, 6}));
  EXPECT_TRUE(is(x().at(0, 0).max(2)(0, 0), {2, 2, 2, 3}));
  EXPECT_TRUE(is(x().at(0, 0).min(2)(0, 0), {0, 1, 2, 2}));
}
TEST(Slicing, IntegerArrays) {
  const Tensor m = counted({3, 4});
  EXPECT_TRUE(is(m[from({2, 0, -1})], {3, 4},
                 {8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11}));
  EXPECT_TRUE(is(m(from({0, 1}), from({1, -1})), {2}, {1, 7}));
  EXPECT_TRUE(is(m(all, from({3, 0})), {3, 2}, {3, 0, 7, 4, 11, 8}));
  EXPECT_TRUE(is(m(slice(1, none), from({3, 0})), {2, 2}, {7, 4, 11, 8}));
  EXPECT_EQ(m[from({0, 1, 2, 0}, {2, 2})].shape(), (Shape{2, 2, 4}));
  // Arrays that do not stand side by side: their shape comes first.
  EXPECT_EQ(x()(from({0, 1, 0}), all, from({1, 2, 3})).shape(), (Shape{3, 3}));
  EXPECT_TRUE(is(x()(from({0, 1, 0}), all, from({1, 2, 3})),
                 {1, 5, 9, 14, 18, 22, 3, 7, 11}));
}
TEST(Slicing, PlacesOfAnyNumber) {
  const Tensor x = counted({1, 1, 1, 1, 1, 1, 1, 2, 3});
  std::vector<Index> last(9, Index(-1));
  EXPECT_TRUE(is(Place(x, last).get(), {}, {5}));
  EXPECT_TRUE(is(Place(x, last).set(7), {0, 1, 2, 3, 4, 7}));
}
TEST(Slicing, UpdatesAtIntegerArrays) {
  const Tensor v = zeros({4});
  EXPECT_TRUE(is(v.at(from({1, 1, -1})).add(from({1, 2, 4})), {0, 3, 0, 4}));
  EXPECT_TRUE(is(v.at(from({1, 1})).set(from({1, 2})), {0, 2, 0, 0}));
  const Tensor m = counted({3, 4});
  EXPECT_TRUE(is(m.at(all, from({0, 2})).set(-1)(1), {-1, 5, -1, 7}));
  EXPECT_TRUE(
      is(m.at(slice(1, none), from({0, 2})).set(-1)(all, 0), {0, -1, -1}));
}
TEST(Slicing, Take) {
  const Tensor m = counted({2, 3});
  EXPECT_TRUE(is(take(m, from({2, 0}), 1), {2, 2}, {2, 0, 5, 3}));
  EXPECT_TRUE(is(take_along_axis(m, from({2, 0, 1, 1}, {2, 2}), 1), {2, 2},
                 {2, 0, 4, 4}));
  const Tensor order = argsort(from({3.f, 1.f, 2.f}));
  EXPECT_TRUE(is(take(from({3.f, 1.f, 2.f}), order), {1, 2, 3}));
}

} // namespace
