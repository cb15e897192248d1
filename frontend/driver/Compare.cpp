//===- Compare.cpp - how far is one array from another? -------------------===//
#include "frontend/driver/Compare.h"

#include "frontend/driver/Elements.h"
#include "frontend/driver/Values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace mg::driver {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <std::size_t Size>
using Bits = std::conditional_t<
    Size == 2, std::int16_t,
    std::conditional_t<Size == 4, std::int32_t, std::int64_t>>;

/// The numbers of a float type in their order: neighbours are 1 apart, and
/// both zeros are 0.
template <class T> double rank(T value) {
  auto bits = std::bit_cast<Bits<sizeof(T)>>(value);
  auto lowest = std::numeric_limits<Bits<sizeof(T)>>::min();
  return bits < 0 ? static_cast<double>(lowest) - static_cast<double>(bits)
                  : static_cast<double>(bits);
}

struct Distance {
  double absolute = 0, relative = 0, ulps = 0;
};

/// Any number to a double; differences of 64-bit integers are taken before.
template <class T> Distance distance(T got, T expected) {
  Distance result;
  if constexpr (isFloat<T>) {
    auto a = static_cast<double>(got), b = static_cast<double>(expected);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      return result;
    if (!std::isfinite(a) || !std::isfinite(b))
      return {infinity, infinity, infinity};
    result.absolute = std::abs(a - b);
    result.relative = b == 0 ? infinity : result.absolute / std::abs(b);
    result.ulps = std::abs(rank(got) - rank(expected));
  } else if (got != expected) {
    result.absolute =
        got > expected
            ? static_cast<double>(got) - static_cast<double>(expected)
            : static_cast<double>(expected) - static_cast<double>(got);
    // Neighbours above 2^53 have the same double.
    result.absolute = std::max(result.absolute, 1.0);
    result.relative = result.absolute /
                      std::max(1.0, std::abs(static_cast<double>(expected)));
    result.ulps = result.absolute;
  }
  return result;
}

template <class T> bool sameBits(T a, T b) {
  if constexpr (isFloat<T>)
    if (std::isnan(static_cast<float>(a)) && std::isnan(static_cast<float>(b)))
      return true;
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
bool fits(T got, T expected, const Distance &distance,
          const Tolerance &tolerance) {
  if (sameBits(got, expected))
    return true;
  if (tolerance.exact || !isFloat<T>)
    return false;
  if (distance.absolute == 0)
    return true;
  if (distance.absolute == infinity)
    return false;
  return distance.absolute <=
             tolerance.absolute +
                 tolerance.relative * std::abs(static_cast<double>(expected)) ||
         distance.ulps <= tolerance.ulps;
}

} // namespace

Tolerance defaultTolerance(mg_dtype dtype) {
  double epsilon = dtype == MG_F64    ? 0x1p-52
                   : dtype == MG_F32  ? 0x1p-23
                   : dtype == MG_F16  ? 0x1p-10
                   : dtype == MG_BF16 ? 0x1p-7
                                      : 0;
  // Half types accumulate in f32 and round once.
  double roundings = dtype == MG_F16 || dtype == MG_BF16 ? 2 : 100;
  return {roundings * epsilon, roundings * epsilon, 0, false};
}

double largestElement(const eager::Array &array) {
  double largest = 0;
  const eager::Array rows = eager::rowMajor(array);
  withElement(rows.view.dtype, [&](auto element) {
    using T = decltype(element);
    const auto *values = static_cast<const T *>(rows.view.data);
    for (std::int64_t i = 0; i < rows.size(); ++i) {
      const double size = std::abs(static_cast<double>(values[i]));
      if (std::isfinite(size))
        largest = std::max(largest, size);
    }
  });
  return largest;
}

Tolerance toleranceFor(const eager::Array &expected) {
  Tolerance tolerance = defaultTolerance(expected.view.dtype);
  tolerance.absolute = std::max(tolerance.absolute,
                                tolerance.relative * largestElement(expected));
  return tolerance;
}

Difference compare(const eager::Array &got, const eager::Array &expected,
                   const Tolerance &tolerance) {
  Difference result;
  std::string gotType = formatType(got.view.dtype, got.shape()),
              type = formatType(expected.view.dtype, expected.shape());
  if (gotType != type) {
    result.mismatch = fmt::format("{} where {} is expected", gotType, type);
    return result;
  }
  eager::Array a = eager::rowMajor(got), b = eager::rowMajor(expected);
  withElement(a.view.dtype, [&](auto element) {
    using T = decltype(element);
    const T *x = static_cast<const T *>(a.view.data),
            *y = static_cast<const T *>(b.view.data);
    double worst = -1;
    for (std::int64_t i = 0; i < a.size(); ++i) {
      Distance d = distance(x[i], y[i]);
      bool misfit = !fits(x[i], y[i], d, tolerance);
      result.misfits += misfit;
      result.worstRelative = std::max(result.worstRelative, d.relative);
      result.worstUlps = std::max(result.worstUlps, d.ulps);
      result.worstAbsolute = std::max(result.worstAbsolute, d.absolute);
      // Misfits go before all that fits.
      double badness = misfit ? d.absolute + 1e300 : d.absolute;
      if (badness > worst) {
        worst = badness;
        result.worstIndex = i;
      }
    }
  });
  return result;
}

std::string describe(const std::string &name, const Difference &difference,
                     const eager::Array &got, const eager::Array &expected) {
  if (!difference.mismatch.empty())
    return fmt::format("{}: differs: {}", name, difference.mismatch);
  if (difference.fits() && difference.worstAbsolute == 0)
    return fmt::format("{}: equal", name);
  std::vector<std::int64_t> index;
  std::int64_t rest = difference.worstIndex;
  for (std::size_t d = got.shape().size(); d-- > 0;) {
    index.insert(index.begin(), rest % got.shape()[d]);
    rest /= got.shape()[d];
  }
  std::string verdict = difference.fits()
                            ? "close"
                            : fmt::format("differs in {} of {} elements",
                                          difference.misfits, got.size());
  return fmt::format(
      "{}: {}: worst error {:.3g} absolute, {:.3g} relative, {:.0f} ulp; at "
      "[{}] {} where {} is expected",
      name, verdict, difference.worstAbsolute, difference.worstRelative,
      difference.worstUlps, fmt::join(index, ","),
      formatElement(eager::rowMajor(got), difference.worstIndex),
      formatElement(eager::rowMajor(expected), difference.worstIndex));
}

nlohmann::json toJson(const Difference &difference) {
  auto finite = [](double value) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
  };
  return {{"fits", difference.fits()},
          {"worst_absolute", finite(difference.worstAbsolute)},
          {"worst_relative", finite(difference.worstRelative)},
          {"worst_ulp", finite(difference.worstUlps)}};
}

} // namespace mg::driver
