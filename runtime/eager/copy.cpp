// Copies of views.
#include "runtime/eager/level.h"
#include "runtime/eager/stream.h"

#include "minigrad/kernels.h"

namespace mg::runtime {
namespace {

struct Copy {
  Stream from;
  char *to;
};

constexpr int64_t kChunk = 32 * kBlock;

void copy_chunk(void *context, int64_t chunk) {
  const Copy &copy = *static_cast<const Copy *>(context);
  const int64_t begin = chunk * kChunk;
  const int64_t rest = copy.from.count - begin;
  copy.from.gather(begin, rest < kChunk ? rest : kChunk,
                   copy.to + begin * static_cast<int64_t>(copy.from.size));
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_copy(const mg_array *x, const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(x) && valid_result(out) && x->dtype == out->dtype &&
               same_shape(*x, *out),
           MG_ERROR_SHAPE);
  Copy copy = {Stream(*x), static_cast<char *>(out->data)};
  if (copy.from.count > 0)
    mg_parallel_for(pool, copy_chunk, &copy,
                    (copy.from.count + kChunk - 1) / kChunk);
  return MG_OK;
}
