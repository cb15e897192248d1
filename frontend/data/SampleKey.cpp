//===- SampleKey.cpp - the random key of one sample -----------------------===//
//
// The key that `epoch.fold(i)` gives, without ops: a fold is seven of them, and
// a small sample takes less time than one.
//
//===----------------------------------------------------------------------===//
#include "mg/data.h"

#include "frontend/tensor/Value.h"
#include "minigrad/kernels.h"

#include <cstring>
#include <new>

namespace mg::data {

using Words = std::array<std::uint32_t, 4>;

static Words folded(Words words, std::uint32_t number) {
  words[2] ^= number + 1;
  words[3] ^= 0x9e3779b9;
  Words drawn;
  mg_array key{words.data(), MG_U32, 1, {4}, {1}}, out = key;
  out.data = drawn.data();
  if (mg_rng_bits(&key, &out, nullptr) != MG_OK)
    throw std::bad_alloc();
  return drawn;
}

Key detail::sample_key(const Key &epoch, std::int64_t i, Where where) {
  const eager::Array state = eager::rowMajor(
      mg::detail::known(epoch.state(), "DataLoader", where).array);
  Words words;
  std::memcpy(words.data(), state.view.data, sizeof words);
  const auto number = static_cast<std::uint64_t>(i);
  words = folded(words, static_cast<std::uint32_t>(number));
  if (number >> 32)
    words = folded(words, static_cast<std::uint32_t>(number >> 32));
  Key key = epoch;
  for_each_tensor(key, [&](Tensor &t) {
    t = from(std::vector<std::uint32_t>(words.begin(), words.end()), where);
  });
  return key;
}

} // namespace mg::data
