// Reductions over any dimensions of any view, in an order that depends on the
// shape alone.
//
// The kept dimensions number the results, the reduced ones (in row-major order)
// the terms of each. Terms are combined in blocks, blocks in pairs, pairs of
// pairs, and so on:
//
//   block 0  block 1  block 2  block 3  block 4
//      \      /          \      /         |
//        pair              pair           |
//            \            /               |
//                 pair                    |
//                        \                |
//                                result
//
// so that an error grows with the logarithm of the number of terms. A block is
// an array of `width` accumulators, each the combination of up to eight terms
// from the left. What an accumulator stands for:
//
// - Along: the last dimension is reduced and there are many terms. The
//   accumulators are 64 lanes of one result, term t going to lane t mod 64; at
//   the end lanes l and l + 32 are combined, l and l + 16, ...
// - Across: the accumulators are up to 256 neighbouring results.
//
// A segment of 64 (Along) or 512 (Across) blocks is a task of its own. Because
// these are powers of two, pairing inside and then among segments is the same
// tree as pairing blocks.
#include "runtime/eager/reduce.h"

#include "runtime/eager/elementwise.h"
#include "runtime/eager/level.h"

#include <stdlib.h>
#include <string.h>

namespace mg::runtime {
namespace {

constexpr int64_t kLanes = 64; // of an Along block
constexpr int64_t kTile = 256; // results of an Across block at most
constexpr int64_t kRows = 8;   // terms per accumulator and block
constexpr int64_t kAlongTerms = 64 * kRows * kLanes; // per segment
constexpr int64_t kAcrossTerms = 512 * kRows;
constexpr int64_t kFewTerms = 32; // Across even if the last dim is reduced
constexpr int64_t kTaskTerms = 32768;
constexpr size_t kWidest = kTile * 8; // bytes of a block's accumulators

struct Reduction {
  FoldLoop fold;
  Loop combine;
  Conversion widen, narrow;
  size_t stored, size; // bytes of an element in memory and as computed in
  size_t result_size;
  char padding[8];
  Stream kept, reduced; // the same data: offsets add
  int64_t results, terms;
  int64_t segments; // per result or tile
  int64_t results_per_task;
  bool along;
  char *out;
  char *partial; // segments x results x width accumulators; null if one segment
};

int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Pairs blocks as they come: level l holds the combination of 2^l of them.
struct Pairs {
  const Reduction &r;
  int64_t width;
  uint64_t count = 0;
  alignas(64) char levels[48][kWidest];

  Pairs(const Reduction &r, int64_t width) : r(r), width(width) {}

