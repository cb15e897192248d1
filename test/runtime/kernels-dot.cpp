// Products of views against a twin in double (or integers that wrap).
#include "kernels-twin.h"

using namespace twin;

namespace {

struct Case {
  int64_t batch, rows, cols, terms;
};

const Case kCases[] = {{1, 1, 1, 1},     {1, 6, 64, 8},      {1, 7, 65, 9},
                       {2, 5, 3, 4},     {1, 1, 300, 50},    {1, 300, 1, 50},
                       {3, 13, 17, 400}, {1, 100, 130, 385}, {1, 13, 64, 1},
                       {2, 0, 3, 4},     {1, 3, 4, 0},       {1, 250, 70, 800},
                       {1, 61, 10, 33},  {70, 1, 40, 9}};

// The widest result that the product of two T may have.
template <class T> struct Accumulator {
  using Wide = std::conditional_t<sizeof(T) == 8, int64_t, int32_t>;
  using Type =
      std::conditional_t<std::is_signed_v<T>, Wide, std::make_unsigned_t<Wide>>;
};
template <> struct Accumulator<float> {
  using Type = float;
};
template <> struct Accumulator<Half> {
  using Type = float;
};
template <> struct Accumulator<Brain> {
  using Type = float;
};
template <> struct Accumulator<double> {
  using Type = double;
};

// lhs (batch, rows, terms) and rhs (batch, terms, cols) in any layout.
template <class T, class R>
void check(const Case &c, Layout first, Layout second, mg_pool *pool) {
  SCOPED_TRACE(testing::Message()
               << c.batch << " of " << c.rows << "x" << c.terms << "x" << c.cols
               << ", layouts " << first << " and " << second);
  Random random(uint64_t(c.rows * 1000 + c.cols * 10 + c.terms));
  Tensor<T> lhs({c.batch, c.rows, c.terms}, first);
  Tensor<T> rhs({c.batch, c.terms, c.cols}, second);
  Tensor<R> out({c.batch, c.rows, c.cols});
  constexpr bool whole = !is_float<T>;
  for (auto *x : {&lhs, &rhs})
    for (T &v : *x)
      if constexpr (whole)
        v = T(random());
      else
        v = narrow<T>(double(int64_t(random())) / 9.3e18);
  const int64_t batch[] = {0}, last[] = {2}, middle[] = {1};
  const mg_dot_dims dims = {batch, batch, last, middle, 1, 1};
  ASSERT_EQ(mg_dot(&lhs.view, &rhs.view, &dims, &out.view, pool), MG_OK);
  for (int64_t b = 0; b < c.batch; ++b)
    for (int64_t i = 0; i < c.rows; ++i)
      for (int64_t j = i % 3; j < c.cols; j += 1 + c.cols / 20) {
        uint64_t wrapped = 0;
        double sum = 0, magnitude = 0;
        for (int64_t t = 0; t < c.terms; ++t) {
          const auto x = widen(lhs[(b * c.rows + i) * c.terms + t]);
          const auto y = widen(rhs[(b * c.terms + t) * c.cols + j]);
          if constexpr (whole)
            wrapped += uint64_t(x) * uint64_t(y);
          sum += double(x) * double(y);
          magnitude += std::fabs(double(x) * double(y));
        }
        const R got = out[(b * c.rows + i) * c.cols + j];
        if constexpr (whole) {
          ASSERT_EQ(got, R(wrapped)) << b << ", " << i << ", " << j;
        } else {
          const double unit = sizeof(T) == 8 ? 0x1p-52 : 0x1p-24;
          double bound = double(c.terms + 8) * unit * magnitude;
          if constexpr (is_half<R>)
            bound +=
                std::fabs(sum) * (std::is_same_v<R, Half> ? 0x1p-10 : 0x1p-7);
          ASSERT_LE(std::fabs(double(widen(got)) - sum), bound)
              << b << ", " << i << ", " << j;
        }
      }
}

template <class T> struct Dot : testing::Test {};
using Types =
    testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t,
                   uint32_t, uint64_t, Half, Brain, float, double>;
TYPED_TEST_SUITE(Dot, Types);

TYPED_TEST(Dot, StaysInsideThePromisedBound) {
  using Wide = typename Accumulator<TypeParam>::Type;
  at_each_level([] {
    for (const Case &c : kCases) {
      check<TypeParam, TypeParam>(c, kRowMajor, kRowMajor, nullptr);
      check<TypeParam, Wide>(c, kRowMajor, kTransposed, nullptr);
    }
  });
}

TYPED_TEST(Dot, ReadsEveryView) {
  for (const Case &c : kCases)
    for (Layout first : kLayouts)
      for (Layout second : kLayouts)
        if (c.rows * c.cols * c.terms < 1 << 18)
          check<TypeParam, TypeParam>(c, first, second, three_threads());
}

TEST(DotDims, IntegersAccumulateInTheirResult) {
  Tensor<int8_t> lhs({1, 200000}), rhs({200000, 1});
  for (auto *x : {&lhs, &rhs})
    for (int8_t &v : *x)
      v = -128;
  Tensor<int64_t> out({1, 1});
  Tensor<uint32_t> other({1, 1});
  const int64_t last[] = {1}, first[] = {0};
  const mg_dot_dims dims = {nullptr, nullptr, last, first, 0, 1};
  ASSERT_EQ(mg_dot(&lhs.view, &rhs.view, &dims, &out.view, nullptr), MG_OK);
  EXPECT_EQ(out[0], 3276800000);
  EXPECT_EQ(mg_dot(&lhs.view, &rhs.view, &dims, &other.view, nullptr),
            MG_ERROR_SHAPE);
}

TEST(DotDims, SeveralContractedAndFreeDims) {
  // out[b, i, j, k, l] = sum over p, q of lhs[p, i, b, j, q] rhs[k, q, l, p, b]
  const int64_t B = 2, I = 3, J = 5, K = 4, L = 7, P = 3, Q = 6;
  Random random(3);
  Tensor<float> lhs({P, I, B, J, Q}), rhs({K, Q, L, P, B});
  Tensor<float> out({B, I, J, K, L});
  small_values(lhs, random);
  small_values(rhs, random);
  const int64_t lb[] = {2}, rb[] = {4}, lc[] = {0, 4}, rc[] = {3, 1};
  const mg_dot_dims dims = {lb, rb, lc, rc, 1, 2};
  ASSERT_EQ(mg_dot(&lhs.view, &rhs.view, &dims, &out.view, nullptr), MG_OK);
  int64_t n = 0;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t i = 0; i < I; ++i)
      for (int64_t j = 0; j < J; ++j)
        for (int64_t k = 0; k < K; ++k)
          for (int64_t l = 0; l < L; ++l, ++n) {
            float sum = 0;
            for (int64_t p = 0; p < P; ++p)
              for (int64_t q = 0; q < Q; ++q)
                sum += lhs[(((p * I + i) * B + b) * J + j) * Q + q] *
                       rhs[(((k * Q + q) * L + l) * P + p) * B + b];
            ASSERT_EQ(out[n], sum);
          }
}

