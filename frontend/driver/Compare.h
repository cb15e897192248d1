//===- Compare.h - how far is one array from another? ---------------------===//
#ifndef MG_FRONTEND_DRIVER_COMPARE_H
#define MG_FRONTEND_DRIVER_COMPARE_H

#include "frontend/eager/Array.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace mg::driver {

/// An element fits where |got - expected| <= absolute + relative * |expected|,
/// or where no more than `ulps` numbers of its dtype lie between. NaN fits NaN
/// and an infinity itself only. Integers and bools are always compared by
/// value. `exact`: equal bits (any NaN still fits any).
struct Tolerance {
  double absolute = 0, relative = 0, ulps = 0;
  bool exact = false;
};

/// What is asked of a dtype when the user does not say: about a thousand
/// roundings, for sums in another order.
Tolerance defaultTolerance(mg_dtype dtype);

/// The largest size of the finite elements.
double largestElement(const eager::Array &array);

/// The same, with errors measured by the largest element too: what a sum of
/// large numbers leaves of small ones is no fault of who computed it.
Tolerance toleranceFor(const eager::Array &expected);

struct Difference {
  /// The largest over all elements; infinite where a NaN or an infinity meets
  /// something else.
  double worstAbsolute = 0, worstRelative = 0, worstUlps = 0;
  /// Elements that do not fit, and the worst of them (row-major number).
  std::int64_t misfits = 0, worstIndex = 0;
  /// Why the two cannot be compared at all: other dtype, other shape.
  std::string mismatch;

  bool fits() const { return misfits == 0 && mismatch.empty(); }
};

Difference compare(const eager::Array &got, const eager::Array &expected,
                   const Tolerance &tolerance);

/// One line: "y: equal", "y: worst error ... at [0,3]: ...".
std::string describe(const std::string &name, const Difference &difference,
                     const eager::Array &got, const eager::Array &expected);

/// The same for programs; what is infinite is null.
nlohmann::json toJson(const Difference &difference);

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_COMPARE_H
