//===- Digits.h - Index arithmetic over mixed-radix digits ------*- C++ -*-===//
//
// Plain structs, no IR: what a chain of views reads, as a linear form.
//
//===----------------------------------------------------------------------===//

#ifndef MG_PASSES_DIGITS_H
#define MG_PASSES_DIGITS_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace mlir::mg {

/// c + sum of factors[d] * digit d.
struct LinearForm {
  int64_t constant = 0;
  SmallVector<int64_t> factors;
};

/// The algebra of views.
///
/// A view renames elements: element (i, j, ..) of its result is some element of
/// its operand. Transposes, broadcasts, slices, reversals, windows and
/// diagonals say which by a linear function of the index, so a chain of them is
/// one linear function, and whoever reads the end of the chain can read its
/// beginning. Only a reshape is not linear. Element i of
///
///   reshape(transpose(x : 4x6) : 6x4) : 24
///
/// lies in row i mod 4 and column i floordiv 4 of x. But a loop over i may be
/// written as two, i = 4 * a + b with a < 6 and b < 4: then a = i floordiv 4
/// and b = i mod 4 are loops, x is read at (b, a), and nothing needs a copy.
/// That is all there is to it: an index is a number, a loop counts it in
/// digits, the last digit fastest, and the radices of the digits are ours to
/// choose.
///
/// So a DigitSpace has axes (the loops of a reader, or the dimensions of a
/// view), each counted by one digit or more, outermost first. A Form in it is a
/// number that is linear in the digits: an index, or an offset in memory.
/// Splitting a digit rewrites all forms; nothing that a form says changes.
///
/// A reshape from sizes (.., n1, n0) is: the result's index as one number f,
/// which is linear, then f's digits in the radices n: f mod n0, f floordiv n0
/// and so on. `divide` finds quotient and remainder as forms. It cuts each
/// factor c of f into c = n * q + r. If what the r's sum to always stays within
/// one multiple of n, the sum of the q's is the quotient and that of the r's
/// the remainder. The r nearest to zero is the one that can: two steps of any
/// other leave the multiple; but a digit of size 2 makes a single step, so for
/// it both neighbours are tried. (This is how diagonals, c = n + 1 or n - 1,
/// and reversals, c < 0, get through.) If the sum leaves the multiple, a digit
/// is split and all begins anew: for i above, by 4, the digit of 24 is split
/// into 6 and 4, whose factors are then 4 and 1. The radices to try are the
/// divisors of the digit's size. If none does it, no loops with these extents
/// can say the view.
///
/// What strides merge needs no digits: 24 elements that lie evenly in memory
/// are read by one loop however often they were reshaped. So a reshape asks for
/// the digits of `runsOf` its operand: neighbours (outer, inner) whose strides
/// fit, outer = inner stride * inner size, are one run. A later transpose
/// back may so undo what an earlier reshape cut, and no digit is ever split for
/// a boundary that memory does not have.
///
/// The class of views that this promises to resolve: those whose table of
/// offsets is, axis by axis, a linear function of the digits of the index in
/// some mixed radix system (one system per axis). A test enumerates tables and
/// all their systems by brute force, and finds the same.
class DigitSpace {
public:
  struct Digit {
    unsigned axis;
    int64_t size;
  };
  /// Names a form of the space; stays valid when digits are split.
  using Form = unsigned;

  DigitSpace() = default;
  /// One digit per axis.
  explicit DigitSpace(ArrayRef<int64_t> extents);

  ArrayRef<Digit> getDigits() const { return digits; }
  const LinearForm &operator[](Form form) const { return forms[form]; }

  Form add(LinearForm form);
  Form addConstant(int64_t constant);
  /// The index along an axis.
  Form addAxis(unsigned axis);
  /// constant + sum of factors[i] * parts[i].
  Form addSum(ArrayRef<Form> parts, ArrayRef<int64_t> factors,
              int64_t constant = 0);
  /// An index of a tensor of `sizes` as one row-major number.
  Form addLinearized(ArrayRef<Form> index, ArrayRef<int64_t> sizes);

  /// The smallest and the largest value of a form.
  std::pair<int64_t, int64_t> rangeOf(Form form) const;

  /// Counts `digit` in two digits, of which the inner one has size `inner`.
  void split(unsigned digit, int64_t inner);
  /// Joins `digit` and the one inside it, of the same axis.
  void join(unsigned digit);
  /// Whether every one of `wanted` is linear in the joined digit, too.
  bool canJoin(unsigned digit, ArrayRef<Form> wanted) const;

  /// Quotient and remainder, splitting digits where that is needed and allowed.
  std::optional<std::pair<Form, Form>> divide(Form form, int64_t divisor,
                                              bool maySplit = true);
  /// The index in a tensor of `sizes` of the element that is `number` in row-
  /// major order. Leaves the space as it was where it fails.
  std::optional<SmallVector<Form>>
  delinearize(Form number, ArrayRef<int64_t> sizes, bool maySplit = true);

private:
  struct Search;
  std::optional<std::pair<Form, Form>> divideWhole(Form form, int64_t divisor);
  bool search(Search &state, unsigned depth);

  SmallVector<Digit> digits;
  SmallVector<LinearForm> forms;
};

/// Elements that lie `stride` apart.
struct Run {
  int64_t size, stride;
  bool operator==(const Run &) const = default;
};

/// What a tensor of a space's axes reads: at `offset`, which is a form.
struct View {
  DigitSpace space;
  DigitSpace::Form offset = 0;

  /// The fewest runs that read it in row-major order, outermost first.
  SmallVector<Run> runs() const;
};

} // namespace mlir::mg

#endif // MG_PASSES_DIGITS_H
