// Ops without operands, or nearly: iota and random bits.
#include "runtime/eager/elementwise.h"
#include "runtime/eager/level.h"

#include <string.h>

namespace mg::runtime {
namespace {

struct Iota {
  Conversion convert; // from i64
  char *out;
  int64_t size; // of an element
  int64_t count, inner, extent;
};

int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }

void iota_block(void *context, int64_t block) {
  const Iota &iota = *static_cast<const Iota *>(context);
  alignas(64) int64_t value[kBlock];
  alignas(64) char scratch[2][kBlockBytes];
  const int64_t begin = block * kBlock;
  const int64_t n = minimum(kBlock, iota.count - begin);
  for (int64_t i = 0; i < n; ++i)
    value[i] = (begin + i) / iota.inner % iota.extent;
  char *to = iota.out + begin * iota.size;
  const size_t length = static_cast<size_t>(n);
  const Block result = iota.convert.run(
      {reinterpret_cast<const char *>(value), 1}, length, to, scratch);
  if (result.data != to)
    memcpy(to, result.data, length * static_cast<size_t>(iota.size));
}

// Philox4x32 with ten rounds (Salmon et al., 2011): a bijection of the counter
// for each key.
struct Philox {
  uint32_t counter[4];
  uint32_t key[2];

  void run() {
    for (int round = 0; round < 10; ++round) {
      const uint64_t a = uint64_t(0xd2511f53) * counter[0];
      const uint64_t b = uint64_t(0xcd9e8d57) * counter[2];
      const uint32_t next[] = {
          uint32_t(b >> 32) ^ counter[1] ^ key[0], uint32_t(b),
          uint32_t(a >> 32) ^ counter[3] ^ key[1], uint32_t(a)};
      memcpy(counter, next, sizeof counter);
      key[0] += 0x9e3779b9;
      key[1] += 0xbb67ae85;
    }
  }
};

struct Bits {
  uint32_t key[4];
  char *out;
  int64_t words; // of 32 bits
};

constexpr int64_t kWordsPerTask = 1 << 15;

void bits_task(void *context, int64_t task) {
  const Bits &bits = *static_cast<const Bits *>(context);
  const int64_t end = minimum((task + 1) * kWordsPerTask, bits.words);
  for (int64_t word = task * kWordsPerTask; word < end; word += 4) {
    const uint64_t block = static_cast<uint64_t>(word) / 4;
    Philox philox = {{static_cast<uint32_t>(block),
                      static_cast<uint32_t>(block >> 32), bits.key[2],
                      bits.key[3]},
                     {bits.key[0], bits.key[1]}};
    philox.run();
    memcpy(bits.out + word * 4, philox.counter,
           static_cast<size_t>(minimum(4, end - word)) * 4);
  }
}

} // namespace
} // namespace mg::runtime

using namespace mg::runtime;

mg_status mg_iota(int32_t dim, const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid_result(out) && dim >= 0 && dim < out->rank, MG_ERROR_SHAPE);
  MG_CHECK(loops(), MG_ERROR_CPU);
  Iota iota = {conversion(*loops(), MG_I64, out->dtype),
               static_cast<char *>(out->data),
               static_cast<int64_t>(mg_dtype_size(out->dtype)),
               element_count(*out),
               1,
               out->shape[dim]};
  for (int32_t k = dim + 1; k < out->rank; ++k)
    iota.inner *= out->shape[k];
  if (iota.count > 0)
    mg_parallel_for(iota.count > 32 * kBlock ? pool : nullptr, iota_block,
                    &iota, (iota.count + kBlock - 1) / kBlock);
  return MG_OK;
}

mg_status mg_rng_bits(const mg_array *key, const mg_array *out, mg_pool *pool) {
  MG_CHECK(valid(key) && valid_result(out) && key->rank == 1 &&
               (out->dtype == MG_U32 || out->dtype == MG_U64) &&
               ((key->dtype == MG_U64 && key->shape[0] == 2) ||
                (key->dtype == MG_U32 && key->shape[0] == 4)),
           MG_ERROR_SHAPE);
  Bits bits = {};
  Stream(*key).gather(0, key->shape[0], bits.key);
  bits.out = static_cast<char *>(out->data);
  bits.words =
      element_count(*out) * static_cast<int64_t>(mg_dtype_size(out->dtype) / 4);
  mg_parallel_for(pool, bits_task, &bits,
                  (bits.words + kWordsPerTask - 1) / kWordsPerTask);
  return MG_OK;
}
