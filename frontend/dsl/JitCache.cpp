//===- JitCache.cpp - what was compiled, by key ---------------------------===//
#include "frontend/eager/Memory.h"
#include "frontend/tensor/Value.h"
#include "mg/jit.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>

namespace mg::detail {

struct JitCache::State {
  /// call_once: of two threads with the same new key one traces, the other
  /// waits; a trace that throws leaves the next caller to try.
  struct Slot {
    std::once_flag once;
    Entry entry;
  };
  std::mutex mutex;
  std::unordered_map<std::string, std::unique_ptr<Slot>> slots;
  std::atomic<int> traces{0}, calls{0}, donated{0}, inPlace{0};
};

JitCache::JitCache() : state_(std::make_shared<State>()) {}

const JitCache::Entry &JitCache::entry(const std::string &key,
                                       const std::function<Entry()> &trace) {
  State::Slot *slot;
  {
    std::lock_guard lock(state_->mutex);
    auto &found = state_->slots[key];
    if (!found)
      found = std::make_unique<State::Slot>();
    slot = found.get();
  }
  std::call_once(slot->once, [&] {
    slot->entry = trace();
    ++state_->traces;
  });
  return slot->entry;
}

void JitCache::count_call(const Gifts &gifts, int in_place) {
  ++state_->calls;
  state_->donated +=
      static_cast<int>(std::count(gifts.begin(), gifts.end(), true));
  state_->inPlace += in_place;
}
JitStats JitCache::stats() const {
  return {state_->traces, state_->calls, state_->donated, state_->inPlace};
}

static bool isUnique(const Tensor &t) {
  // Two owners: the argument, and the leaves.
  if (t.empty() || t.value()->references != 2)
    return false;
  const eager::Array &array = t.value()->array;
  return array.owner.use_count() == 1 && array.isRowMajor() &&
         eager::isTakenMemory(array.owner);
}

Gifts only_unique(const Leaves &leaves, Gifts given) {
  for (std::size_t i = 0; i < leaves.size(); ++i)
    given[i] = given[i] && isUnique(leaves[i]);
  return given;
}

std::string key_of_gifts(const Gifts &gifts) {
  if (std::find(gifts.begin(), gifts.end(), true) == gifts.end())
    return {};
  std::string key = "|";
  for (bool given : gifts)
    key += given ? '1' : '0';
  return key;
}

} // namespace mg::detail
