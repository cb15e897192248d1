// Sorting, searching, scanning along a dimension; iota and random bits.
#include "kernels-twin.h"

#include "minigrad/call.h"

#include <algorithm>
#include <numeric>

using namespace twin;

namespace {

template <class T> struct Lines : testing::Test {};
using Types = testing::Types<int8_t, uint8_t, int64_t, uint64_t, Half, Brain,
                             float, double>;
TYPED_TEST_SUITE(Lines, Types);

// NaN is the largest.
template <class T> bool less(T a, T b) {
  if constexpr (is_float<T>) {
    const double x = double(widen(a)), y = double(widen(b));
    return std::isnan(y) ? !std::isnan(x) : x < y;
  } else {
    return a < b;
  }
}

// (outer, n, inner) along the middle.
template <class T> struct Line {
  Tensor<T> &x;
  int64_t o, i;
  int64_t at(int64_t k) const { return (o * x.shape[1] + k) * x.shape[2] + i; }
  std::vector<int64_t> order(bool descending) const {
    std::vector<int64_t> p(size_t(x.shape[1]));
    std::iota(p.begin(), p.end(), 0);
    std::sort(p.begin(), p.end(), [&](int64_t a, int64_t b) {
      const T u = x[at(descending ? b : a)], v = x[at(descending ? a : b)];
      return less(u, v) || (!less(v, u) && a < b);
    });
    return p;
  }
};

template <class T, class F> void for_lines(Tensor<T> &x, F f) {
  for (int64_t o = 0; o < x.shape[0]; ++o)
    for (int64_t i = 0; i < x.shape[2]; ++i)
      f(Line<T>{x, o, i});
}

const Shape kLineShapes[] = {{1, 5, 1},   {2, 30, 3}, {2, 49, 3}, {1, 3000, 1},
                             {3, 200, 2}, {2, 0, 3},  {0, 4, 2},  {3, 1, 4}};

TYPED_TEST(Lines, SortIsStableAndValuesFollow) {
  for (const Shape &shape : kLineShapes)
    for (Layout layout : kLayouts)
      for (int descending : {0, 1}) {
        Random random(1);
        Tensor<TypeParam> x(shape, layout), keys(shape);
        Tensor<int32_t> follower(shape), followed(shape);
        randomize(x, random);
        std::iota(follower.begin(), follower.end(), 0);
        const mg_array *in[] = {&x.view, &follower.view};
        const mg_array *out[] = {&keys.view, &followed.view};
        ASSERT_EQ(mg_sort(in, 2, 1, descending, out, three_threads()), MG_OK);
        for_lines(x, [&](const Line<TypeParam> &line) {
          const auto order = line.order(descending);
          for (size_t k = 0; k < order.size(); ++k) {
            ASSERT_TRUE(same(keys[line.at(int64_t(k))], x[line.at(order[k])]));
            ASSERT_EQ(followed[line.at(int64_t(k))],
                      follower[line.at(order[k])]);
          }
        });
      }
}

TYPED_TEST(Lines, ArgsortForCompiledCode) {
  for (const Shape &shape : kLineShapes)
    for (int descending : {0, 1}) {
      Random random(2);
      Tensor<TypeParam> x(shape);
      Tensor<int64_t> permutation(shape);
      randomize(x, random);
      ASSERT_EQ(mg_call_argsort(x.begin(), permutation.begin(),
                                dtype_of<TypeParam>(), shape[0], shape[1],
                                shape[2], descending),
                MG_OK);
      for_lines(x, [&](const Line<TypeParam> &line) {
        const auto order = line.order(descending);
        for (size_t k = 0; k < order.size(); ++k)
          ASSERT_EQ(permutation[line.at(int64_t(k))], order[k]);
      });
    }
  EXPECT_EQ(mg_call_argsort(nullptr, nullptr, 99, 1, 1, 1, 0), MG_ERROR_SHAPE);
}

TYPED_TEST(Lines, TopkTakesTheBestFirst) {
  for (Layout layout : kLayouts)
    for (int largest : {0, 1}) {
      Random random(3);
      Tensor<TypeParam> x({2, 60, 3}, layout), values({2, 7, 3});
      Tensor<int32_t> indices({2, 7, 3});
      randomize(x, random);
      ASSERT_EQ(
          mg_topk(&x.view, 1, largest, &values.view, &indices.view, nullptr),
          MG_OK);
      for_lines(x, [&](const Line<TypeParam> &line) {
        const auto order = line.order(largest);
        for (int64_t k = 0; k < 7; ++k) {
          const int64_t at = (line.o * 7 + k) * 3 + line.i;
          ASSERT_EQ(indices[at], order[size_t(k)]);
          ASSERT_TRUE(same(values[at], x[line.at(order[size_t(k)])]));
        }
      });
    }
}

TYPED_TEST(Lines, ArgReduceTakesNanThenTheFirstOrLast) {
  for (const Shape &shape : kLineShapes)
    for (Layout layout : kLayouts)
      for (mg_reduction kind : {MG_MAX, MG_MIN})
        for (int last : {0, 1}) {
          if (shape[1] == 0)
            continue;
          Random random(4);
          Tensor<TypeParam> x(shape, layout);
          Tensor<int64_t> out({shape[0], shape[2]});
          randomize(x, random);
          ASSERT_EQ(
              mg_arg_reduce(kind, &x.view, 1, last, &out.view, three_threads()),
              MG_OK);
          for_lines(x, [&](const Line<TypeParam> &line) {
            auto better = [&](int64_t a, int64_t b) {
              const auto p = x[line.at(a)], q = x[line.at(b)];
              if constexpr (is_float<TypeParam>)
                if (std::isnan(double(widen(p))) ||
                    std::isnan(double(widen(q))))
                  return std::isnan(double(widen(p))) &&
                         !std::isnan(double(widen(q)));
              return kind == MG_MAX ? less(q, p) : less(p, q);
            };
            int64_t best = 0;
            for (int64_t k = 1; k < shape[1]; ++k)
              if (better(k, best) || (last && !better(best, k)))
                best = k;
            ASSERT_EQ(out[line.o * shape[2] + line.i], best);
          });
        }
}

template <class T> T step(mg_reduction kind, T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (kind > MG_PROD && (std::isnan(a) || std::isnan(b)))
      return NAN;
  return kind == MG_SUM    ? T(a + b)
         : kind == MG_PROD ? T(a * b)
         : kind == MG_MAX  ? std::max(a, b)
                           : std::min(a, b);
}

template <class T, class C> T rounded(C x) {
  if constexpr (is_half<T>)
    return narrow<T>(x);
  else
    return x;
}

TYPED_TEST(Lines, CumulativeRunsEitherWay) {
  using T = TypeParam;
  using C = decltype(widen(T()));
  for (const Shape &shape : kLineShapes)
    for (Layout layout : kLayouts)
      for (mg_reduction kind : {MG_SUM, MG_PROD, MG_MAX, MG_MIN})
        for (int way = 0; way < 4; ++way) {
          const bool exclusive = way & 1, reverse = way & 2;
          Random random(5);
          Tensor<T> x(shape, layout), out(shape);
          small_values(x, random);
          ASSERT_EQ(mg_cumulative(kind, &x.view, 1, exclusive, reverse,
                                  &out.view, three_threads()),
                    MG_OK);
          const bool inf = std::numeric_limits<C>::has_infinity;
          const C top = inf ? std::numeric_limits<C>::infinity()
                            : std::numeric_limits<C>::max();
          const C low = inf ? C(-top) : std::numeric_limits<C>::min();
          for_lines(x, [&](const Line<T> &line) {
            C sum = kind == MG_SUM    ? C(0)
                    : kind == MG_PROD ? C(1)
                    : kind == MG_MAX  ? low
                                      : top;
            for (int64_t k = 0; k < shape[1]; ++k) {
              const int64_t at = line.at(reverse ? shape[1] - 1 - k : k);
              const C before = sum;
              sum = step<C>(kind, sum, widen(x[at]));
              ASSERT_EQ(double(widen(out[at])),
                        double(widen(rounded<T>(exclusive ? before : sum))));
            }
          });
        }
}

TYPED_TEST(Lines, IotaCountsAlongADim) {
  Tensor<TypeParam> out({3, 50, 4});
  for (int32_t dim : {0, 1, 2}) {
    ASSERT_EQ(mg_iota(dim, &out.view, nullptr), MG_OK);
    for (int64_t i = 0; i < out.count(); ++i) {
      const int64_t at[] = {i / 200, i / 4 % 50, i % 4};
      ASSERT_EQ(int64_t(widen(out[i])), at[dim]);
    }
  }
  EXPECT_EQ(mg_iota(3, &out.view, nullptr), MG_ERROR_SHAPE);
}

// Known answers of Random123's philox4x32 with ten rounds.
TEST(RngBits, KnownAnswers) {
  Tensor<uint32_t> key({4}), out({4});
  for (int64_t i = 0; i < 4; ++i)
    key[i] = 0;
  ASSERT_EQ(mg_rng_bits(&key.view, &out.view, nullptr), MG_OK);
  EXPECT_EQ(out[0], 0x6627e8d5u);
  EXPECT_EQ(out[1], 0xe169c58du);
  EXPECT_EQ(out[2], 0xbc57ac4cu);
  EXPECT_EQ(out[3], 0x9b00dbd8u);
}

TEST(RngBits, ElementsDependOnKeyAndNumberOnly) {
  Tensor<uint64_t> key({2}), long_words({50000});
  Tensor<uint32_t> words({100001}), again({17, 10});
  key[0] = 0x123456789abcdef0;
  key[1] = 42;
  ASSERT_EQ(mg_rng_bits(&key.view, &words.view, three_threads()), MG_OK);
  ASSERT_EQ(mg_rng_bits(&key.view, &again.view, nullptr), MG_OK);
  ASSERT_EQ(mg_rng_bits(&key.view, &long_words.view, nullptr), MG_OK);
  for (int64_t i = 0; i < again.count(); ++i)
    ASSERT_EQ(again[i], words[i]);
  for (int64_t i = 0; i < long_words.count(); ++i)
    ASSERT_EQ(long_words[i], words[2 * i] | uint64_t(words[2 * i + 1]) << 32);
  double mean = 0;
  for (uint32_t w : words)
    mean += double(w) * 0x1p-32;
  EXPECT_NEAR(mean / double(words.count()), 0.5, 0.005);
}

} // namespace
