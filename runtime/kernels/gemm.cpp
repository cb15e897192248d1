// The inner tile of every matrix product: a block of the result stays in
// registers while k runs. Packing, cache blocks and threads are in
// runtime/eager/dot.cpp.
#include "runtime/kernels/lookup.h"

#include "hwy/highway.h"

namespace mg::runtime {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// 6 rows of 4 vectors fill 32 registers (24 sums, 4 of b, 1 of a), 6 of 2
// fill 16.
constexpr size_t kRows = 6;
constexpr size_t kVectors = HWY_TARGET <= HWY_AVX3 ? 4 : 2;
#define MG_UNROLLED _Pragma("clang loop unroll(full)")

template <class V> HWY_INLINE V multiply_add(V a, V b, V sum) {
  if constexpr (hwy::IsFloat<hn::TFromV<V>>())
    return hn::MulAdd(a, b, sum);
  else
    return hn::Add(hn::Mul(a, b), sum);
}

template <class T, size_t MR>
void tile_rows(size_t k, const T *HWY_RESTRICT a, ptrdiff_t a_row,
               ptrdiff_t a_col, const T *HWY_RESTRICT b, ptrdiff_t b_row,
               T *HWY_RESTRICT c, ptrdiff_t c_row, bool add) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr size_t lanes = hn::MaxLanes(hn::ScalableTag<T>());
  V sums[MR][kVectors];
  MG_UNROLLED for (size_t i = 0; i < MR; ++i)
      MG_UNROLLED for (size_t j = 0; j < kVectors; ++j) sums[i][j] =
          hn::Zero(d);
#pragma clang loop unroll(disable)
  for (size_t q = 0; q < k; ++q, a += a_col, b += b_row) {
    __builtin_prefetch(b + 8 * b_row);
    V row[kVectors];
    MG_UNROLLED for (size_t j = 0; j < kVectors; ++j) row[j] =
        hn::LoadU(d, b + j * lanes);
    MG_UNROLLED for (size_t i = 0; i < MR; ++i) {
      const V value = hn::Set(d, a[static_cast<ptrdiff_t>(i) * a_row]);
      MG_UNROLLED for (size_t j = 0; j < kVectors; ++j) sums[i][j] =
          multiply_add(value, row[j], sums[i][j]);
    }
  }
  MG_UNROLLED for (size_t i = 0; i < MR; ++i, c += c_row)
      MG_UNROLLED for (size_t j = 0; j < kVectors; ++j) {
    T *to = c + j * lanes;
    hn::StoreU(add ? hn::Add(hn::LoadU(d, to), sums[i][j]) : sums[i][j], d, to);
  }
}

template <class T>
void tile(size_t mr, size_t k, const void *a_, ptrdiff_t a_row, ptrdiff_t a_col,
          const void *b_, ptrdiff_t b_row, void *c_, ptrdiff_t c_row,
          bool add) {
  const T *a = static_cast<const T *>(a_), *b = static_cast<const T *>(b_);
  T *c = static_cast<T *>(c_);
  switch (mr) {
#define MG_CASE(MR)                                                            \
  case MR:                                                                     \
    return tile_rows<T, MR>(k, a, a_row, a_col, b, b_row, c, c_row, add);
    MG_CASE(1)
    MG_CASE(2)
    MG_CASE(3)
    MG_CASE(4)
    MG_CASE(5)
    MG_CASE(kRows)
#undef MG_CASE
  }
}

template <class T>
constexpr Gemm kGemm = {kRows, kVectors *hn::MaxLanes(hn::ScalableTag<T>()),
                        tile<T>};

} // namespace

const Gemm *gemm_of(mg_dtype accumulator) {
  switch (accumulator) {
  case MG_F32:
    return &kGemm<float>;
  case MG_F64:
    return &kGemm<double>;
  case MG_I32:
    return &kGemm<int32_t>;
  case MG_I64:
    return &kGemm<int64_t>;
  default:
    return nullptr;
  }
}

} // namespace HWY_NAMESPACE

const Gemm *gemm_of(mg_dtype accumulator) {
  return HWY_NAMESPACE::gemm_of(accumulator);
}

} // namespace mg::runtime
