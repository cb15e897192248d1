//===- Measure.cpp - the largest error of a function at every CPU level ---===//
#include "tools/accuracy/Measure.h"

#include "minigrad/cpu.h"

#include <bit>
#include <cmath>
#include <limits>
#include <mutex>

using namespace mg::accuracy;

std::vector<Level> mg::accuracy::levels() {
  const std::pair<const char *, uint64_t> known[] = {{"x86-64-v2", MG_CPU_V2},
                                                     {"x86-64-v3", MG_CPU_V3},
                                                     {"x86-64-v4", MG_CPU_V4},
                                                     {"znver4", MG_CPU_ZNVER4}};
  mg_cpu_limit(~uint64_t(0));
  const uint64_t features = mg_cpu_features();
  std::vector<Level> found;
  for (auto [name, mask] : known) {
    if ((features & mask) != mask)
      break;
    mg_cpu_limit(mask);
    found.push_back({name, mg_kernels()});
  }
  mg_cpu_limit(~uint64_t(0));
  return found;
}

void Errors::add(const Errors &other) {
  if (!(other.worst <= worst)) {
    worst = other.worst;
    x = other.x;
    y = other.y;
  }
  if (wrongSpecials == 0) {
    wrongX = other.wrongX;
    wrongY = other.wrongY;
  }
  sum += other.sum;
  count += other.count;
  wrongSpecials += other.wrongSpecials;
}

namespace {

/// The exact value is value + rest. Its exponent is that of `value` unless the
/// rest says otherwise.
struct Exact {
  double value;
  /// In units of 2^(exponent - 52), or of the smallest denormal.
  double rest = 0;
  int exponent = std::numeric_limits<int>::max();
};

template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

/// Mixes a counter into 64 bits that look random (SplitMix64's finalizer).
uint64_t mix(uint64_t i) {
  i = (i + 1) * 0x9e3779b97f4a7c15;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9;
  i = (i ^ (i >> 27)) * 0x94d049bb133111eb;
  return i ^ (i >> 31);
}

template <class T> std::vector<T> specialValues() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {0,
                           Limits::denorm_min(),
                           3 * Limits::denorm_min(),
                           1,
                           T(0.5),
                           T(1.5),
                           2,
                           3,
                           4,
                           5,
                           T(0.1),
                           T(1e-5),
                           1e5,
                           T(0.625),
                           T(1 << 19),
                           Limits::min(),
                           Limits::max(),
                           Limits::epsilon(),
                           Limits::infinity(),
                           Limits::quiet_NaN()};
  for (double x : {M_PI_2, M_PI, M_PI_4, M_LN2, M_LN2 / 2, M_SQRT2, M_SQRT1_2})
    values.push_back(T(x));
  // Where results overflow or become denormal or zero.
  const double edges[] = {Limits::max_exponent * M_LN2,
                          Limits::min_exponent * M_LN2,
                          (Limits::min_exponent - Limits::digits) * M_LN2};
  for (double edge : edges)
    values.push_back(T(edge));
  // The double that is closest to a multiple of pi/2.
  values.push_back(T(0x1.6ac5b262ca1ffp+849));
  const size_t count = values.size();
  for (size_t i = 0; i < count; ++i) {
    values.push_back(std::nextafter(values[i], Limits::infinity()));
    values.push_back(std::nextafter(values[i], -Limits::infinity()));
  }
  const size_t positive = values.size();
  for (size_t i = 0; i < positive; ++i)
    values.push_back(-values[i]);
  return values;
}

/// Half of them any float at all, half in the range where most functions do
/// something.
template <class T> T randomValue(uint64_t i) {
  const uint64_t bits = mix(i);
  if (bits & 1)
    return std::bit_cast<T>(BitsOf<T>(mix(bits)));
  const T fraction = T(1) + T(bits >> 40) / T(1 << 24) +
                     T(bits >> 12 & 0xfffffff) * T(0x1p-52);
  const T magnitude = std::ldexp(fraction, int(bits >> 1 & 31) - 21);
  return bits >> 6 & 1 ? -magnitude : magnitude;
}

