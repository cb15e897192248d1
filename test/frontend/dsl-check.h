// What the DSL's tests share: comparing tensors with numbers, and reading the
// text of an mg::Error.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "mg/mg.h"

/// The elements, within a tolerance relative to 1 + their size.
inline testing::AssertionResult
near(const mg::Tensor &t, const std::vector<double> &want, double tolerance) {
  const std::vector<double> got = t.to_vector<double>();
  bool ok = got.size() == want.size();
  for (std::size_t i = 0; ok && i < got.size(); ++i)
    ok = got[i] == want[i] || (std::isnan(got[i]) && std::isnan(want[i])) ||
         std::fabs(got[i] - want[i]) <= tolerance * (1 + std::fabs(want[i]));
  if (ok)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "got " << t;
}
inline testing::AssertionResult is(const mg::Tensor &t,
                                   const std::vector<double> &want) {
  return near(t, want, 1e-5);
}
inline testing::AssertionResult is(const mg::Tensor &t, const mg::Shape &shape,
                                   const std::vector<double> &want) {
  if (t.shape() != shape)
    return testing::AssertionFailure() << "got " << t;
  return is(t, want);
}

/// The text of the error that f throws, the directories cut off.
template <class F> std::string error_of(F f) {
  try {
    f();
  } catch (const mg::Error &e) {
    return e.what();
  }
  return "no error";
}
inline testing::AssertionResult has(const std::string &text,
                                    const std::string &part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << text;
}
