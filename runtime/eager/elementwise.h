// The engine of everything that computes element i of its result from element
// i of its operands, by a chain of kernels.
#ifndef MG_RUNTIME_EAGER_ELEMENTWISE_H
#define MG_RUNTIME_EAGER_ELEMENTWISE_H
#include "minigrad/kernels.h"
#include "runtime/eager/stream.h"
#include "runtime/kernels/loop.h"

namespace mg::runtime {

// The way of one value between two dtypes: at most four steps of one operand
// each, e.g. u8 -> i32 -> f32 -> bf16.
struct Conversion {
  struct Step {
    Loop loop;
    size_t size; // of an element of its result
  };
  Step steps[4];
  int count = 0;

  // n elements at `x`; the last step writes to `out`, the others to `scratch`
  // (two buffers of kBlockBytes). Where there are no steps, x itself is the
  // answer.
  Block run(Block x, size_t n, void *out, char (*scratch)[kBlockBytes]) const;
};

struct Operand {
  Stream stream;
  Conversion widen; // from the stored dtype to the one computed in
};

struct Elementwise {
  Loop loop;
  int arity;
  Operand operands[3];
  Conversion narrow; // from the dtype computed in to the result's
  char *out;
  size_t out_size;
  int64_t count;
};

void run(const Elementwise &op, mg_pool *pool);

// No steps where the dtypes are the same.
Conversion conversion(const mg_loops &loops, mg_dtype from, mg_dtype to,
                      mg_convert_mode mode = MG_TRUNCATE);

// f16 and bf16 are computed in f32; the others in themselves.
constexpr mg_dtype computed_in(mg_dtype dtype) {
  return dtype == MG_F16 || dtype == MG_BF16 ? MG_F32 : dtype;
}

} // namespace mg::runtime
#endif