  void combine(const char *a, char *b) {
    const void *in[] = {a, b};
    const size_t step[] = {1, 1};
    r.combine(in, step, b, static_cast<size_t>(width));
  }
  // Takes `block` and may overwrite it.
  void push(char *block) {
    int level = 0;
    for (uint64_t bits = count++; bits & 1; bits >>= 1)
      combine(levels[level++], block);
    memcpy(levels[level], block, static_cast<size_t>(width) * r.size);
  }
  // All of them, into `out`; at least one was pushed.
  void finish(char *out) {
    int level = __builtin_ctzll(count);
    const size_t bytes = static_cast<size_t>(width) * r.size;
    memcpy(out, levels[level], bytes);
    while (count >> ++level)
      if (count >> level & 1)
        combine(levels[level], out);
  }
};

struct Buffers {
  alignas(64) char raw[kBlockBytes];
  alignas(64) char wide[kBlockBytes];
  alignas(64) char scratch[2][kBlockBytes];
  // Eight rows of an Across block that does not lie in memory as it should.
  alignas(64) char rows[kRows][kWidest];
};

// n <= kBlock elements from i on, contiguous and in the dtype computed in.
const char *load(const Reduction &r, const Stream &from, int64_t i, int64_t n,
                 Buffers &buffers) {
  Block block = from.read(i, n, buffers.raw);
  if (block.step == 0) {
    from.gather(i, n, buffers.raw);
    block = {buffers.raw, 1};
  }
  return r.widen
      .run(block, static_cast<size_t>(n), buffers.wide, buffers.scratch)
      .data;
}

void fill(const Reduction &r, char *to, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    memcpy(to + i * static_cast<int64_t>(r.size), r.padding, r.size);
}

// Up to 512 terms to 64 lanes.
void along_block(const Reduction &r, const char *x, int64_t n, char *lanes,
                 Pairs &pairs) {
  const int64_t rows = n / kLanes, rest = n % kLanes;
  if (rows > 0)
    r.fold(x, kLanes, static_cast<size_t>(rows), lanes, kLanes);
  if (rest == 0)
    return;
  alignas(64) char last[kLanes * 8];
  const int64_t size = static_cast<int64_t>(r.size);
  fill(r, last, kLanes);
  memcpy(last, x + rows * kLanes * size, static_cast<size_t>(rest * size));
  if (rows > 0)
    pairs.combine(last, lanes);
  else
    memcpy(lanes, last, sizeof last);
}

void along_segment(const Reduction &r, int64_t result, int64_t segment,
                   char *out, Pairs &pairs, Buffers &buffers) {
  Stream terms = r.reduced;
  terms.data = r.kept.at(result);
  alignas(64) char lanes[kLanes * 8];
  const int64_t end = minimum(r.terms, (segment + 1) * kAlongTerms);
  pairs.count = 0;
  for (int64_t i = segment * kAlongTerms; i < end; i += kRows * kLanes) {
    const int64_t n = minimum(end - i, kRows * kLanes);
    along_block(r, load(r, terms, i, n, buffers), n, lanes, pairs);
    pairs.push(lanes);
  }
  pairs.finish(out);
}

void across_segment(const Reduction &r, int64_t first, int64_t width,
                    int64_t segment, char *out, Pairs &pairs,
                    Buffers &buffers) {
  const int64_t end = minimum(r.terms, (segment + 1) * kAcrossTerms);
  const size_t bytes = static_cast<size_t>(width) * r.size;
  const bool in_place = r.widen.count == 0 && r.kept.inner_stride() == 1 &&
                        r.kept.direct(first) >= width && r.reduced.rank == 1;
  const int64_t row = r.reduced.inner_stride();
  alignas(64) char block[kWidest];
  pairs.count = 0;
  for (int64_t i = segment * kAcrossTerms; i < end; i += kRows) {
    const int64_t rows = minimum(end - i, kRows);
    const char *x = buffers.rows[0];
    ptrdiff_t stride = kWidest / static_cast<ptrdiff_t>(r.size);
    if (in_place) {
      x = r.kept.at(first) + i * row * static_cast<int64_t>(r.size);
      stride = row;
    }
    for (int64_t k = 0; k < rows && !in_place; ++k) {
      Stream kept = r.kept;
      kept.data = r.reduced.at(i + k);
      memcpy(buffers.rows[k], load(r, kept, first, width, buffers), bytes);
    }
    r.fold(x, stride, static_cast<size_t>(rows), block,
           static_cast<size_t>(width));
    pairs.push(block);
  }
  pairs.finish(out);
}

void write(const Reduction &r, const char *values, int64_t first, int64_t n,
           Buffers &buffers) {
  char *to = r.out + first * static_cast<int64_t>(r.result_size);
  if (r.narrow.count == 0)
    memcpy(to, values, static_cast<size_t>(n) * r.size);
  else
    r.narrow.run({values, 1}, static_cast<size_t>(n), to, buffers.scratch);
}

// 64 lanes to one value, in lanes[0].
void merge_lanes(const Reduction &r, char *lanes) {
  const size_t step[] = {1, 1};
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    const void *in[] = {lanes, lanes + half * r.size};
    r.combine(in, step, lanes, half);
  }
}

// What one task needs; on its stack, and not cleared.
struct Work {
  Buffers buffers;
  Pairs pairs;
  alignas(64) char block[kWidest];
  explicit Work(const Reduction &r) : pairs(r, 0) {}
};

int64_t width_of(const Reduction &r) { return r.along ? kLanes : kTile; }

char *partial_of(const Reduction &r, int64_t unit, int64_t segment) {
  return r.partial + (unit * r.segments + segment) * width_of(r) *
                         static_cast<int64_t>(r.size);
}

// A unit is a result (Along) or a tile of results (Across).
void finish_unit(const Reduction &r, int64_t unit, char *block,
                 Buffers &buffers) {
  if (r.along) {
    merge_lanes(r, block);
    write(r, block, unit, 1, buffers);
  } else {
    const int64_t first = unit * kTile;
    write(r, block, first, minimum(kTile, r.results - first), buffers);
  }
}

void run_segment(const Reduction &r, int64_t unit, int64_t segment, char *out,
                 Work &work) {
  if (r.along) {
    work.pairs.width = kLanes;
    return along_segment(r, unit, segment, out, work.pairs, work.buffers);
  }
  const int64_t first = unit * kTile;
  work.pairs.width = minimum(kTile, r.results - first);
  across_segment(r, first, work.pairs.width, segment, out, work.pairs,
                 work.buffers);
}

int64_t unit_count(const Reduction &r) {
  return r.along ? r.results : divide_up(r.results, kTile);
}

void segment_task(void *context, int64_t task) {
  const Reduction &r = *static_cast<const Reduction *>(context);
  Work work(r);
  run_segment(r, task / r.segments, task % r.segments,
              partial_of(r, task / r.segments, task % r.segments), work);
}

void pair_task(void *context, int64_t unit) {
  const Reduction &r = *static_cast<const Reduction *>(context);
  Work work(r);
  work.pairs.width =
      r.along ? kLanes : minimum(kTile, r.results - unit * kTile);
  for (int64_t segment = 0; segment < r.segments; ++segment)
    work.pairs.push(partial_of(r, unit, segment));
  work.pairs.finish(work.block);
  finish_unit(r, unit, work.block, work.buffers);
}

void whole_task(void *context, int64_t task) {
  const Reduction &r = *static_cast<const Reduction *>(context);
  Work work(r);
  const int64_t first = task * r.results_per_task;
  const int64_t end = minimum(unit_count(r), first + r.results_per_task);
  for (int64_t unit = first; unit < end; ++unit) {
    run_segment(r, unit, 0, work.block, work);
    finish_unit(r, unit, work.block, work.buffers);
  }
}

// Splits x's dims: the reduced ones in `reduced`, in row-major order. False
// where `out` is not what remains, or a dim is out of range or named twice.
bool split(const mg_array &x, const int64_t *dims, int32_t count,
           const mg_array &out, Reduction &r) {
  bool drop[MG_MAX_RANK] = {};
  for (int32_t k = 0; k < count; ++k) {
    if (dims[k] < 0 || dims[k] >= x.rank || drop[dims[k]])
      return false;
    drop[dims[k]] = true;
  }
  int64_t shape[2][MG_MAX_RANK], strides[2][MG_MAX_RANK];
  int32_t rank[2] = {0, 0};
  bool last_dropped = false;
  for (int32_t k = 0; k < x.rank; ++k) {
    const int side = drop[k];
    shape[side][rank[side]] = x.shape[k];
    strides[side][rank[side]++] = x.strides[k];
    if (x.shape[k] != 1)
      last_dropped = drop[k];
  }
  if (rank[0] != out.rank)
    return false;
  for (int32_t k = 0; k < out.rank; ++k)
    if (out.shape[k] != shape[0][k])
      return false;
  r.stored = mg_dtype_size(x.dtype);
  r.kept = Stream(x.data, r.stored, rank[0], shape[0], strides[0]);
  r.reduced = Stream(x.data, r.stored, rank[1], shape[1], strides[1]);
  r.results = r.kept.count;
  r.terms = r.reduced.count;
  r.along = last_dropped && r.terms > kFewTerms;
  return true;
}

mg_status run(Reduction &r, mg_pool *pool) {
  const int64_t units = unit_count(r);
  r.segments = divide_up(r.terms, r.along ? kAlongTerms : kAcrossTerms);
  if (r.segments == 1) {
    const int64_t work = r.terms * (r.along ? 1 : minimum(kTile, r.results));
    r.results_per_task = work < kTaskTerms ? kTaskTerms / work : 1;
    mg_parallel_for(pool, whole_task, &r, divide_up(units, r.results_per_task));
    return MG_OK;
  }
  r.partial = static_cast<char *>(
      malloc(static_cast<size_t>(units * r.segments * width_of(r)) * r.size));
  MG_CHECK(r.partial, MG_ERROR_MEMORY);
  mg_parallel_for(pool, segment_task, &r, units * r.segments);
  mg_parallel_for(pool, pair_task, &r, units);
  free(r.partial);
  return MG_OK;
}

void write_empty(const Reduction &r, mg_reduction kind, mg_dtype dtype) {
  alignas(64) char value[8], scratch[2][kBlockBytes];
  neutral(kind, dtype, false, value);
  for (int64_t i = 0; i < r.results; ++i) {
    char *to = r.out + i * static_cast<int64_t>(r.result_size);
    const Block block = r.narrow.run({value, 1}, 1, to, scratch);
    if (r.narrow.count == 0)
      memcpy(to, block.data, r.result_size);
  }
}

} // namespace

