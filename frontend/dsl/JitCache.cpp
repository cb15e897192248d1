//===- JitCache.cpp - what was compiled, by key ---------------------------===//
#include "frontend/tensor/Value.h"
#include "mg/jit.h"

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
  std::atomic<int> traces{0}, calls{0}, donated{0};
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

void JitCache::count_call(int donated) {
  ++state_->calls;
  state_->donated += donated;
}
JitStats JitCache::stats() const {
  return {state_->traces, state_->calls, state_->donated};
}

int count_unique(const Leaves &leaves) {
  int n = 0; // two owners: the argument, and `leaves`
  for (const Tensor &t : leaves)
    n += !t.empty() && t.value()->references == 2 &&
         t.value()->array.owner.use_count() == 1;
  return n;
}

} // namespace mg::detail
