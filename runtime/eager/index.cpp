// gather and scatter: slices of a view at places that are data.
#include "runtime/eager/copy.h"
#include "runtime/eager/level.h"

namespace mg::runtime {
namespace {

int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }

// How index vectors point into an array x: paired with `batch`, through
// `indexed`, at slices of its `rest`. All as streams over x's memory.
struct Places {
  Stream indices; // row-major: vector after vector
  bool wide;      // i64, else i32
  int32_t count;  // dims per vector
  int64_t size[MG_MAX_RANK], stride[MG_MAX_RANK]; // of the indexed dims
  Stream batch, rest;
  int64_t vectors, per_batch;

  // The offset of vector v's slice, in elements. False where one of its
  // indices is out of range.
  bool offset_of(int64_t v, int64_t &offset) const {
    offset = batch.count == 1 ? 0
                              : (batch.at(v / per_batch) - batch.data) /
                                    static_cast<int64_t>(batch.size);
    for (int32_t k = 0; k < count; ++k) {
      const char *at = indices.at(v * count + k);
      const int64_t i = wide ? *reinterpret_cast<const int64_t *>(at)
                             : *reinterpret_cast<const int32_t *>(at);
      if (i < 0 || i >= size[k])
        return false;
      offset += i * stride[k];
    }
    return true;
  }
  // Moves a copy of `rest` to the slice of vector v, which is inside.
  void move_to(int64_t v, Stream &slice) const {
    int64_t offset;
    offset_of(v, offset);
    slice.data = rest.data + offset * static_cast<int64_t>(rest.size);
  }
};

// Fills `places` for x, and the shape that the gathered slices have.
bool make_places(const mg_array &x, const mg_array &indices,
                 const int64_t *dims, int32_t count, int32_t batch_dims,
                 Places &p, mg_array &gathered) {
  if ((indices.dtype != MG_I32 && indices.dtype != MG_I64) || batch_dims < 0 ||
      batch_dims > x.rank || batch_dims >= indices.rank ||
      indices.shape[indices.rank - 1] != count)
    return false;
  bool taken[MG_MAX_RANK] = {};
  for (int32_t k = 0; k < batch_dims; ++k) {
    if (x.shape[k] != indices.shape[k])
      return false;
    taken[k] = true;
  }
  for (int32_t k = 0; k < count; ++k) {
    if (dims[k] < 0 || dims[k] >= x.rank || taken[dims[k]])
      return false;
    taken[dims[k]] = true;
    p.size[k] = x.shape[dims[k]];
    p.stride[k] = x.strides[dims[k]];
  }
  int64_t shape[MG_MAX_RANK], strides[MG_MAX_RANK];
  int32_t rank = 0;
  gathered.rank = 0;
  for (int32_t k = 0; k + 1 < indices.rank; ++k)
    gathered.shape[gathered.rank++] = indices.shape[k];
  for (int32_t k = 0; k < x.rank; ++k)
    if (!taken[k]) {
      if (gathered.rank == MG_MAX_RANK)
        return false;
      gathered.shape[gathered.rank++] = x.shape[k];
      shape[rank] = x.shape[k];
      strides[rank++] = x.strides[k];
    }
  const size_t size = mg_dtype_size(x.dtype);
  p.rest = Stream(x.data, size, rank, shape, strides);
  p.batch = Stream(x.data, size, batch_dims, x.shape, x.strides);
  p.indices = Stream(indices);
  p.wide = indices.dtype == MG_I64;
  p.count = count;
  p.per_batch = 1;
  for (int32_t k = batch_dims; k + 1 < indices.rank; ++k)
    p.per_batch *= indices.shape[k];
  p.vectors = p.per_batch * p.batch.count;
  return true;
}

// Looks at every vector before anything is written.
bool all_inside(const Places &p) {
  int64_t offset;
  for (int64_t v = 0; v < p.vectors; ++v)
    if (!p.offset_of(v, offset))
      return false;
  return true;
}

struct Gather {
  const Places &places;
  char *out;
  int64_t vectors_per_task;
};

void gather_task(void *context, int64_t task) {
  const Gather &g = *static_cast<const Gather *>(context);
  const Places &p = g.places;
  const int64_t bytes = p.rest.count * static_cast<int64_t>(p.rest.size);
  const int64_t begin = task * g.vectors_per_task;
  const int64_t end = minimum(p.vectors, begin + g.vectors_per_task);
  Stream slice = p.rest;
  for (int64_t v = begin; v < end; ++v) {
    p.move_to(v, slice);
    slice.gather(0, p.rest.count, g.out + v * bytes);
  }
}

// A task applies all updates to one chunk of every slice, in their order.
struct Scatter {
  const Places &places;
  const Stream &updates;
  const Combination *op; // null: set
  int64_t chunk;
};

void scatter_task(void *context, int64_t task) {
  const Scatter &s = *static_cast<const Scatter *>(context);
  const Places &p = s.places;
  const int64_t begin = task * s.chunk;
  const int64_t end = minimum(p.rest.count, begin + s.chunk);
  alignas(64) char buffer[kBlockBytes];
  Stream slice = p.rest;
  for (int64_t v = 0; v < p.vectors; ++v) {
    p.move_to(v, slice);
    const int64_t first = v * p.rest.count;
    for (int64_t i = begin; i < end; i += kBlock) {
      const int64_t n = minimum(kBlock, end - i);
      if (s.op) {
        combine_block(*s.op, s.updates, first + i, slice, i, n);
      } else {
        s.updates.gather(first + i, n, buffer);
        slice.write(i, n, buffer);
      }
    }
  }
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_gather(const mg_array *x, const mg_array *idx, const int64_t *dims,
                    int32_t count, int32_t batch_dims, const mg_array *out,
                    mg_pool *pool) {
  MG_CHECK(count >= 0 && (count == 0 || dims), MG_ERROR_ARGUMENT);
  Places places;
  mg_array gathered = {};
  MG_CHECK(
      valid(x) && valid(idx) && valid_result(out) && x->dtype == out->dtype &&
          make_places(*x, *idx, dims, count, batch_dims, places, gathered) &&
          same_shape(gathered, *out),
      MG_ERROR_SHAPE);
  MG_CHECK(all_inside(places), MG_ERROR_ARGUMENT);
  const int64_t slice = places.rest.count;
  if (places.vectors == 0 || slice == 0)
    return MG_OK;
  Gather gather = {places, static_cast<char *>(out->data),
                   slice < 1 << 15 ? (1 << 15) / slice : 1};
  mg_parallel_for(pool, gather_task, &gather,
                  (places.vectors + gather.vectors_per_task - 1) /
                      gather.vectors_per_task);
  return MG_OK;
}

mg_status mg_scatter(const mg_array *x, const mg_array *idx,
                     const mg_array *updates, const int64_t *dims,
                     int32_t count, int32_t batch_dims, mg_scatter_mode mode,
                     const mg_array *out, mg_pool *pool) {
  MG_CHECK(count >= 0 && (count == 0 || dims) && mode >= MG_SCATTER_SET &&
               mode <= MG_SCATTER_MAX,
           MG_ERROR_ARGUMENT);
  Places places;
  mg_array gathered = {};
  MG_CHECK(
      valid(x) && valid(idx) && valid(updates) && valid_result(out) &&
          x->dtype == out->dtype && x->dtype == updates->dtype &&
          same_shape(*x, *out) &&
          make_places(*out, *idx, dims, count, batch_dims, places, gathered) &&
          same_shape(gathered, *updates),
      MG_ERROR_SHAPE);
  MG_CHECK(mode == MG_SCATTER_SET || x->dtype != MG_BOOL, MG_ERROR_UNSUPPORTED);
  MG_CHECK(loops(), MG_ERROR_CPU);
  MG_CHECK(all_inside(places), MG_ERROR_ARGUMENT);
  copy(Stream(*x), Stream(*out), pool);
  if (places.vectors == 0 || places.rest.count == 0)
    return MG_OK;
  constexpr BinaryOp ops[] = {BinaryOp::Count, BinaryOp::Add, BinaryOp::Mul,
                              BinaryOp::Min, BinaryOp::Max};
  const mg_dtype dtype = computed_in(x->dtype);
  const Conversion widen = conversion(*loops(), x->dtype, dtype);
  const Combination op = {
      mode == MG_SCATTER_SET ? nullptr : loops()->binary(ops[mode], dtype),
      widen, widen, conversion(*loops(), dtype, x->dtype)};
  const Stream from(*updates);
  const size_t threads = mg_pool_threads(pool);
  const int64_t parts = static_cast<int64_t>(threads);
  const int64_t share = (places.rest.count + parts - 1) / parts;
  Scatter scatter = {places, from, op.loop ? &op : nullptr,
                     share < kBlock ? kBlock : share};
  mg_parallel_for(pool, scatter_task, &scatter,
                  (places.rest.count + scatter.chunk - 1) / scatter.chunk);
  return MG_OK;
}