/// A second operand that makes pow(x, y) finite half the time.
template <class T> T partner(const Function &function, T x, uint64_t i) {
  const T y = randomValue<T>(~i);
  const T log = std::log2(std::fabs(x));
  if (function.name != "pow" || (i & 3) == 0 || !std::isfinite(log) || log == 0)
    return y;
  const T whole = T(mix(~i) % 2048) - 1024;
  const T reach = T(std::numeric_limits<T>::max_exponent + 24) / 1024;
  const T near = whole * reach / log;
  return i & 4 && x < 0 ? std::nearbyint(near) : near;
}

template <class T>
void run(const Function &function, const Level &level, const T *x, const T *y,
         T *out, size_t count) {
  const mg_math_loops *math = level.kernels->math;
  if (function.operands == 1)
    (sizeof(T) == 4 ? math->unary_f32 : math->unary_f64)[function.index](x, out,
                                                                         count);
  else
    (sizeof(T) == 4 ? math->binary_f32
                    : math->binary_f64)[function.index](x, y, out, count);
}

/// The error of `got` in ULP; infinity counts as the first power of two that
/// overflows. Negative where a special value is wrong.
template <class T> double judge(T got, Exact exact) {
  using Limits = std::numeric_limits<T>;
  constexpr double wrong = -1;
  if (std::isnan(exact.value) || std::isnan(got))
    return std::isnan(exact.value) && std::isnan(got) ? 0 : wrong;
  if (std::signbit(exact.value) != std::signbit(got))
    return wrong;
  if (exact.value == 0 || std::isinf(exact.value))
    return double(got) == exact.value ? 0 : wrong;
  const int exponent =
      std::max(std::min(exact.exponent, std::ilogb(exact.value)),
               Limits::min_exponent - 1);
  const int ulp = exponent - (Limits::digits - 1);
  if (std::isinf(got) && exponent >= Limits::max_exponent)
    return 0;
  // Large values are halved: 2^1024 is no number otherwise, and tiny ones would
  // lose a bit.
  const int halved = exponent > 0;
  const double value =
      std::isinf(got)
          ? std::copysign(std::ldexp(1.0, Limits::max_exponent - 1), got)
          : std::ldexp(double(got), -halved);
  const double difference = value - std::ldexp(exact.value, -halved);
  return std::fabs(std::ldexp(difference, halved - ulp) - exact.rest);
}

/// What judge says of most floats, for a loop without branches: the error of a
/// normal f32, or something that is not <= limit.
double quickError(float got, double exact) {
  const uint64_t bits = std::bit_cast<uint64_t>(exact) & 0x7ff0000000000000;
  const double perUlp = std::bit_cast<double>(
      ((uint64_t(1023 + 23 + 1023) << 52) - bits) & 0x7ff0000000000000);
  return std::fabs(double(got) - exact) * perUlp;
}

template <class T>
void judgeAll(Errors &errors, const T *x, const T *y, const T *got,
              const Exact *exact, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    double error;
    const double value = exact[i].value;
    if (sizeof(T) == 4 && std::fabs(value) > 0x1p-120 &&
        std::fabs(value) < 0x1p120 && std::fabs(got[i]) < 0x1p121f)
      error = std::signbit(value) == std::signbit(got[i])
                  ? quickError(got[i], value)
                  : -1;
    else
      error = judge(got[i], exact[i]);
    if (error < 0) {
      if (errors.wrongSpecials++ == 0) {
        errors.wrongX = x[i];
        errors.wrongY = y[i];
      }
      continue;
    }
    errors.sum += error;
    ++errors.count;
    if (error > errors.worst) {
      errors.worst = error;
      errors.x = x[i];
      errors.y = y[i];
    }
  }
}

/// 300 bits of everything: the exact value of f64 functions.
class Mpfr {
public:
  Mpfr() { mpfr_inits2(300, x, y, result, nullptr); }
  ~Mpfr() { mpfr_clears(x, y, result, nullptr); }
  Exact operator()(const Function &function, double a, double b) {
    mpfr_set_d(x, a, MPFR_RNDN);
    mpfr_set_d(y, b, MPFR_RNDN);
    function.inMpfr(result, x, y);
    // Away from zero: what is not 0 keeps its sign and does not become 0.
    Exact exact = {mpfr_get_d(result, MPFR_RNDA)};
    if (std::isfinite(exact.value) && exact.value != 0) {
      exact.exponent = int(mpfr_get_exp(result)) - 1;
      mpfr_sub_d(result, result, exact.value, MPFR_RNDN);
      mpfr_mul_2si(result, result, 52 - std::max(exact.exponent, -1022),
                   MPFR_RNDN);
      exact.rest = mpfr_get_d(result, MPFR_RNDN);
    }
    return exact;
  }

private:
  mpfr_t x, y, result;
};