BinaryOp op_of(mg_reduction kind) {
  constexpr BinaryOp ops[] = {BinaryOp::Add, BinaryOp::Mul, BinaryOp::Max,
                              BinaryOp::Min, BinaryOp::And, BinaryOp::Or};
  return ops[kind];
}

bool takes(mg_reduction kind, mg_dtype dtype) {
  if (kind == MG_AND || kind == MG_OR)
    return dtype < MG_F16;
  return dtype != MG_BOOL || kind == MG_MAX || kind == MG_MIN;
}

void neutral(mg_reduction kind, mg_dtype dtype, bool padding, void *out) {
  const size_t size = mg_dtype_size(dtype);
  if (dtype == MG_F32 || dtype == MG_F64) {
    const double infinity = __builtin_inf();
    const double value = kind == MG_SUM    ? (padding ? -0.0 : 0.0)
                         : kind == MG_PROD ? 1.0
                         : kind == MG_MAX  ? -infinity
                                           : infinity;
    const float single = static_cast<float>(value);
    memcpy(out, dtype == MG_F32 ? static_cast<const void *>(&single) : &value,
           size);
    return;
  }
  const bool is_signed = dtype >= MG_I8 && dtype <= MG_I64;
  const uint64_t all = dtype == MG_BOOL ? 1 : ~uint64_t(0);
  const uint64_t top = uint64_t(1) << (size * 8 - 1);
  const uint64_t value = kind == MG_PROD  ? 1
                         : kind == MG_AND ? all
                         : kind == MG_MAX ? (is_signed ? top : 0)
                         : kind == MG_MIN ? (is_signed ? top - 1 : all)
                                          : 0;
  memcpy(out, &value, size); // little-endian: the low bytes
}

} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_reduce(mg_reduction kind, const mg_array *x, const int64_t *dims,
                    int32_t count, const mg_array *out, mg_pool *pool) {
  MG_CHECK(is_reduction(kind) && (count == 0 || dims), MG_ERROR_ARGUMENT);
  MG_CHECK(valid(x) && valid_result(out) && x->dtype == out->dtype,
           MG_ERROR_SHAPE);
  Reduction r = {};
  MG_CHECK(split(*x, dims, count, *out, r), MG_ERROR_SHAPE);
  MG_CHECK(takes(kind, x->dtype), MG_ERROR_UNSUPPORTED);
  MG_CHECK(loops(), MG_ERROR_CPU);
  const mg_dtype dtype = computed_in(x->dtype);
  r.fold = loops()->fold(op_of(kind), dtype);
  r.combine = loops()->binary(op_of(kind), dtype);
  r.widen = conversion(*loops(), x->dtype, dtype);
  r.narrow = conversion(*loops(), dtype, x->dtype);
  r.size = mg_dtype_size(dtype);
  r.result_size = mg_dtype_size(out->dtype);
  r.out = static_cast<char *>(out->data);
  neutral(kind, dtype, true, r.padding);
  if (r.results == 0)
    return MG_OK;
  if (r.terms == 0) {
    write_empty(r, kind, dtype);
    return MG_OK;
  }
  return run(r, pool);
}
