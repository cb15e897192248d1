// Elementwise ops and reductions of f32 and f64 that are correctly rounded by
// one instruction or a few. f16 and bf16 come here as f32.
#include "runtime/kernels/lookup.h"
#include "runtime/kernels/map.h"

#include <type_traits>

namespace mg::runtime {
namespace {

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
template <class T> Bits<T> to_bits(T x) {
  return __builtin_bit_cast(Bits<T>, x);
}
template <class T> T from_bits(Bits<T> x) { return __builtin_bit_cast(T, x); }

struct Neg {
  template <class T> T operator()(T x) const { return -x; }
};
struct Abs {
  float operator()(float x) const { return __builtin_fabsf(x); }
  double operator()(double x) const { return __builtin_fabs(x); }
};
// Zeros and NaN stay what they are.
struct Sign {
  template <class T> T operator()(T x) const {
    return x > 0 ? T(1) : x < 0 ? T(-1) : x;
  }
};
struct Floor {
  float operator()(float x) const { return __builtin_floorf(x); }
  double operator()(double x) const { return __builtin_floor(x); }
};
struct Ceil {
  float operator()(float x) const { return __builtin_ceilf(x); }
  double operator()(double x) const { return __builtin_ceil(x); }
};
struct RoundEven {
  float operator()(float x) const { return __builtin_roundevenf(x); }
  double operator()(double x) const { return __builtin_roundeven(x); }
};
struct Trunc {
  float operator()(float x) const { return __builtin_truncf(x); }
  double operator()(double x) const { return __builtin_trunc(x); }
};
struct Sqrt {
  float operator()(float x) const { return __builtin_sqrtf(x); }
  double operator()(double x) const { return __builtin_sqrt(x); }
};
struct Rsqrt {
  template <class T> T operator()(T x) const { return T(1) / Sqrt()(x); }
};

struct Add {
  template <class T> T operator()(T a, T b) const { return a + b; }
};
struct Sub {
  template <class T> T operator()(T a, T b) const { return a - b; }
};
struct Mul {
  template <class T> T operator()(T a, T b) const { return a * b; }
};
struct Div {
  template <class T> T operator()(T a, T b) const { return a / b; }
};
// -0 < +0, and a NaN wins, the first one of two. Equal floats differ in the
// sign of zero at most, so the bits decide there.
struct Max {
  template <class T> T operator()(T a, T b) const {
    const T larger = a > b ? a : b;
    const T ordered = a == b ? from_bits<T>(to_bits(a) & to_bits(b)) : larger;
    return a != a ? a : ordered;
  }
};
struct Min {
  template <class T> T operator()(T a, T b) const {
    const T smaller = a < b ? a : b;
    const T ordered = a == b ? from_bits<T>(to_bits(a) | to_bits(b)) : smaller;
    return a != a ? a : ordered;
  }
};
struct Equal {
  template <class T> uint8_t operator()(T a, T b) const { return a == b; }
};
struct NotEqual {
  template <class T> uint8_t operator()(T a, T b) const { return a != b; }
};
struct Less {
  template <class T> uint8_t operator()(T a, T b) const { return a < b; }
};
struct LessEqual {
  template <class T> uint8_t operator()(T a, T b) const { return a <= b; }
};

template <class Op> Loop unary(mg_dtype dtype) {
  return dtype == MG_F32 ? map_unary<Op, float, float>
                         : map_unary<Op, double, double>;
}
template <class Op> Loop binary(mg_dtype dtype) {
  return dtype == MG_F32 ? map_binary<Op, float, float>
                         : map_binary<Op, double, double>;
}
template <class Op> Loop compare(mg_dtype dtype) {
  return dtype == MG_F32 ? map_binary<Op, float, uint8_t>
                         : map_binary<Op, double, uint8_t>;
}
template <class Op> FoldLoop fold(mg_dtype dtype) {
  return dtype == MG_F32 ? fold_rows<Op, float> : fold_rows<Op, double>;
}

template <class Op> ScanLoop scan_of(mg_dtype dtype) {
  return dtype == MG_F32 ? scan<Op, float> : scan<Op, double>;
}

} // namespace

Loop float_unary(UnaryOp op, mg_dtype dtype) {
  switch (op) {
  case UnaryOp::Neg:
    return unary<Neg>(dtype);
  case UnaryOp::Abs:
    return unary<Abs>(dtype);
  case UnaryOp::Sign:
    return unary<Sign>(dtype);
  case UnaryOp::Floor:
    return unary<Floor>(dtype);
  case UnaryOp::Ceil:
    return unary<Ceil>(dtype);
  case UnaryOp::RoundEven:
    return unary<RoundEven>(dtype);
  case UnaryOp::Trunc:
    return unary<Trunc>(dtype);
  case UnaryOp::Sqrt:
    return unary<Sqrt>(dtype);
  case UnaryOp::Rsqrt:
    return unary<Rsqrt>(dtype);
  default:
    return transcendental_unary(op, dtype);
  }
}

Loop float_binary(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Add:
    return binary<Add>(dtype);
  case BinaryOp::Sub:
    return binary<Sub>(dtype);
  case BinaryOp::Mul:
    return binary<Mul>(dtype);
  case BinaryOp::Div:
    return binary<Div>(dtype);
  case BinaryOp::Max:
    return binary<Max>(dtype);
  case BinaryOp::Min:
    return binary<Min>(dtype);
  case BinaryOp::Equal:
    return compare<Equal>(dtype);
  case BinaryOp::NotEqual:
    return compare<NotEqual>(dtype);
  case BinaryOp::Less:
    return compare<Less>(dtype);
  case BinaryOp::LessEqual:
    return compare<LessEqual>(dtype);
  default:
    return transcendental_binary(op, dtype);
  }
}

FoldLoop float_fold(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Add:
    return fold<Add>(dtype);
  case BinaryOp::Mul:
    return fold<Mul>(dtype);
  case BinaryOp::Max:
    return fold<Max>(dtype);
  case BinaryOp::Min:
    return fold<Min>(dtype);
  default:
    return nullptr;
  }
}

ScanLoop float_scan(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Add:
    return scan_of<Add>(dtype);
  case BinaryOp::Mul:
    return scan_of<Mul>(dtype);
  case BinaryOp::Max:
    return scan_of<Max>(dtype);
  case BinaryOp::Min:
    return scan_of<Min>(dtype);
  default:
    return nullptr;
  }
}

} // namespace mg::runtime
