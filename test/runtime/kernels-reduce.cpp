// Reductions against a twin that sums in long double (or wraps), the promised
// bound, and the same bits for any number of threads and at every level.
#include "kernels-twin.h"

using namespace twin;

namespace {

template <class T> using Computed = decltype(widen(T()));

std::vector<std::vector<int64_t>> dims_of(size_t rank) {
  std::vector<std::vector<int64_t>> all;
  for (unsigned mask = 0; mask < 1u << rank; ++mask) {
    all.emplace_back();
    for (size_t k = 0; k < rank; ++k)
      if (mask >> k & 1)
        all.back().push_back(int64_t(k));
  }
  return all;
}

bool contains(const std::vector<int64_t> &dims, size_t k) {
  for (int64_t d : dims)
    if (size_t(d) == k)
      return true;
  return false;
}

Shape without(const Shape &shape, const std::vector<int64_t> &dims) {
  Shape kept;
  for (size_t k = 0; k < shape.size(); ++k)
    if (!contains(dims, k))
      kept.push_back(shape[k]);
  return kept;
}

// The number of the result that element i of `shape` belongs to.
int64_t result_of(const Shape &shape, const std::vector<int64_t> &dims,
                  int64_t i) {
  int64_t result = 0, stride = 1;
  for (size_t k = shape.size(); k-- > 0; i /= shape[k])
    if (!contains(dims, k)) {
      result += i % shape[k] * stride;
      stride *= shape[k];
    }
  return result;
}

template <class T> struct Twin {
  long double value = 0, magnitude = 0;
  bool nan = false;
  int64_t terms = 0;
};

template <class T>
std::vector<Twin<T>> float_twin(mg_reduction kind, Tensor<T> &x,
                                const std::vector<int64_t> &dims) {
  const long double inf = std::numeric_limits<long double>::infinity();
  std::vector<Twin<T>> results(size_t(product(without(x.shape, dims))));
  for (Twin<T> &r : results)
    r.value = kind == MG_SUM    ? 0
              : kind == MG_PROD ? 1
              : kind == MG_MAX  ? -inf
                                : inf;
  for (int64_t i = 0; i < x.count(); ++i) {
    Twin<T> &r = results[size_t(result_of(x.shape, dims, i))];
    const long double term = widen(x[i]);
    r.nan |= std::isnan(term);
    ++r.terms;
    r.magnitude += std::fabs(term);
    if (kind == MG_SUM)
      r.value += term;
    else if (kind == MG_PROD)
      r.value *= term;
    else if (kind == MG_MAX ? term > r.value : term < r.value)
      r.value = term;
  }
  return results;
}

template <class T> void check_float(const Shape &shape, Layout layout) {
  Random random(uint64_t(product(shape)) * 8 + layout);
  Tensor<T> x(shape, layout);
  for (T &v : x)
    v = narrow<T>(double(int64_t(random())) / 9.3e18 + 0.01);
  for (const auto &dims : dims_of(shape.size()))
    for (mg_reduction kind : {MG_SUM, MG_MAX, MG_MIN}) {
      Tensor<T> out(without(shape, dims));
      ASSERT_EQ(mg_reduce(kind, &x.view, dims.data(), int32_t(dims.size()),
                          &out.view, nullptr),
                MG_OK);
      const auto expected = float_twin(kind, x, dims);
      for (int64_t i = 0; i < out.count(); ++i) {
        const Twin<T> &r = expected[size_t(i)];
        const double unit = std::is_same_v<T, double> ? 0x1p-53 : 0x1p-24;
        double bound = 0;
        if (kind == MG_SUM)
          bound = (std::ceil(std::log2(double(r.terms) + 1)) + 8) * unit *
                  double(r.magnitude);
        if constexpr (is_half<T>)
          bound += std::fabs(double(r.value)) *
                   (std::is_same_v<T, Half> ? 0x1p-10 : 0x1p-7);
        const double got = widen(out[i]);
        if (std::isinf(r.value))
          ASSERT_EQ(got, double(r.value));
        else
          ASSERT_LE(std::fabs(got - double(r.value)), bound)
              << "result " << i << " of " << r.terms << " terms, kind " << kind;
      }
    }
}

const std::vector<Shape> kShapes = {
    {},         {1},        {0},       {3, 0},     {0, 3},         {33},
    {64},       {511},      {512},     {513},      {1025},         {70000},
    {5, 33},    {5, 700},   {700, 5},  {3, 4, 5},  {2, 65, 3, 34}, {9000, 3},
    {300, 300}, {2, 40000}, {1, 7, 1}, {4, 1, 600}};

template <class T> struct FloatReduce : testing::Test {};
using Floats = testing::Types<Half, Brain, float, double>;
TYPED_TEST_SUITE(FloatReduce, Floats);

TYPED_TEST(FloatReduce, StaysInsideThePromisedBound) {
  at_each_level([] {
    for (const Shape &shape : kShapes)
      check_float<TypeParam>(shape, kRowMajor);
  });
}

TYPED_TEST(FloatReduce, ReadsEveryView) {
  for (const Shape &shape : kShapes)
    for (Layout layout : kLayouts)
      check_float<TypeParam>(shape, layout);
}

} // namespace

