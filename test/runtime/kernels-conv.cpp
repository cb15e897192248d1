// Convolutions against seven loops.
#include "kernels-twin.h"

using namespace twin;

namespace {

struct Case {
  int64_t n, c, o, groups;
  Shape image, window, strides, lo, hi, lhs_dilation, rhs_dilation;
};

const Case kCases[] = {
    {1, 3, 5, 1, {9}, {3}, {1}, {0}, {0}, {1}, {1}},
    {2, 3, 8, 1, {8, 9}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {2, 6, 4, 2, {7, 7}, {3, 2}, {1, 1}, {0, 2}, {1, 0}, {1, 1}, {2, 1}},
    {1, 70, 70, 70, {12, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
    {1, 4, 7, 1, {5, 6}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 3}, {1, 1}},
    {3, 20, 30, 1, {6, 7}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}},
    {1,
     2,
     3,
     1,
     {4, 5, 6},
     {2, 2, 3},
     {1, 2, 1},
     {0, 1, 0},
     {1, 0, 0},
     {1, 1, 1},
     {1, 1, 2}},
    {1, 2, 3, 1, {9, 9}, {3, 3}, {1, 1}, {-1, 0}, {-2, -1}, {1, 1}, {1, 1}},
    {2, 5, 6, 1, {}, {}, {}, {}, {}, {}, {}},
};

Shape result_of(const Case &c) {
  Shape shape = {c.n, c.o};
  for (size_t s = 0; s < c.image.size(); ++s)
    shape.push_back(((c.image[s] - 1) * c.lhs_dilation[s] + 1 + c.lo[s] +
                     c.hi[s] - (c.window[s] - 1) * c.rhs_dilation[s] - 1) /
                        c.strides[s] +
                    1);
  return shape;
}

Shape join(Shape front, const Shape &back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

// The number in `image` that window entry `w` of output place `p` shows; -1
// where it shows a zero.
int64_t source_of(const Case &c, Shape out, int64_t p, int64_t w) {
  int64_t at = 0, stride = 1;
  for (size_t s = c.image.size(); s-- > 0;) {
    const int64_t place = p % out[2 + s] * c.strides[s] +
                          w % c.window[s] * c.rhs_dilation[s] - c.lo[s];
    p /= out[2 + s];
    w /= c.window[s];
    if (place < 0 || place % c.lhs_dilation[s] ||
        place / c.lhs_dilation[s] >= c.image[s])
      return -1;
    at += place / c.lhs_dilation[s] * stride;
    stride *= c.image[s];
  }
  return at;
}

template <class T> void check(const Case &c, Layout layout) {
  Random random(1);
  const Shape shape = result_of(c);
  Tensor<T> x(join({c.n, c.c}, c.image), layout);
  Tensor<T> w(join({c.o, c.c / c.groups}, c.window), layout), out(shape);
  small_values(x, random);
  small_values(w, random);
  const mg_conv_dims dims = {c.strides.data(),      c.lo.data(),
                             c.hi.data(),           c.lhs_dilation.data(),
                             c.rhs_dilation.data(), c.groups};
  ASSERT_EQ(mg_conv(&x.view, &w.view, &dims, &out.view, three_threads()),
            MG_OK);
  const int64_t image = product(c.image), window = product(c.window);
  const int64_t places = out.count() / c.n / c.o;
  const int64_t channels = c.c / c.groups, outs = c.o / c.groups;
  for (int64_t i = 0; i < out.count(); ++i) {
    const int64_t p = i % places, o = i / places % c.o, n = i / places / c.o;
    double sum = 0;
    for (int64_t q = 0; q < channels; ++q)
      for (int64_t k = 0; k < window; ++k) {
        const int64_t at = source_of(c, shape, p, k);
        const int64_t channel = o / outs * channels + q;
        if (at >= 0)
          sum += double(widen(x[(n * c.c + channel) * image + at])) *
                 double(widen(w[(o * channels + q) * window + k]));
      }
    ASSERT_EQ(double(widen(out[i])), double(widen(narrow<T>(sum))))
        << "at " << i;
  }
}

template <class T> struct Conv : testing::Test {};
using Types = testing::Types<float, double, Half, Brain, int16_t, int64_t>;
TYPED_TEST_SUITE(Conv, Types);

TYPED_TEST(Conv, EqualsSevenLoops) {
  at_each_level([] {
    for (const Case &c : kCases)
      for (Layout layout : {kRowMajor, kTransposed, kNegative}) {
        SCOPED_TRACE(testing::Message()
                     << "case " << &c - kCases << ", layout " << layout);
        check<TypeParam>(c, layout);
      }
  });
}

TEST(ConvDims, RefusesWhatDoesNotFit) {
  Tensor<float> x({1, 3, 8}), w({4, 3, 3}), out({1, 4, 6});
  const int64_t one[] = {1}, none[] = {0}, many[] = {20};
  mg_conv_dims dims = {one, none, none, one, one, 1};
  EXPECT_EQ(mg_conv(&x.view, &w.view, &dims, &out.view, nullptr), MG_OK);
  dims.groups = 2;
  EXPECT_EQ(mg_conv(&x.view, &w.view, &dims, &out.view, nullptr),
            MG_ERROR_SHAPE);
  dims.groups = 0;
  EXPECT_EQ(mg_conv(&x.view, &w.view, &dims, &out.view, nullptr),
            MG_ERROR_SHAPE);
  dims.groups = 1;
  dims.strides = none;
  EXPECT_EQ(mg_conv(&x.view, &w.view, &dims, &out.view, nullptr),
            MG_ERROR_SHAPE);
  dims.strides = one;
  dims.rhs_dilation = many;
  EXPECT_EQ(mg_conv(&x.view, &w.view, &dims, &out.view, nullptr),
            MG_ERROR_SHAPE);
}

} // namespace
