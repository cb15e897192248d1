// What the kernels' tests share: typed views of guarded memory in every
// layout, values that hurt, all CPU levels.
#ifndef MG_TEST_RUNTIME_KERNELS_TWIN_H
#define MG_TEST_RUNTIME_KERNELS_TWIN_H
#include "minigrad/cpu.h"
#include "minigrad/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <sys/mman.h>
#include <type_traits>
#include <vector>

namespace twin {

struct Bool {
  uint8_t value = 0;
};
struct Half {
  uint16_t bits = 0;
};
struct Brain {
  uint16_t bits = 0;
};

// Reference conversions by the compiler's own types.
inline float widen(Half x) {
  _Float16 h;
  std::memcpy(&h, &x, 2);
  return static_cast<float>(h);
}
inline float widen(Brain x) {
  const uint32_t bits = uint32_t(x.bits) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
template <class T> T widen(T x) { return x; }
inline uint8_t widen(Bool x) { return x.value; }

// Rounds any double once, to nearest even, to `digits` digits of the type
// whose smallest normal exponent is `least` and which ends below 2^top.
inline double round_to(double x, int digits, int least, int top) {
  if (!std::isfinite(x) || x == 0)
    return x;
  const int exponent = std::max(std::ilogb(x), least);
  const double unit = std::ldexp(1.0, exponent - digits + 1);
  const double rounded = std::nearbyint(x / unit) * unit;
  return std::fabs(rounded) >= std::ldexp(1.0, top) ? std::copysign(HUGE_VAL, x)
                                                    : rounded;
}
template <class T> T narrow(double x) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<int64_t>(x));
  else
    return static_cast<T>(x);
}
template <> inline Half narrow<Half>(double x) {
  const _Float16 h =
      static_cast<_Float16>(static_cast<float>(round_to(x, 11, -14, 16)));
  Half half;
  std::memcpy(&half, &h, 2);
  return half;
}
template <> inline Bool narrow<Bool>(double x) { return {x != 0}; }
template <> inline Brain narrow<Brain>(double x) {
  const float f = static_cast<float>(round_to(x, 8, -126, 128));
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  return {static_cast<uint16_t>(std::isnan(x) ? 0x7fc0 : bits >> 16)};
}

template <class T> constexpr mg_dtype dtype_of() {
  if constexpr (std::is_same_v<T, Bool>)
    return MG_BOOL;
  else if constexpr (std::is_same_v<T, Half>)
    return MG_F16;
  else if constexpr (std::is_same_v<T, Brain>)
    return MG_BF16;
  else if constexpr (std::is_same_v<T, float>)
    return MG_F32;
  else if constexpr (std::is_same_v<T, double>)
    return MG_F64;
  else
    return static_cast<mg_dtype>((std::is_signed_v<T> ? MG_I8 : MG_U8) +
                                 (sizeof(T) == 1   ? 0
                                  : sizeof(T) == 2 ? 1
                                  : sizeof(T) == 4 ? 2
                                                   : 3));
}

template <class T>
constexpr bool is_half = std::is_same_v<T, Half> || std::is_same_v<T, Brain>;
template <class T>
constexpr bool is_float = std::is_floating_point_v<T> || is_half<T>;

