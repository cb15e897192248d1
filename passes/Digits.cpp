//===- Digits.cpp - Index arithmetic over mixed-radix digits --------------===//

#include "passes/Digits.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace mlir::mg;

using Form = DigitSpace::Form;

DigitSpace::DigitSpace(ArrayRef<int64_t> extents) {
  for (auto [axis, size] : llvm::enumerate(extents))
    digits.push_back({static_cast<unsigned>(axis), size});
}

Form DigitSpace::add(LinearForm form) {
  form.factors.resize(digits.size(), 0);
  forms.push_back(std::move(form));
  return forms.size() - 1;
}

Form DigitSpace::addConstant(int64_t constant) { return add({constant, {}}); }

Form DigitSpace::addAxis(unsigned axis) {
  LinearForm form;
  form.factors.assign(digits.size(), 0);
  int64_t factor = 1;
  for (size_t d = digits.size(); d-- > 0;)
    if (digits[d].axis == axis) {
      form.factors[d] = factor;
      factor *= digits[d].size;
    }
  return add(std::move(form));
}

Form DigitSpace::addSum(ArrayRef<Form> parts, ArrayRef<int64_t> factors,
                        int64_t constant) {
  LinearForm sum;
  sum.constant = constant;
  sum.factors.assign(digits.size(), 0);
  for (auto [part, factor] : llvm::zip_equal(parts, factors)) {
    sum.constant += factor * forms[part].constant;
    for (size_t d = 0; d < digits.size(); ++d)
      sum.factors[d] += factor * forms[part].factors[d];
  }
  return add(std::move(sum));
}

Form DigitSpace::addLinearized(ArrayRef<Form> index, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> strides(sizes.size());
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0; stride *= sizes[i])
    strides[i] = stride;
  return addSum(index, strides);
}

std::pair<int64_t, int64_t> DigitSpace::rangeOf(Form form) const {
  int64_t lo = forms[form].constant, hi = lo;
  for (auto [digit, factor] : llvm::zip(digits, forms[form].factors))
    (factor < 0 ? lo : hi) += factor * (digit.size - 1);
  return {lo, hi};
}

void DigitSpace::split(unsigned digit, int64_t inner) {
  Digit &outer = digits[digit];
  assert(inner > 0 && outer.size % inner == 0);
  outer.size /= inner;
  const unsigned axis = outer.axis;
  digits.insert(digits.begin() + digit + 1, {axis, inner});
  for (LinearForm &form : forms) {
    form.factors.insert(form.factors.begin() + digit + 1, form.factors[digit]);
    form.factors[digit] *= inner;
  }
}

bool DigitSpace::canJoin(unsigned digit, ArrayRef<Form> wanted) const {
  return digits[digit].axis == digits[digit + 1].axis &&
         llvm::all_of(wanted, [&](Form form) {
           ArrayRef<int64_t> factors = forms[form].factors;
           return factors[digit] == factors[digit + 1] * digits[digit + 1].size;
         });
}

void DigitSpace::join(unsigned digit) {
  digits[digit].size *= digits[digit + 1].size;
  digits.erase(digits.begin() + digit + 1);
  for (LinearForm &form : forms)
    form.factors.erase(form.factors.begin() + digit);
}

//===----------------------------------------------------------------------===//
// Division
//===----------------------------------------------------------------------===//

/// What is left of `factor` after the nearest multiple of `divisor`.
static int64_t nearestRest(int64_t factor, int64_t divisor) {
  int64_t rest = factor - llvm::divideFloorSigned(factor, divisor) * divisor;
  return rest > divisor / 2 ? rest - divisor : rest;
}

