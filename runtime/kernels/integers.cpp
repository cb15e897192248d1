// Elementwise ops and reductions of integers and bools. Overflow wraps, so the
// sign matters to a few ops only; the others share the unsigned kernels.
#include "runtime/kernels/lookup.h"
#include "runtime/kernels/map.h"

#include <type_traits>

namespace mg::runtime {
namespace {

template <class T> constexpr unsigned bits = sizeof(T) * 8;

struct Neg {
  template <class T> T operator()(T x) const { return T(0u - x); }
};
struct Abs {
  template <class T> T operator()(T x) const {
    using U = std::make_unsigned_t<T>;
    return x < 0 ? T(U(0u - U(x))) : x;
  }
};
struct Identity {
  template <class T> T operator()(T x) const { return x; }
};
struct Sign {
  template <class T> T operator()(T x) const { return T((x > 0) - (x < 0)); }
};
struct Not {
  template <class T> T operator()(T x) const { return T(~x); }
};
struct BoolNot {
  uint8_t operator()(uint8_t x) const { return x ^ 1; }
};

struct Add {
  template <class T> T operator()(T a, T b) const { return T(a + b); }
};
struct Sub {
  template <class T> T operator()(T a, T b) const { return T(a - b); }
};
// 1u: two uint16_t would be multiplied as int, and could overflow.
struct Mul {
  template <class T> T operator()(T a, T b) const { return T(1u * a * b); }
};
// x / 0 is all ones; the one quotient that overflows wraps.
struct Div {
  template <class T> T operator()(T a, T b) const {
    if (b == 0)
      return T(-1);
    if constexpr (std::is_signed_v<T>)
      if (b == -1)
        return T(std::make_unsigned_t<T>(0u - std::make_unsigned_t<T>(a)));
    return T(a / b);
  }
};
struct Rem {
  template <class T> T operator()(T a, T b) const {
    if (b == 0)
      return a;
    if constexpr (std::is_signed_v<T>)
      if (b == -1)
        return 0;
    return T(a % b);
  }
};
struct Max {
  template <class T> T operator()(T a, T b) const { return a < b ? b : a; }
};
struct Min {
  template <class T> T operator()(T a, T b) const { return b < a ? b : a; }
};
struct And {
  template <class T> T operator()(T a, T b) const { return T(a & b); }
};
struct Or {
  template <class T> T operator()(T a, T b) const { return T(a | b); }
};
struct Xor {
  template <class T> T operator()(T a, T b) const { return T(a ^ b); }
};
// Distances are unsigned: a negative one is past the width.
struct Shl {
  template <class T> T operator()(T a, T b) const {
    const T distance = b & (bits<T> - 1);
    return b < bits<T> ? T(1u * a << distance) : T(0);
  }
};
struct ShrL {
  template <class T> T operator()(T a, T b) const {
    const T distance = b & (bits<T> - 1);
    return b < bits<T> ? T(a >> distance) : T(0);
  }
};
struct ShrA {
  template <class T> T operator()(T a, T b) const {
    using U = std::make_unsigned_t<T>;
    const U limit = bits<T> - 1, distance = U(b);
    return T(a >> (distance < limit ? distance : limit));
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

// f<T>() for the dtype's bits: as they are, or all signed, or all unsigned.
enum Signs { kAsIs, kUnsigned, kSigned };
template <class T, Signs signs>
using As =
    std::conditional_t<signs == kUnsigned, std::make_unsigned<T>,
                       std::conditional_t<signs == kSigned, std::make_signed<T>,
                                          std::type_identity<T>>>::type;
template <Signs signs, class F> auto for_integer(mg_dtype dtype, F f) {
#define MG_CASE(DTYPE, T)                                                      \
  case DTYPE:                                                                  \
    return f.template operator()<As<T, signs>>();
  switch (dtype) {
    MG_CASE(MG_I8, int8_t)
    MG_CASE(MG_I16, int16_t)
    MG_CASE(MG_I32, int32_t)
    MG_CASE(MG_I64, int64_t)
    MG_CASE(MG_BOOL, uint8_t)
    MG_CASE(MG_U8, uint8_t)
    MG_CASE(MG_U16, uint16_t)
    MG_CASE(MG_U32, uint32_t)
    MG_CASE(MG_U64, uint64_t)
  default:
    return decltype(f.template operator()<int8_t>())(nullptr);
  }
#undef MG_CASE
}

template <class Op, Signs signs> Loop unary(mg_dtype dtype) {
  return for_integer<signs>(
      dtype, []<class T>() -> Loop { return map_unary<Op, T, T>; });
}
template <class Op, Signs signs> Loop binary(mg_dtype dtype) {
  return for_integer<signs>(
      dtype, []<class T>() -> Loop { return map_binary<Op, T, T>; });
}
template <class Op> Loop scalars(mg_dtype dtype) {
  return for_integer<kAsIs>(
      dtype, []<class T>() -> Loop { return map_scalars<Op, T>; });
}
template <class Op, Signs signs> Loop compare(mg_dtype dtype) {
  return for_integer<signs>(
      dtype, []<class T>() -> Loop { return map_binary<Op, T, uint8_t>; });
}
template <class Op, Signs signs> FoldLoop fold(mg_dtype dtype) {
  return for_integer<signs>(
      dtype, []<class T>() -> FoldLoop { return fold_rows<Op, T>; });
}

template <class Op, Signs signs> ScanLoop scan_of(mg_dtype dtype) {
  return for_integer<signs>(dtype,
                            []<class T>() -> ScanLoop { return scan<Op, T>; });
}

Loop arithmetic(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Add:
    return binary<Add, kUnsigned>(dtype);
  case BinaryOp::Sub:
    return binary<Sub, kUnsigned>(dtype);
  case BinaryOp::Mul:
    return binary<Mul, kUnsigned>(dtype);
  case BinaryOp::Div:
    return scalars<Div>(dtype);
  case BinaryOp::Rem:
    return scalars<Rem>(dtype);
  case BinaryOp::Shl:
    return binary<Shl, kUnsigned>(dtype);
  case BinaryOp::ShrL:
    return binary<ShrL, kUnsigned>(dtype);
  case BinaryOp::ShrA:
    return binary<ShrA, kSigned>(dtype);
  default:
    return nullptr;
  }
}

} // namespace

Loop integer_unary(UnaryOp op, mg_dtype dtype) {
  if (dtype == MG_BOOL)
    return op == UnaryOp::Not ? map_unary<BoolNot, uint8_t, uint8_t> : nullptr;
  switch (op) {
  case UnaryOp::Neg:
    return unary<Neg, kUnsigned>(dtype);
  case UnaryOp::Abs:
    return dtype >= MG_U8 ? unary<Identity, kUnsigned>(dtype)
                          : unary<Abs, kSigned>(dtype);
  case UnaryOp::Sign:
    return unary<Sign, kAsIs>(dtype);
  case UnaryOp::Not:
    return unary<Not, kUnsigned>(dtype);
  default:
    return nullptr;
  }
}

// Bools have the ops that keep them 0 or 1.
Loop integer_binary(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Max:
    return binary<Max, kAsIs>(dtype);
  case BinaryOp::Min:
    return binary<Min, kAsIs>(dtype);
  case BinaryOp::And:
    return binary<And, kUnsigned>(dtype);
  case BinaryOp::Or:
    return binary<Or, kUnsigned>(dtype);
  case BinaryOp::Xor:
    return binary<Xor, kUnsigned>(dtype);
  case BinaryOp::Equal:
    return compare<Equal, kUnsigned>(dtype);
  case BinaryOp::NotEqual:
    return compare<NotEqual, kUnsigned>(dtype);
  case BinaryOp::Less:
    return compare<Less, kAsIs>(dtype);
  case BinaryOp::LessEqual:
    return compare<LessEqual, kAsIs>(dtype);
  default:
    return dtype == MG_BOOL ? nullptr : arithmetic(op, dtype);
  }
}

FoldLoop integer_fold(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Add:
    return fold<Add, kUnsigned>(dtype);
  case BinaryOp::Mul:
    return fold<Mul, kUnsigned>(dtype);
  case BinaryOp::Max:
    return fold<Max, kAsIs>(dtype);
  case BinaryOp::Min:
    return fold<Min, kAsIs>(dtype);
  case BinaryOp::And:
    return fold<And, kUnsigned>(dtype);
  case BinaryOp::Or:
    return fold<Or, kUnsigned>(dtype);
  default:
    return nullptr;
  }
}

ScanLoop integer_scan(BinaryOp op, mg_dtype dtype) {
  switch (op) {
  case BinaryOp::Add:
    return scan_of<Add, kUnsigned>(dtype);
  case BinaryOp::Mul:
    return scan_of<Mul, kUnsigned>(dtype);
  case BinaryOp::Max:
    return scan_of<Max, kAsIs>(dtype);
  case BinaryOp::Min:
    return scan_of<Min, kAsIs>(dtype);
  default:
    return nullptr;
  }
}

} // namespace mg::runtime
