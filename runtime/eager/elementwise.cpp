// Blocks of operands through the kernels, on all threads.
#include "runtime/eager/elementwise.h"

#include "runtime/eager/copy.h"

#include <stdlib.h>

namespace mg::runtime {
namespace {

// Elements per task. A multiple of kBlock; large enough to pay for the fork.
constexpr int64_t kChunk = 32 * kBlock;
// A shorter row is gathered with its neighbours into one block.
constexpr int64_t kDirectRow = 64;

struct Buffers {
  alignas(64) char gathered[3][kBlockBytes];
  alignas(64) char widened[3][kBlockBytes];
  alignas(64) char scratch[2][kBlockBytes];
  alignas(64) char result[kBlockBytes];
};

// How many elements from i on, of at most n, the next block takes.
int64_t block_length(const Elementwise &op, int64_t i, int64_t n) {
  bool buffered = op.narrow.count > 0;
  for (int k = 0; k < op.arity; ++k) {
    const Operand &operand = op.operands[k];
    const int64_t direct = operand.stream.direct(i);
    if (direct >= kDirectRow || direct >= n)
      n = direct < n ? direct : n;
    else
      buffered = true;
    buffered |= operand.widen.count > 0;
  }
  return buffered && n > kBlock ? kBlock : n;
}

void run_block(const Elementwise &op, int64_t i, int64_t n, Buffers &buffers) {
  const size_t length = static_cast<size_t>(n);
  const void *in[3] = {};
  size_t step[3] = {};
  for (int k = 0; k < op.arity; ++k) {
    const Operand &operand = op.operands[k];
    const Block stored = operand.stream.read(i, n, buffers.gathered[k]);
    const Block block =
        operand.widen.run(stored, length, buffers.widened[k], buffers.scratch);
    in[k] = block.data;
    step[k] = block.step;
  }
  char *out = op.out + i * static_cast<int64_t>(op.out_size);
  if (op.narrow.count == 0)
    return op.loop(in, step, out, length);
  op.loop(in, step, buffers.result, length);
  op.narrow.run({buffers.result, 1}, length, out, buffers.scratch);
}

void run_chunk(void *context, int64_t chunk) {
  const Elementwise &op = *static_cast<const Elementwise *>(context);
  const int64_t begin = chunk * kChunk;
  const int64_t end = begin + kChunk < op.count ? begin + kChunk : op.count;
  Buffers buffers;
  for (int64_t i = begin; i < end;) {
    const int64_t n = block_length(op, i, end - i);
    run_block(op, i, n, buffers);
    i += n;
  }
}

} // namespace

Block Conversion::run(Block x, size_t n, void *out,
                      char (*scratch)[kBlockBytes]) const {
  for (int k = 0; k < count; ++k) {
    // A repeated element stays one element until the end.
    void *to = k + 1 == count ? out : scratch[k & 1];
    const void *in[] = {x.data};
    const size_t step[] = {1};
    steps[k].loop(in, step, to, x.step ? n : 1);
    x.data = static_cast<const char *>(to);
  }
  return x;
}

// Transposed operands are copied in tiles first; gathered block by block they
// would read every cache line many times. Without memory they are gathered.
void run(const Elementwise &op, mg_pool *pool) {
  if (op.count == 0)
    return;
  Elementwise ready = op;
  void *copies[3] = {};
  for (int k = 0; k < op.arity; ++k) {
    Stream &stream = ready.operands[k].stream;
    if (!is_transposed(stream))
      continue;
    copies[k] = malloc(static_cast<size_t>(stream.count) * stream.size);
    if (!copies[k])
      continue;
    const int64_t one = 1;
    const Stream to(copies[k], stream.size, 1, &stream.count, &one);
    copy(stream, to, pool);
    stream = to;
  }
  mg_parallel_for(pool, run_chunk, &ready, (op.count + kChunk - 1) / kChunk);
  for (void *memory : copies)
    free(memory);
}

} // namespace mg::runtime
