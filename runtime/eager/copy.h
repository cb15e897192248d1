// Writing into a view: by copy, or combined with what is there.
#ifndef MG_RUNTIME_EAGER_COPY_H
#define MG_RUNTIME_EAGER_COPY_H
#include "runtime/eager/elementwise.h"

namespace mg::runtime {

// Element i of `from` to element i of `to`: any views without overlap.
void copy(const Stream &from, const Stream &to, mg_pool *pool);
// Whether a copy of `from` to contiguous memory goes by transposed tiles: worth
// a copy before its elements are used.
bool is_transposed(const Stream &from);
// Every element of a row-major array becomes the one at `value`.
void fill(const mg_array &out, const void *value, mg_pool *pool);

// to = to op from, in the dtype computed in.
struct Combination {
  Loop loop;
  Conversion widen_from, widen_to, narrow;
};
// n <= kBlock elements from element i of `from` and j of `to` on.
void combine_block(const Combination &op, const Stream &from, int64_t i,
                   const Stream &to, int64_t j, int64_t n);
void combine(const Combination &op, const Stream &from, const Stream &to,
             mg_pool *pool);

} // namespace mg::runtime
#endif