// Equal bits, or both NaN.
template <class T> bool same(T a, T b) {
  if constexpr (is_float<T>)
    if (std::isnan(double(widen(a))) || std::isnan(double(widen(b))))
      return std::isnan(double(widen(a))) && std::isnan(double(widen(b)));
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// Memory that ends where a page without access begins.
class Guarded {
  char *pages = nullptr;
  size_t length = 0;

public:
  char *data = nullptr;
  explicit Guarded(size_t bytes) {
    length = (bytes + 4095) / 4096 * 4096 + 4096;
    void *p = mmap(nullptr, length, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(p, MAP_FAILED);
    pages = static_cast<char *>(p);
    mprotect(pages + length - 4096, 4096, PROT_NONE);
    data = pages + length - 4096 - bytes;
    std::memset(data, 0xa5, bytes);
  }
  ~Guarded() { munmap(pages, length); }
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;
};

using Shape = std::vector<int64_t>;

inline int64_t product(const Shape &shape) {
  int64_t n = 1;
  for (int64_t s : shape)
    n *= s;
  return n;
}

inline std::vector<int64_t> row_major(const Shape &shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t k = shape.size(); k-- > 0; stride *= shape[k])
    strides[k] = stride;
  return strides;
}

enum Layout { kRowMajor, kTransposed, kNegative, kSpaced, kRepeated, kWindows };
constexpr Layout kLayouts[] = {kRowMajor, kTransposed, kNegative,
                               kSpaced,   kRepeated,   kWindows};

// A view of its own memory, which ends with the view's last element.
template <class T> struct Tensor {
  Shape shape;
  std::shared_ptr<Guarded> memory;
  mg_array view = {};

  explicit Tensor(Shape shape_, Layout layout = kRowMajor)
      : shape(std::move(shape_)) {
    const size_t rank = shape.size();
    std::vector<int64_t> strides = row_major(shape);
    if (layout == kTransposed) {
      const Shape reversed(shape.rbegin(), shape.rend());
      const auto other = row_major(reversed);
      for (size_t k = 0; k < rank; ++k)
        strides[k] = other[rank - 1 - k];
    }
    for (size_t k = 0; k < rank; ++k) {
      if (layout == kNegative && k % 2 == rank % 2)
        strides[k] = -strides[k];
      if (layout == kSpaced)
        strides[k] *= 3;
      if (layout == kRepeated && k % 2 == 0)
        strides[k] = 0;
      if (layout == kWindows)
        strides[k] = 1;
    }
    place(strides);
  }
  Tensor(Shape shape_, const std::vector<int64_t> &strides)
      : shape(std::move(shape_)) {
    place(strides);
  }

  void place(const std::vector<int64_t> &strides) {
    int64_t low = 0, high = 0;
    for (size_t k = 0; k < shape.size(); ++k) {
      const int64_t reach = (shape[k] - 1) * strides[k];
      (reach < 0 ? low : high) += reach;
    }
    const int64_t n = product(shape) == 0 ? 0 : high - low + 1;
    memory = std::make_shared<Guarded>(size_t(n) * sizeof(T));
    view.data = memory->data - low * int64_t(sizeof(T)) * (n > 0);
    view.dtype = dtype_of<T>();
    view.rank = int32_t(shape.size());
    for (size_t k = 0; k < shape.size(); ++k) {
      view.shape[k] = shape[k];
      view.strides[k] = strides[k];
    }
    elements = n;
  }

  int64_t elements = 0; // in memory
  T *begin() { return reinterpret_cast<T *>(memory->data); }
  T *end() { return begin() + elements; }
  int64_t count() const { return product(shape); }

  // Element i in row-major order.
  T &operator[](int64_t i) {
    int64_t offset = 0;
    for (size_t k = shape.size(); k-- > 0;) {
      offset += i % shape[k] * view.strides[k];
      i /= shape[k];
    }
    return static_cast<T *>(view.data)[offset];
  }
};

using Random = std::mt19937_64;

// Often a value that hurts, else an ordinary one.
template <class T> T random_value(Random &random) {
  const uint64_t bits = random();
  const bool special = bits % 4 == 0;
  if constexpr (std::is_same_v<T, Bool>) {
    return {uint8_t(bits >> 8 & 1)};
  } else if constexpr (is_float<T>) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    constexpr double specials[] = {
        0.0,    -0.0, inf,   -inf, NAN,  1.0,          -1.0,    0.5,   1e-40,
        -1e-40, 3e38, -3e38, 2.5,  -2.5, 2147483648.0, 65520.0, -128.5};
    const double ordinary = double(int64_t(random())) / 9223372036854775808.0 *
                            std::ldexp(1.0, int(bits >> 8 & 7));
    return narrow<T>(special ? specials[bits / 4 % std::size(specials)]
                             : ordinary);
  } else {
    const T specials[] = {T(0),
                          T(1),
                          T(-1),
                          std::numeric_limits<T>::min(),
                          std::numeric_limits<T>::max(),
                          T(sizeof(T) * 8)};
    return special ? specials[bits / 4 % std::size(specials)]
                   : T(bits >> (bits % 61));
  }
}

template <class T> void randomize(Tensor<T> &tensor, Random &random) {
  for (T &x : tensor)
    x = random_value<T>(random);
}
// Small whole numbers: sums and products of them are exact.
template <class T> void small_values(Tensor<T> &tensor, Random &random) {
  for (T &x : tensor)
    x = narrow<T>(double(int(random() % 7) - 3));
}

// Runs `test` with the kernels of every level that this machine has.
template <class F> void at_each_level(F test) {
  const struct {
    uint64_t mask;
    const char *name;
  } levels[] = {{MG_CPU_V2, "x86-64-v2"},
                {MG_CPU_V3, "x86-64-v3"},
                {MG_CPU_V4, "x86-64-v4"},
                {MG_CPU_ZNVER4, "znver4"}};
  mg_cpu_limit(~uint64_t(0));
  const uint64_t features = mg_cpu_features();
  for (const auto &level : levels) {
    if ((features & level.mask) != level.mask)
      continue;
    SCOPED_TRACE(level.name);
    mg_cpu_limit(level.mask | MG_CPU_KNOWN);
    test();
  }
  mg_cpu_limit(~uint64_t(0));
}

// A pool of three threads for comparisons with one.
inline mg_pool *three_threads() {
  static mg_pool *pool = mg_pool_create(3);
  return pool;
}

// The lengths around every vector width, and one that is several blocks.
inline std::vector<int64_t> lengths() {
  std::vector<int64_t> all;
  for (int64_t n = 0; n <= 3 * 64 + 1; n += n < 70 ? 1 : 7)
    all.push_back(n);
  all.insert(all.end(), {1023, 1024, 1025, 3000, 70001});
  return all;
}

inline std::vector<Shape> shapes() {
  return {{},         {1},           {0},       {5, 0, 3}, {7},
          {3, 70},    {70, 3},       {2, 3, 4}, {1, 5, 1}, {5, 1, 67},
          {9, 1, 11}, {2, 2, 2, 33}, {200, 13}};
}

} // namespace twin
#endif
