// Ops that move elements: copy, pad, concat, slices, gather, scatter, fold.
#include "kernels-twin.h"

using namespace twin;

namespace {

template <class T> struct Moves : testing::Test {};
using Types = testing::Types<Bool, int8_t, Half, float, double, uint64_t>;
TYPED_TEST_SUITE(Moves, Types);

template <class T> void fill_numbers(Tensor<T> &tensor, Random &random) {
  if constexpr (std::is_same_v<T, Bool>)
    randomize(tensor, random);
  else
    small_values(tensor, random);
}

// The index vector of element i of a shape.
Shape index_of(const Shape &shape, int64_t i) {
  Shape index(shape.size());
  for (size_t k = shape.size(); k-- > 0; i /= shape[k])
    index[k] = i % shape[k];
  return index;
}
int64_t number_of(const Shape &shape, const Shape &index) {
  int64_t i = 0;
  for (size_t k = 0; k < shape.size(); ++k)
    i = i * shape[k] + index[k];
  return i;
}

TYPED_TEST(Moves, CopyReadsEveryView) {
  Random random(1);
  for (const Shape &shape : shapes())
    for (Layout layout : kLayouts)
      for (mg_pool *pool : {static_cast<mg_pool *>(nullptr), three_threads()}) {
        Tensor<TypeParam> x(shape, layout), out(shape);
        randomize(x, random);
        ASSERT_EQ(mg_copy(&x.view, &out.view, pool), MG_OK);
        for (int64_t i = 0; i < x.count(); ++i)
          ASSERT_TRUE(same(out[i], x[i]));
      }
}

TYPED_TEST(Moves, CopyTransposesLargeMatrices) {
  Random random(1);
  at_each_level([&] {
    for (const Shape &shape : {Shape{317, 411}, Shape{3, 130, 70},
                               Shape{64, 9, 65}, Shape{40, 1000}}) {
      Tensor<TypeParam> x(shape, kTransposed), out(shape);
      randomize(x, random);
      ASSERT_EQ(mg_copy(&x.view, &out.view, three_threads()), MG_OK);
      for (int64_t i = 0; i < x.count(); ++i)
        ASSERT_TRUE(same(out[i], x[i])) << i;
    }
  });
}

TYPED_TEST(Moves, PadPutsValuesAroundBetweenAndCuts) {
  Random random(2);
  for (Layout layout : kLayouts)
    for (int64_t lo : {-2, 0, 3})
      for (int64_t hi : {-1, 0, 2})
        for (int64_t interior : {0, 1, 2}) {
          const Shape shape = {3, 70};
          const int64_t los[] = {1, lo}, his[] = {0, hi}, in[] = {0, interior};
          Tensor<TypeParam> x(shape, layout), value(Shape{});
          Tensor<TypeParam> out({4, 70 + 69 * interior + lo + hi});
          randomize(x, random);
          randomize(value, random);
          ASSERT_EQ(
              mg_pad(&x.view, &value.view, los, his, in, &out.view, nullptr),
              MG_OK);
          for (int64_t i = 0; i < out.count(); ++i) {
            const Shape at = index_of(out.shape, i);
            const int64_t row = at[0] - 1, place = at[1] - lo;
            const bool inside = row >= 0 && place >= 0 &&
                                place % (interior + 1) == 0 &&
                                place / (interior + 1) < 70;
            ASSERT_TRUE(same(out[i], inside
                                         ? x[row * 70 + place / (interior + 1)]
                                         : value[0]))
                << i;
          }
        }
}

TYPED_TEST(Moves, PadOfNothingIsTheValue) {
  Tensor<TypeParam> x({0}), value(Shape{}), out({3});
  value[0] = narrow<TypeParam>(1);
  const int64_t lo[] = {1}, hi[] = {2}, interior[] = {5}, wrong[] = {3};
  ASSERT_EQ(mg_pad(&x.view, &value.view, lo, hi, interior, &out.view, nullptr),
            MG_OK);
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(same(out[i], value[0]));
  EXPECT_EQ(
      mg_pad(&x.view, &value.view, lo, wrong, interior, &out.view, nullptr),
      MG_ERROR_SHAPE);
}

TYPED_TEST(Moves, ConcatAlongEachDim) {
  Random random(3);
  for (int32_t dim : {0, 1, 2})
    for (Layout layout : kLayouts) {
      Shape shapes[] = {{2, 3, 5}, {2, 3, 5}, {2, 3, 5}};
      shapes[1][size_t(dim)] = 0;
      shapes[2][size_t(dim)] = 4;
      Tensor<TypeParam> a(shapes[0], layout), b(shapes[1]), c(shapes[2]);
      Shape whole = shapes[0];
      whole[size_t(dim)] += 4;
      Tensor<TypeParam> out(whole);
      randomize(a, random);
      randomize(c, random);
      const mg_array *xs[] = {&a.view, &b.view, &c.view};
      ASSERT_EQ(mg_concat(xs, 3, dim, &out.view, nullptr), MG_OK);
      for (int64_t i = 0; i < out.count(); ++i) {
        Shape at = index_of(whole, i);
        const int64_t first = shapes[0][size_t(dim)];
        const bool in_a = at[size_t(dim)] < first;
        if (!in_a)
          at[size_t(dim)] -= first;
        ASSERT_TRUE(same(out[i], in_a ? a[number_of(shapes[0], at)]
                                      : c[number_of(shapes[2], at)]));
      }
      EXPECT_EQ(mg_concat(xs, 2, dim, &out.view, nullptr), MG_ERROR_SHAPE);
    }
}

TYPED_TEST(Moves, DynamicSlicesAreClamped) {
  Random random(4);
  for (Layout layout : kLayouts)
    for (int64_t start : {-7, 0, 2, 100}) {
      Tensor<TypeParam> x({5, 9}, layout), slice({2, 4}), updated({5, 9});
      Tensor<int64_t> starts({2});
      randomize(x, random);
      starts[0] = start;
      starts[1] = 1;
      const int64_t row = std::clamp<int64_t>(start, 0, 3);
      ASSERT_EQ(mg_dynamic_slice(&x.view, &starts.view, &slice.view, nullptr),
                MG_OK);
      for (int64_t i = 0; i < 2; ++i)
        for (int64_t j = 0; j < 4; ++j)
          ASSERT_TRUE(same(slice[i * 4 + j], x[(row + i) * 9 + j + 1]));
      randomize(slice, random);
      ASSERT_EQ(mg_dynamic_update_slice(&x.view, &slice.view, &starts.view,
                                        &updated.view, nullptr),
                MG_OK);
      for (int64_t i = 0; i < 5; ++i)
        for (int64_t j = 0; j < 9; ++j) {
          const int64_t p = i - row, q = j - 1;
          const bool inside = p >= 0 && p < 2 && q >= 0 && q < 4;
          ASSERT_TRUE(same(updated[i * 9 + j],
                           inside ? slice[p * 4 + q] : x[i * 9 + j]));
        }
    }
}

// x (3, 5, 4, 6), indices (3, 2, 7, 2) at dims 3 and 1, one paired dim.
template <class Index> struct Indexed {
  Tensor<Index> indices{{3, 2, 7, 2}};
  const int64_t dims[2] = {3, 1};
  explicit Indexed(Random &random) {
    for (int64_t i = 0; i < indices.count(); ++i)
      indices[i] = Index(random() % (i % 2 ? 5 : 6));
  }
  // Of element e of the gathered array (3, 2, 7, 4).
  int64_t source(int64_t e) {
    const int64_t z = e % 4, v = e / 4, b = v / 14;
    return ((b * 5 + indices[v * 2 + 1]) * 4 + z) * 6 + indices[v * 2];
  }
};

template <class T, class Index> void check_gather(Layout layout) {
  Random random(5);
  Indexed<Index> at(random);
  Tensor<T> x({3, 5, 4, 6}, layout), out({3, 2, 7, 4});
  randomize(x, random);
  ASSERT_EQ(mg_gather(&x.view, &at.indices.view, at.dims, 2, 1, &out.view,
                      three_threads()),
            MG_OK);
  for (int64_t e = 0; e < out.count(); ++e)
    ASSERT_TRUE(same(out[e], x[at.source(e)]));
  for (Index bad : {Index(-1), Index(6)}) {
    at.indices[82] = bad;
    EXPECT_EQ(
        mg_gather(&x.view, &at.indices.view, at.dims, 2, 1, &out.view, nullptr),
        MG_ERROR_ARGUMENT);
  }
}

TYPED_TEST(Moves, GatherTakesSlices) {
  for (Layout layout : kLayouts) {
    check_gather<TypeParam, int32_t>(layout);
    check_gather<TypeParam, int64_t>(layout);
  }
}

template <class T, class C> T plus(C x, C y) {
  if constexpr (is_float<T>)
    return narrow<T>(double(x) + double(y));
  else
    return T(x + y);
}
template <class T, class C> T times(C x, C y) {
  if constexpr (is_float<T>)
    return narrow<T>(double(x) * double(y));
  else
    return T(x * y);
}
template <class T> T combined(mg_scatter_mode mode, T a, T b) {
  if constexpr (std::is_same_v<T, Bool>) {
    return b;
  } else {
    const auto x = widen(a), y = widen(b);
    return mode == MG_SCATTER_SET   ? b
           : mode == MG_SCATTER_ADD ? plus<T>(x, y)
           : mode == MG_SCATTER_MUL ? times<T>(x, y)
           : mode == MG_SCATTER_MIN ? (y < x ? b : a)
                                    : (x < y ? b : a);
  }
}

TYPED_TEST(Moves, ScatterAppliesUpdatesInOrder) {
  using T = TypeParam;
  for (mg_scatter_mode mode : {MG_SCATTER_SET, MG_SCATTER_ADD, MG_SCATTER_MUL,
                               MG_SCATTER_MIN, MG_SCATTER_MAX})
    for (Layout layout : kLayouts) {
      Random random(6);
      Indexed<int32_t> at(random);
      Tensor<T> x({3, 5, 4, 6}, layout), updates({3, 2, 7, 4}, layout),
          out({3, 5, 4, 6});
      fill_numbers(x, random);
      fill_numbers(updates, random);
      const mg_status status =
          mg_scatter(&x.view, &at.indices.view, &updates.view, at.dims, 2, 1,
                     mode, &out.view, three_threads());
      if (std::is_same_v<T, Bool> && mode != MG_SCATTER_SET) {
        ASSERT_EQ(status, MG_ERROR_UNSUPPORTED);
        continue;
      }
      ASSERT_EQ(status, MG_OK);
      std::vector<T> expected;
      for (int64_t i = 0; i < x.count(); ++i)
        expected.push_back(x[i]);
      for (int64_t e = 0; e < updates.count(); ++e) {
        T &to = expected[size_t(at.source(e))];
        to = combined(mode, to, updates[e]);
      }
      for (int64_t i = 0; i < out.count(); ++i)
        ASSERT_EQ(double(widen(out[i])), double(widen(expected[size_t(i)])))
            << "mode " << mode << " at " << i;
    }
}

TEST(Scatter, LongSlicesAreCutAmongThreads) {
  Random random(7);
  Tensor<float> x({4, 5000}), updates({9, 5000}), one({4, 5000}),
      three({4, 5000});
  Tensor<int64_t> at({9, 1});
  for (int64_t i = 0; i < 9; ++i)
    at[i] = int64_t(random() % 4);
  randomize(x, random);
  randomize(updates, random);
  const int64_t dims[] = {0};
  for (mg_scatter_mode mode : {MG_SCATTER_SET, MG_SCATTER_ADD}) {
    ASSERT_EQ(mg_scatter(&x.view, &at.view, &updates.view, dims, 1, 0, mode,
                         &one.view, nullptr),
              MG_OK);
    ASSERT_EQ(mg_scatter(&x.view, &at.view, &updates.view, dims, 1, 0, mode,
                         &three.view, three_threads()),
              MG_OK);
    for (int64_t i = 0; i < one.count(); ++i)
      ASSERT_TRUE(same(one[i], three[i]));
  }
}

// Small whole numbers, whose sums every float holds; integers wrap.
template <class T>
using Sum = std::conditional_t<is_float<T>, double, decltype(widen(T()))>;

TYPED_TEST(Moves, FoldSumsTheWindows) {
  using T = TypeParam;
  Random random(8);
  const int64_t dims[] = {2, 0}, size[] = {3, 2}, stride[] = {2, 1},
                dilation[] = {2, 1};
  for (Layout layout : {kRowMajor, kTransposed, kNegative, kWindows}) {
    // Of (4, 3, 11): (4 - 2) / 1 + 1 = 3 and (11 - 5) / 2 + 1 = 4 windows.
    Tensor<T> x({3, 3, 4, 3, 2}, layout), out({4, 3, 11});
    fill_numbers(x, random);
    const mg_status status = mg_fold(&x.view, dims, size, stride, dilation, 2,
                                     &out.view, three_threads());
    if (std::is_same_v<T, Bool>) {
      ASSERT_EQ(status, MG_ERROR_UNSUPPORTED);
      continue;
    }
    ASSERT_EQ(status, MG_OK);
    std::vector<Sum<T>> expected(size_t(out.count()));
    for (int64_t i = 0; i < x.count(); ++i) {
      const Shape at = index_of(x.shape, i);
      expected[size_t(number_of(
          out.shape, {at[0] + at[4], at[1], at[2] * 2 + at[3] * 2}))] +=
          widen(x[i]);
    }
    for (int64_t i = 0; i < out.count(); ++i)
      ASSERT_EQ(Sum<T>(widen(out[i])), expected[size_t(i)]) << i;
  }
}

} // namespace