/// With the digits as they are.
std::optional<std::pair<Form, Form>> DigitSpace::divideWhole(Form form,
                                                             int64_t divisor) {
  LinearForm rest, quotient;
  SmallVector<unsigned> ambiguous; // digits of one step, which may go both ways
  for (auto [d, factor] : llvm::enumerate(forms[form].factors)) {
    rest.factors.push_back(nearestRest(factor, divisor));
    if (rest.factors.back() != 0 && digits[d].size == 2)
      ambiguous.push_back(d);
  }
  constexpr size_t maxAmbiguous = 6;
  if (ambiguous.size() > maxAmbiguous)
    ambiguous.resize(maxAmbiguous);
  for (unsigned choice = 0; choice < 1u << ambiguous.size(); ++choice) {
    LinearForm tried = rest;
    for (auto [bit, d] : llvm::enumerate(ambiguous))
      if (choice >> bit & 1)
        tried.factors[d] += tried.factors[d] < 0 ? divisor : -divisor;
    int64_t lo = forms[form].constant, hi = lo;
    for (auto [digit, factor] : llvm::zip(digits, tried.factors))
      (factor < 0 ? lo : hi) += factor * (digit.size - 1);
    const int64_t multiple = llvm::divideFloorSigned(lo, divisor);
    if (multiple != llvm::divideFloorSigned(hi, divisor))
      continue;
    quotient.constant = multiple;
    for (auto [factor, left] : llvm::zip(forms[form].factors, tried.factors))
      quotient.factors.push_back((factor - left) / divisor);
    tried.constant = forms[form].constant - multiple * divisor;
    const Form first = add(std::move(quotient));
    return std::pair(first, add(std::move(tried)));
  }
  return std::nullopt;
}

/// Radices that a digit may be split by; `first` leads where it is one.
static SmallVector<int64_t> innerRadices(int64_t size, int64_t first) {
  SmallVector<int64_t> radices;
  for (int64_t k = 2; k * k <= size; ++k)
    if (size % k == 0) {
      radices.push_back(k);
      if (k * k != size)
        radices.push_back(size / k);
    }
  llvm::sort(radices);
  if (auto *at = llvm::find(radices, first); at != radices.end())
    std::rotate(radices.begin(), at, at + 1);
  return radices;
}

struct DigitSpace::Search {
  Form form;
  int64_t divisor;
  /// Divisions that may still be tried.
  int budget;
  std::optional<std::pair<Form, Form>> found = {};
};

bool DigitSpace::search(Search &state, unsigned depth) {
  if (state.budget-- <= 0)
    return false;
  state.found = divideWhole(state.form, state.divisor);
  if (state.found)
    return true;
  if (depth == 0)
    return false;
  // The digits that go farthest past a multiple first.
  SmallVector<std::pair<int64_t, unsigned>> candidates; // -distance, digit
  for (auto [d, factor] : llvm::enumerate(forms[state.form].factors))
    if (int64_t rest = nearestRest(factor, state.divisor))
      candidates.push_back({-std::abs(rest) * (digits[d].size - 1), d});
  llvm::sort(candidates);
  for (auto [distance, d] : candidates) {
    const int64_t factor = std::abs(forms[state.form].factors[d]);
    for (int64_t inner : innerRadices(
             digits[d].size, state.divisor / std::gcd(factor, state.divisor))) {
      DigitSpace tried = *this;
      tried.split(d, inner);
      if (tried.search(state, depth - 1)) {
        *this = std::move(tried);
        return true;
      }
    }
  }
  return false;
}

std::optional<std::pair<Form, Form>>
DigitSpace::divide(Form form, int64_t divisor, bool maySplit) {
  constexpr int maxTrials = 200;
  constexpr unsigned maxSplits = 3;
  Search state{form, divisor, maxTrials};
  search(state, maySplit ? maxSplits : 0);
  return state.found;
}

std::optional<SmallVector<Form>>
DigitSpace::delinearize(Form number, ArrayRef<int64_t> sizes, bool maySplit) {
  DigitSpace tried = *this;
  SmallVector<Form> index(sizes.size());
  Form rest = number;
  int64_t outside = std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                                    std::multiplies<>());
  for (size_t i = sizes.size(); i-- > 0;) {
    outside /= sizes[i];
    if (sizes[i] == 1) {
      index[i] = tried.addConstant(0);
    } else if (outside == 1) { // all that is left
      index[i] = rest;
      rest = tried.addConstant(0);
    } else {
      auto parts = tried.divide(rest, sizes[i], maySplit);
      if (!parts)
        return std::nullopt;
      std::tie(rest, index[i]) = *parts;
    }
  }
  *this = std::move(tried);
  return index;
}

SmallVector<Run> View::runs() const {
  SmallVector<Run> runs;
  for (auto [digit, stride] :
       llvm::zip(space.getDigits(), space[offset].factors)) {
    if (digit.size == 1)
      continue;
    if (!runs.empty() && runs.back().stride == stride * digit.size)
      runs.back() = {runs.back().size * digit.size, stride};
    else
      runs.push_back({digit.size, stride});
  }
  return runs;
}