constexpr size_t blockSize = 4096;

/// A task of the pool: the operands of one block, its exact values, and the
/// errors of every level.
template <class T, class Operands> struct Sweep {
  const Function &function;
  const std::vector<Level> &levels;
  /// Operands::operator()(i, x, y) for i in [0, count).
  Operands operands;
  uint64_t count;
  std::vector<Errors> errors;
  std::mutex mutex;

  void block(uint64_t number) {
    std::vector<T> x(blockSize), y(blockSize), got(blockSize);
    std::vector<Exact> exact(blockSize);
    const uint64_t begin = number * blockSize;
    const size_t size = std::min<uint64_t>(blockSize, count - begin);
    for (size_t i = 0; i < size; ++i)
      operands(begin + i, x[i], y[i]);
    if constexpr (sizeof(T) == 4) {
      for (size_t i = 0; i < size; ++i)
        exact[i] = {function.inDouble(x[i], y[i])};
    } else {
      Mpfr mpfr;
      for (size_t i = 0; i < size; ++i)
        exact[i] = mpfr(function, x[i], y[i]);
    }
    std::vector<Errors> here(levels.size());
    for (size_t level = 0; level < levels.size(); ++level) {
      run(function, levels[level], x.data(), y.data(), got.data(), size);
      judgeAll(here[level], x.data(), y.data(), got.data(), exact.data(), size);
    }
    const std::lock_guard lock(mutex);
    for (size_t level = 0; level < levels.size(); ++level)
      errors[level].add(here[level]);
  }

  std::vector<Errors> sweep(mg_pool *pool) {
    errors.resize(levels.size());
    mg_parallel_for(
        pool,
        [](void *self, int64_t number) {
          static_cast<Sweep *>(self)->block(uint64_t(number));
        },
        this, int64_t((count + blockSize - 1) / blockSize));
    return std::move(errors);
  }
};

/// Special values, or all pairs of them.
template <class T>
std::vector<Errors> sweepSpecials(const Function &function,
                                  const std::vector<Level> &levels,
                                  mg_pool *pool) {
  const std::vector<T> values = specialValues<T>();
  const uint64_t n = values.size();
  auto operands = [&values, n](uint64_t i, T &x, T &y) {
    x = values[i % n];
    y = values[i / n];
  };
  Sweep<T, decltype(operands)> sweep{
      function, levels, operands, function.operands == 1 ? n : n * n, {}, {}};
  return sweep.sweep(pool);
}

template <class T, class Operands>
std::vector<Errors> sweepAll(const Function &function,
                             const std::vector<Level> &levels,
                             Operands operands, uint64_t count, mg_pool *pool) {
  std::vector<Errors> errors = sweepSpecials<T>(function, levels, pool);
  Sweep<T, Operands> sweep{function, levels, operands, count, {}, {}};
  const std::vector<Errors> more = sweep.sweep(pool);
  for (size_t level = 0; level < levels.size(); ++level)
    errors[level].add(more[level]);
  return errors;
}

template <class T>
std::vector<Errors> sweepRandom(const Function &function,
                                const std::vector<Level> &levels,
                                uint64_t count, mg_pool *pool) {
  return sweepAll<T>(
      function, levels,
      [&function](uint64_t i, T &x, T &y) {
        x = randomValue<T>(i);
        y = function.operands == 2 ? partner(function, x, i) : T(0);
      },
      count, pool);
}

} // namespace

std::vector<Errors> mg::accuracy::measureF32(const Function &function,
                                             const std::vector<Level> &levels,
                                             uint64_t step, mg_pool *pool) {
  const uint64_t count = (uint64_t(1) << 32) / step;
  if (function.operands == 2)
    return sweepRandom<float>(function, levels, count, pool);
  return sweepAll<float>(
      function, levels,
      [step](uint64_t i, float &x, float &y) {
        x = std::bit_cast<float>(uint32_t(i * step + mix(i) % step));
        y = 0;
      },
      count, pool);
}

std::vector<Errors> mg::accuracy::measureF64(const Function &function,
                                             const std::vector<Level> &levels,
                                             uint64_t count, mg_pool *pool) {
  return sweepRandom<double>(function, levels, count, pool);
}
