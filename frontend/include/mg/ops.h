// The ops, with NumPy's and JAX's names. Every one takes `Arg`, so the user's
// line comes with its first operand and no signature needs a location.
//
// Operands are promoted and broadcast as in NumPy 2 and JAX (docs/promotion.md)
// and nothing else happens behind the user's back. An axis may be negative.
#pragma once
#include <string_view>

#include "mg/index.h"

namespace mg {

// Elementwise, two operands. `/` is true division: integers become f32.
Tensor operator+(Arg a, Arg b);
Tensor operator-(Arg a, Arg b);
Tensor operator*(Arg a, Arg b);
Tensor operator/(Arg a, Arg b);
/// The remainder with the sign of the divisor, as in NumPy.
Tensor operator%(Arg a, Arg b);
Tensor operator&(Arg a, Arg b);
Tensor operator|(Arg a, Arg b);
Tensor operator^(Arg a, Arg b);
Tensor operator<<(Arg a, Arg b);
/// Arithmetic for signed integers, logical for unsigned ones.
Tensor operator>>(Arg a, Arg b);
Tensor operator==(Arg a, Arg b);
Tensor operator!=(Arg a, Arg b);
Tensor operator<(Arg a, Arg b);
Tensor operator>(Arg a, Arg b);
Tensor operator<=(Arg a, Arg b);
Tensor operator>=(Arg a, Arg b);
Tensor operator-(Arg x);
/// x == 0; of a b1 the other one. (Not of an Arg, which C++ would find no
/// better than `bool`: its line is that of its operand.)
Tensor operator!(const Tensor &x);
/// The bits turned.
Tensor operator~(Arg x);

/// Rounded toward minus infinity; x / 0 of integers is -1.
Tensor floor_divide(Arg a, Arg b);
/// Rounded toward zero, as in C; x / 0 of integers is -1.
Tensor truncate_divide(Arg a, Arg b);
/// The remainder with the sign of the dividend, as in C.
Tensor fmod(Arg a, Arg b);
/// NaN where either is NaN, as minimum.
Tensor maximum(Arg a, Arg b);
Tensor minimum(Arg a, Arg b);
/// A small whole number as exponent becomes multiplications. Of integers the
/// product wraps; a negative exponent's power is rounded toward zero.
Tensor pow(Arg a, Arg b);
Tensor atan2(Arg y, Arg x);
Tensor logical_and(Arg a, Arg b);
Tensor logical_or(Arg a, Arg b);
Tensor logical_xor(Arg a, Arg b);

// Elementwise, one operand; integers become f32 where the result is no integer.
Tensor exp(Arg x);
Tensor log(Arg x);
Tensor log1p(Arg x);
Tensor expm1(Arg x);
Tensor sqrt(Arg x);
Tensor rsqrt(Arg x);
Tensor sin(Arg x);
Tensor cos(Arg x);
Tensor tan(Arg x);
Tensor tanh(Arg x);
Tensor atan(Arg x);
Tensor erf(Arg x);
Tensor sigmoid(Arg x);
Tensor sign(Arg x);
Tensor abs(Arg x);
Tensor floor(Arg x);
Tensor ceil(Arg x);
/// To the nearest, ties to even.
Tensor round(Arg x);
Tensor trunc(Arg x);
Tensor square(Arg x);
Tensor reciprocal(Arg x);
Tensor isnan(Arg x);
Tensor isinf(Arg x);
Tensor isfinite(Arg x);

/// condition ? a : b; the condition is b1.
Tensor where(Arg condition, Arg a, Arg b);
/// min(max(x, low), high).
Tensor clip(Arg x, Arg low, Arg high);

enum class Rounding : std::uint8_t { truncate, nearest };
/// Floats become integers clamped to their range, NaN 0; integers wrap; b1 is
/// x != 0.
Tensor astype(Arg x, DType dtype, Rounding rounding = Rounding::truncate);
/// As astype, and integers are clamped too.
Tensor saturate(Arg x, DType dtype);
/// The same bits as another dtype of the same size.
Tensor bitcast(Arg x, DType dtype);

// Reductions over `axes`, which disappear or stay with size 1 (`keep`). Sums
// and products of b1 and of integers below 32 bits are of i32 or u32.
Tensor sum(Arg x, Axes axes = {}, bool keep = false);
Tensor prod(Arg x, Axes axes = {}, bool keep = false);
Tensor max(Arg x, Axes axes = {}, bool keep = false);
Tensor min(Arg x, Axes axes = {}, bool keep = false);
Tensor any(Arg x, Axes axes = {}, bool keep = false);
// `all(x)` is the object `mg::all` of index.h.
Tensor mean(Arg x, Axes axes = {}, bool keep = false);
/// The mean squared deviation; divided by n - ddof.
Tensor var(Arg x, Axes axes = {}, bool keep = false, int ddof = 0);
Tensor std(Arg x, Axes axes = {}, bool keep = false, int ddof = 0);
/// The first index of the extreme, i32; a NaN is the extreme of both.
Tensor argmax(Arg x, int axis, bool keep = false);
Tensor argmin(Arg x, int axis, bool keep = false);

enum class Scan : std::uint8_t { inclusive, exclusive };
Tensor cumsum(Arg x, int axis, Scan scan = Scan::inclusive,
              bool reverse = false);
Tensor cumprod(Arg x, int axis, Scan scan = Scan::inclusive,
               bool reverse = false);
Tensor cummax(Arg x, int axis, bool reverse = false);
Tensor cummin(Arg x, int axis, bool reverse = false);

// Order. NaN counts as the largest; equal elements keep their order.
Tensor sort(Arg x, int axis = -1, bool descending = false);
/// i32.
Tensor argsort(Arg x, int axis = -1, bool descending = false);
struct TopK {
  Tensor values, indices; // indices are i32
};
/// The k largest (or smallest) along `axis`, the best first.
TopK topk(Arg x, std::int64_t k, int axis = -1, bool largest = true);

// Contractions. The accumulator is f32 for f16, bf16 and f32.
/// (..,m,k) x (..,k,n) -> (..,m,n), the leading dimensions broadcast; a vector
/// on either side as in NumPy.
Tensor matmul(Arg a, Arg b);
struct DotDims {
  std::vector<int> lhs_contract = {}, rhs_contract = {};
  std::vector<int> lhs_batch = {}, rhs_batch = {};
};
/// (batch.., lhs free.., rhs free..).
Tensor dot_general(Arg a, Arg b, const DotDims &dims);
/// Over the last `axes` of a and the first of b, as NumPy.
Tensor tensordot(Arg a, Arg b, int axes = 2);
/// "bij,bjk->bik", "ii", "...i,i->...": any subscripts over one or more
/// operands, contracted from the left.
Tensor einsum(std::string_view subscripts, const std::vector<Arg> &operands);
Tensor einsum(std::string_view subscripts, Arg a);
Tensor einsum(std::string_view subscripts, Arg a, Arg b);
Tensor einsum(std::string_view subscripts, Arg a, Arg b, Arg c);

struct ConvOptions {
  Shape strides = {}; // empty: 1 for each spatial dimension
  Shape low = {}, high = {};
  Shape lhs_dilation = {}, rhs_dilation = {};
  std::int64_t groups = 1;
};
/// x (n, c, spatial..), w (o, c / groups, spatial..) -> (n, o, spatial..).
Tensor conv(Arg x, Arg w, const ConvOptions &options = {});

// Shape. Views (reshape where strides can say it, transpose, broadcast, slices,
// flip, windows, diagonal) copy nothing.
/// One size may be -1.
Tensor reshape(Arg x, Shape shape);
/// No permutation given: reversed.
Tensor transpose(Arg x, std::vector<int> permutation = {});
Tensor swapaxes(Arg x, int a, int b);
Tensor moveaxis(Arg x, int from, int to);
Tensor broadcast_to(Arg x, Shape shape);
/// Without the dimensions of size 1 (all of them, or those named).
Tensor squeeze(Arg x, Axes axes = {});
Tensor expand_dims(Arg x, Axes axes);
Tensor ravel(Arg x);
Tensor flip(Arg x, Axes axes = {});
Tensor diagonal(Arg x, int axis1 = 0, int axis2 = 1);
struct Window {
  std::vector<int> axes;
  Shape size;
  Shape stride = {}, dilation = {}; // empty: 1
};
/// Overlapping windows, their dimensions appended in the order of `axes`.
Tensor unfold(Arg x, const Window &window);
/// The adjoint of unfold: each element of `shape` is the sum of the window
/// entries that show it.
Tensor fold(Arg x, const Window &window, Shape shape);
/// The elements one after the other in memory.
Tensor contiguous(Arg x);

// Movement.
/// `low` and `high` may be negative (crop).
Tensor pad(Arg x, Shape low, Shape high, Arg value = 0, Shape interior = {});
Tensor concat(const std::vector<Tensor> &parts, int axis = 0,
              Where where = Where::current());
Tensor stack(const std::vector<Tensor> &parts, int axis = 0,
             Where where = Where::current());
/// Equal parts.
std::vector<Tensor> split(Arg x, int parts, int axis = 0);
Tensor tile(Arg x, Shape repeats);
Tensor repeat(Arg x, std::int64_t count, int axis);
Tensor roll(Arg x, std::int64_t shift, int axis);
/// 0 above (below) the k-th diagonal of the last two dimensions.
Tensor tril(Arg x, int k = 0);
Tensor triu(Arg x, int k = 0);
/// A slice of fixed size whose start (one integer per dimension) is computed,
/// and clamped so that the slice lies inside.
Tensor dynamic_slice(Arg x, Arg start, Shape size);
Tensor dynamic_update_slice(Arg x, Arg update, Arg start);
/// x with `indices` in place of `axis`; a negative index counts from the end.
Tensor take(Arg x, Arg indices, int axis = 0);
/// One index per element, as NumPy: shapes equal but for `axis`.
Tensor take_along_axis(Arg x, Arg indices, int axis);

// Sources.
Tensor full(Shape shape, Number value, DType dtype,
            Where where = Where::current());
Tensor full(Shape shape, Number value, Where where = Where::current());
Tensor zeros(Shape shape, DType dtype = DType::f32,
             Where where = Where::current());
Tensor ones(Shape shape, DType dtype = DType::f32,
            Where where = Where::current());
Tensor full_like(Arg x, Number value);
Tensor zeros_like(Arg x);
Tensor ones_like(Arg x);
/// The index along `axis` at every place.
Tensor iota(Shape shape, int axis, DType dtype = DType::i32,
            Where where = Where::current());
/// start, start + step, .. below stop: i32 for whole numbers, else f32.
Tensor arange(Number stop, Where where = Where::current());
Tensor arange(Number start, Number stop, Number step = 1,
              Where where = Where::current());
/// `count` numbers from start to stop, both included, f32.
Tensor linspace(double start, double stop, std::int64_t count,
                Where where = Where::current());
Tensor eye(std::int64_t n, DType dtype = DType::f32,
           Where where = Where::current());

/// The dtype that two operands meet at, and where a number meets a tensor.
DType promote(DType a, DType b);
DType promote(DType a, Number::Kind b);

} // namespace mg
