// The math for generated code, compiled to bitcode once per CPU level: each
// function takes and returns one native vector, <lanes x float> or <lanes / 2 x
// double> in LLVM IR, and is inlined there.
#include "runtime/kernels/math-inl.h"
#include "runtime/kernels/math_ops.h"

namespace mg {
namespace {

template <class T> using Tag = hn::ScalableTag<T>;
template <class T> using Raw = decltype(hn::Vec<Tag<T>>::raw);

template <class T> HWY_INLINE hn::Vec<Tag<T>> Wrap(Raw<T> raw) {
  hn::Vec<Tag<T>> v;
  v.raw = raw;
  return v;
}

} // namespace
} // namespace mg

#define MG_EXPORT                                                              \
  extern "C" __attribute__((always_inline, visibility("default")))
#define MG_UNARY_OF(T, suffix, name, Name)                                     \
  MG_EXPORT mg::Raw<T> mg_##name##_##suffix(mg::Raw<T> x) {                    \
    return mg::Name(mg::Tag<T>(), mg::Wrap<T>(x)).raw;                         \
  }
#define MG_BINARY_OF(T, suffix, name, Name)                                    \
  MG_EXPORT mg::Raw<T> mg_##name##_##suffix(mg::Raw<T> a, mg::Raw<T> b) {      \
    return mg::Name(mg::Tag<T>(), mg::Wrap<T>(a), mg::Wrap<T>(b)).raw;         \
  }
#define MG_UNARY(name, Name)                                                   \
  MG_UNARY_OF(float, f32, name, Name)                                          \
  MG_UNARY_OF(double, f64, name, Name)
#define MG_BINARY(name, Name)                                                  \
  MG_BINARY_OF(float, f32, name, Name)                                         \
  MG_BINARY_OF(double, f64, name, Name)

MG_MATH_UNARY(MG_UNARY)
MG_MATH_BINARY(MG_BINARY)