namespace {

template <class T> struct IntegerReduce : testing::Test {};
using Integers = testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t,
                                uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(IntegerReduce, Integers);

template <class T>
std::vector<T> integer_twin(mg_reduction kind, Tensor<T> &x,
                            const std::vector<int64_t> &dims) {
  const T first[] = {
      0,        1, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(),
      T(~T(0)), 0};
  std::vector<T> results(size_t(product(without(x.shape, dims))), first[kind]);
  for (int64_t i = 0; i < x.count(); ++i) {
    T &r = results[size_t(result_of(x.shape, dims, i))];
    const T v = x[i];
    r = kind == MG_SUM    ? T(uint64_t(r) + uint64_t(v))
        : kind == MG_PROD ? T(uint64_t(r) * uint64_t(v))
        : kind == MG_MAX  ? std::max(r, v)
        : kind == MG_MIN  ? std::min(r, v)
        : kind == MG_AND  ? T(r & v)
                          : T(r | v);
  }
  return results;
}

TYPED_TEST(IntegerReduce, EqualsTheTwin) {
  using T = TypeParam;
  at_each_level([] {
    for (const Shape &shape : kShapes)
      for (Layout layout : {kRowMajor, kTransposed, kNegative, kWindows}) {
        Random random(uint64_t(product(shape)) * 8 + layout);
        Tensor<T> x(shape, layout);
        for (T &v : x)
          v = T(random());
        for (const auto &dims : dims_of(shape.size()))
          for (int kind = MG_SUM; kind <= MG_OR; ++kind) {
            Tensor<T> out(without(shape, dims));
            ASSERT_EQ(mg_reduce(mg_reduction(kind), &x.view, dims.data(),
                                int32_t(dims.size()), &out.view, nullptr),
                      MG_OK);
            const auto expected = integer_twin(mg_reduction(kind), x, dims);
            for (int64_t i = 0; i < out.count(); ++i)
              ASSERT_EQ(out[i], expected[size_t(i)]) << kind;
          }
      }
  });
}

TEST(Reduce, BoolsHaveAndOrMaxMin) {
  Tensor<Bool> x({3, 100}), out({3});
  for (int64_t i = 0; i < 300; ++i)
    x[i].value = i < 100 || i == 150;
  const int64_t dims[] = {1};
  const uint8_t all[] = {1, 0, 0}, any[] = {1, 1, 0};
  for (mg_reduction kind : {MG_AND, MG_OR, MG_MAX, MG_MIN}) {
    ASSERT_EQ(mg_reduce(kind, &x.view, dims, 1, &out.view, nullptr), MG_OK);
    for (int64_t i = 0; i < 3; ++i)
      EXPECT_EQ(out[i].value,
                (kind == MG_AND || kind == MG_MIN ? all : any)[i]);
  }
  EXPECT_EQ(mg_reduce(MG_SUM, &x.view, dims, 1, &out.view, nullptr),
            MG_ERROR_UNSUPPORTED);
}

TEST(Reduce, SpecialValues) {
  at_each_level([] {
    for (int64_t n : {5, 40, 600}) {
      Tensor<float> x({n, n}), out({n});
      const int64_t dims[] = {1}, rows[] = {0};
      for (float &v : x)
        v = -0.0f;
      for (const int64_t *d : {dims, rows}) {
        ASSERT_EQ(mg_reduce(MG_SUM, &x.view, d, 1, &out.view, nullptr), MG_OK);
        for (float v : {out[0], out[n - 1]})
          EXPECT_TRUE(v == 0 && std::signbit(v)); // -0 is kept
      }
      x[n + 3] = NAN;
      x[2 * n + 1] = 0.0f;
      ASSERT_EQ(mg_reduce(MG_MAX, &x.view, dims, 1, &out.view, nullptr), MG_OK);
      EXPECT_TRUE(std::signbit(out[0]));
      EXPECT_TRUE(std::isnan(out[1]));
      EXPECT_FALSE(std::signbit(out[2])); // +0 is larger than -0
      ASSERT_EQ(mg_reduce(MG_MIN, &x.view, dims, 1, &out.view, nullptr), MG_OK);
      EXPECT_TRUE(std::isnan(out[1]));
    }
  });
}

TEST(Reduce, BitsDependOnNeitherThreadsNorLevelNorStrides) {
  for (const Shape &shape :
       {Shape{100000}, Shape{3, 70000}, Shape{70000, 3}, Shape{500, 600}}) {
    Random random(7);
    Tensor<float> x(shape), other(shape, kTransposed);
    for (int64_t i = 0; i < x.count(); ++i)
      other[i] = x[i] = float(double(int64_t(random())) / 1e18);
    for (const auto &dims : dims_of(shape.size())) {
      const int32_t count = int32_t(dims.size());
      Tensor<float> expected(without(shape, dims)), out(expected.shape);
      mg_reduce(MG_SUM, &x.view, dims.data(), count, &expected.view, nullptr);
      at_each_level([&] {
        for (Tensor<float> *t : {&x, &other}) {
          mg_reduce(MG_SUM, &t->view, dims.data(), count, &out.view,
                    three_threads());
          ASSERT_EQ(std::memcmp(out.begin(), expected.begin(),
                                size_t(out.count()) * 4),
                    0);
        }
      });
    }
  }
}

TEST(Reduce, RefusesWrongDims) {
  Tensor<float> x({3, 4}), out({3});
  const int64_t outside[] = {2}, negative[] = {-1}, twice[] = {1, 1},
                other[] = {0};
  for (const int64_t *dims : {outside, negative, other})
    EXPECT_EQ(mg_reduce(MG_SUM, &x.view, dims, 1, &out.view, nullptr),
              MG_ERROR_SHAPE);
  EXPECT_EQ(mg_reduce(MG_SUM, &x.view, twice, 2, &out.view, nullptr),
            MG_ERROR_SHAPE);
  const int64_t dims[] = {1};
  EXPECT_EQ(mg_reduce(MG_AND, &x.view, dims, 1, &out.view, nullptr),
            MG_ERROR_UNSUPPORTED);
  EXPECT_EQ(mg_reduce(mg_reduction(9), &x.view, dims, 1, &out.view, nullptr),
            MG_ERROR_ARGUMENT);
}

} // namespace
