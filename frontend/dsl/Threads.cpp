#include "frontend/dsl/Threads.h"

#include "mg/jit.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace mg {
namespace {

struct Pool {
  std::mutex mutex;
  std::shared_ptr<mg_pool> pool;
  bool made = false;

  void make(int threads) {
    made = true;
    pool.reset();
    if (threads != 1)
      pool.reset(mg_pool_create(static_cast<std::size_t>(std::max(threads, 0))),
                 [](mg_pool *p) { mg_pool_destroy(p); });
  }
};

Pool &shared() {
  // Never destroyed: a static tensor's destructor may still compute.
  static Pool &pool = *new Pool;
  return pool;
}

} // namespace

void set_num_threads(int threads) {
  std::lock_guard lock(shared().mutex);
  shared().make(threads);
}

std::shared_ptr<mg_pool> detail::currentPool() {
  std::lock_guard lock(shared().mutex);
  if (!shared().made) {
    const char *threads = std::getenv("MG_THREADS");
    shared().make(threads ? std::atoi(threads) : 0);
  }
  return shared().pool;
}

} // namespace mg