TEST(DotDims, ThreadsChangeNoBit) {
  Random random(4);
  Tensor<float> lhs({301, 777}), rhs({777, 500}), one({301, 500}),
      three({301, 500});
  for (auto *x : {&lhs, &rhs})
    for (float &v : *x)
      v = float(double(int64_t(random())) / 9.3e18);
  const int64_t last[] = {1}, first[] = {0};
  const mg_dot_dims dims = {nullptr, nullptr, last, first, 0, 1};
  at_each_level([&] {
    mg_dot(&lhs.view, &rhs.view, &dims, &one.view, nullptr);
    mg_dot(&lhs.view, &rhs.view, &dims, &three.view, three_threads());
    EXPECT_EQ(std::memcmp(one.begin(), three.begin(), 301 * 500 * 4), 0);
  });
}

TEST(DotDims, RefusesWhatDoesNotFit) {
  Tensor<float> lhs({3, 4}), rhs({5, 6}), out({3, 6});
  Tensor<int32_t> other({4, 6});
  const int64_t last[] = {1}, first[] = {0}, outside[] = {7};
  const mg_dot_dims dims = {nullptr, nullptr, last, first, 0, 1};
  EXPECT_EQ(mg_dot(&lhs.view, &rhs.view, &dims, &out.view, nullptr),
            MG_ERROR_SHAPE);
  EXPECT_EQ(mg_dot(&lhs.view, &other.view, &dims, &out.view, nullptr),
            MG_ERROR_SHAPE);
  const mg_dot_dims wrong = {nullptr, nullptr, outside, first, 0, 1};
  EXPECT_EQ(mg_dot(&lhs.view, &rhs.view, &wrong, &out.view, nullptr),
            MG_ERROR_SHAPE);
}

} // namespace
