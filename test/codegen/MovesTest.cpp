// Transposed, strided and reversed operands against plain loops: every level,
// lengths around the vector's, arrays that lie between pages nobody may touch;
// blocks of large ones, with one thread and three, aligned and not.
#include "Kernel.h"
#include "minigrad/pool.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace mg::codegen;
using namespace mg::codegen::test;

namespace {

/// An array that begins where a page does, or ends there, or begins one element
/// after; the pages before and behind it may not be touched.
template <class T> class Guarded {
public:
  enum Where { Begin, End, Shifted };

  Guarded(int64_t count, Where where) : count(count) {
    const size_t page = sysconf(_SC_PAGESIZE), bytes = count * sizeof(T);
    const size_t room = (bytes + sizeof(T) + page - 1) / page * page;
    size = room + 2 * page;
    block = static_cast<char *>(
        mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(mprotect(block + page, room, PROT_READ | PROT_WRITE), 0);
    const size_t start = where == Begin ? 0
                         : where == End ? room - bytes
                                        : sizeof(T);
    first = reinterpret_cast<T *>(block + page + start);
  }
  Guarded(const Guarded &) = delete;
  ~Guarded() { munmap(block, size); }

  T *data() { return first; }
  T &operator[](int64_t i) { return first[i]; }
  /// Numbers that differ from their neighbours, exact in every type.
  Guarded &count_up() {
    for (int64_t i = 0; i < count; ++i)
      first[i] = T(i % 113);
    return *this;
  }

private:
  int64_t count;
  char *block;
  size_t size;
  T *first;
};

class Moves : public testing::TestWithParam<std::string> {
protected:
  Options options() const { return {.levels = {GetParam()}}; }
};
INSTANTIATE_TEST_SUITE_P(Codegen, Moves, testing::ValuesIn(levelsHere()),
                         levelTestName);

/// "s * d + offset", all of whose values from 0 to extent - 1 are not negative.
std::string along(const std::string &dim, int64_t stride, int64_t extent) {
  const int64_t offset = stride < 0 ? -stride * (extent - 1) : 0;
  return dim + " * " + std::to_string(stride) + " + " + std::to_string(offset);
}
int64_t spanOf(int64_t stride, int64_t extent) {
  return std::abs(stride) * (extent - 1) + 1;
}
int64_t placeOf(int64_t i, int64_t stride, int64_t extent) {
  return stride * i + (stride < 0 ? -stride * (extent - 1) : 0);
}

template <class T>
void checkStride(const Options &options, const std::string &type,
                 int64_t stride, int64_t n) {
  const Kernel kernel{
      .inputs = {{{spanOf(stride, n)}, along("d0", stride, n), type}},
      .output = {{n}, "d0", type},
      .loops = "p",
      .body = "linalg.yield %a0 : " + type,
      .init = type[0] == 'i' ? "0" : "0.0"};
  const Compiled compiled(kernel.text(), options);
  ASSERT_TRUE(compiled) << kernel.text();
  for (auto where : {Guarded<T>::Begin, Guarded<T>::End}) {
    Guarded<T> x(spanOf(stride, n), where), y(n, where);
    x.count_up();
    ASSERT_EQ(compiled.call({x.data()}, {y.data()}), 0);
    for (int64_t i = 0; i < n; ++i)
      ASSERT_EQ(y[i], x[placeOf(i, stride, n)])
          << type << " at " << stride << " * " << i << " of " << n;
  }
}

TEST_P(Moves, StridesAlongTheLanes) {
  for (int64_t stride : {2, 3, 4, 5, -1, -2, -3})
    for (int64_t n : {1, 2, 5, 16, 31, 67}) {
      checkStride<float>(options(), "f32", stride, n);
      checkStride<double>(options(), "f64", stride, n);
    }
  for (int64_t stride : {2, 3, -1})
    for (int64_t n : {7, 64, 131})
      checkStride<int8_t>(options(), "i8", stride, n);
}

TEST_P(Moves, StridesOfTurnedSquares) {
  const std::pair<int64_t, int64_t> sizes[] = {{16, 16}, {33, 19}, {5, 40}};
  for (auto [m, n] : sizes)
    for (int64_t down : {1, -1, 2, -3})
      for (int64_t across : {1, -2}) {
        // y[i, j] = x[across * j, down * i]
        const int64_t width = spanOf(down, m), height = spanOf(across, n);
        const Kernel kernel{
            .inputs = {{{height, width},
                        along("d1", across, n) + ", " + along("d0", down, m)}},
            .output = {{m, n}, "d0, d1"},
            .loops = "pp",
            .body = "linalg.yield %a0 : f32"};
        const Compiled compiled(kernel.text(), options());
        ASSERT_TRUE(compiled) << kernel.text();
        for (auto where : {Guarded<float>::Begin, Guarded<float>::End}) {
          Guarded<float> x(height * width, where), y(m * n, where);
          x.count_up();
          ASSERT_EQ(compiled.call({x.data()}, {y.data()}), 0);
          for (int64_t i = 0; i < m; ++i)
            for (int64_t j = 0; j < n; ++j)
              ASSERT_EQ(y[i * n + j],
                        x[placeOf(j, across, n) * width + placeOf(i, down, m)])
                  << m << "x" << n << " by " << down << "," << across;
        }
      }
}

/// Calls with all kinds of alignment, with and without threads.
template <class T>
void checkCalls(const Kernel &kernel, const Options &options,
                std::vector<const void *> inputs,
                llvm::function_ref<T(int64_t)> expected) {
  const Compiled compiled(kernel.text(), options);
  ASSERT_TRUE(compiled) << kernel.text();
  mg_pool *pool = mg_pool_create(3);
  for (mg_pool *threads : {(mg_pool *)nullptr, pool})
    for (auto where :
         {Guarded<T>::Begin, Guarded<T>::End, Guarded<T>::Shifted}) {
      Guarded<T> y(kernel.output.count(), where);
      ASSERT_EQ(compiled.call(inputs, {y.data()}, {}, 0, threads), 0);
      for (int64_t i = 0; i < kernel.output.count(); ++i)
        ASSERT_EQ(y[i], expected(i)) << kernel.text() << " at " << i;
    }
  mg_pool_destroy(pool);
}

template <class T>
void checkTranspose(const Options &options, const std::string &type, int64_t m,
                    int64_t n) {
  const Kernel kernel{.inputs = {{{n, m}, "d1, d0", type}},
                      .output = {{m, n}, "d0, d1", type},
                      .loops = "pp",
                      .body = "linalg.yield %a0 : " + type,
                      .init = type[0] == 'i' ? "0" : "0.0"};
  Guarded<T> x(m * n, Guarded<T>::End);
  x.count_up();
  checkCalls<T>(kernel, options, {x.data()},
                [&](int64_t at) { return x[at % n * m + at / n]; });
}

TEST_P(Moves, BlocksOfLargeTransposes) {
  checkTranspose<float>(options(), "f32", 371, 397);   // copies are turned
  checkTranspose<float>(options(), "f32", 1040, 1072); // past the caches
  checkTranspose<float>(options(), "f32", 9, 16400);   // lower than a square
  checkTranspose<int8_t>(options(), "i8", 777, 781);
  checkTranspose<double>(options(), "f64", 131, 540);
}

/// Two crossed operands, one strided, one along rows, one per row; the body
/// reads indices.
TEST_P(Moves, BlocksWithOtherOperands) {
  const int64_t m = 270, n = 523;
  const Kernel kernel{
      .inputs = {{{n, m}, "d1, d0"},
                 {{2 * n, 2 * m},
                  "d1 * -2 + " + std::to_string(2 * n - 1) + ", d0 * 2"},
                 {{m, n}, "d0, d1"},
                 {{m}, "d0"}},
      .output = {{m, n}, "d0, d1"},
      .loops = "pp",
      .body = R"(
  %i = linalg.index 0 : index
  %j = linalg.index 1 : index
  %ii = arith.index_cast %i : index to i32
  %jj = arith.index_cast %j : index to i32
  %difference = arith.subi %ii, %jj : i32
  %f = arith.sitofp %difference : i32 to f32
  %p = arith.mulf %a0, %a1 : f32
  %q = arith.mulf %a2, %a3 : f32
  %r = arith.addf %p, %q : f32
  %s = arith.addf %r, %f : f32
  linalg.yield %s : f32)"};
  Guarded<float> a(m * n, Guarded<float>::End),
      b(4 * m * n, Guarded<float>::End), c(m * n, Guarded<float>::Begin),
      d(m, Guarded<float>::End);
  for (Guarded<float> *x : {&a, &b, &c, &d})
    x->count_up();
  checkCalls<float>(kernel, options(), {a.data(), b.data(), c.data(), d.data()},
                    [&](int64_t at) {
                      const int64_t i = at / n, j = at % n;
                      return a[j * m + i] *
                                 b[(2 * n - 1 - 2 * j) * 2 * m + 2 * i] +
                             c[at] * d[i] + float(i - j);
                    });
}

/// The loops of the square are neither the outermost nor neighbours.
TEST_P(Moves, BlocksInsideOtherLoops) {
  const int64_t p = 3, m = 137, q = 5, n = 183;
  const Kernel kernel{.inputs = {{{p, n, q, m}, "d0, d3, d2, d1"}},
                      .output = {{p, m, q, n}, "d0, d1, d2, d3"},
                      .loops = "pppp",
                      .body = "linalg.yield %a0 : f32"};
  Guarded<float> x(p * m * q * n, Guarded<float>::End);
  x.count_up();
  checkCalls<float>(kernel, options(), {x.data()}, [&](int64_t at) {
    const int64_t l = at % n, k = at / n % q, j = at / n / q % m,
                  i = at / n / q / m;
    return x[((i * n + l) * q + k) * m + j];
  });
}

} // namespace
