//===- Pool.h - threads for as long as a scope lasts ----------------------===//
#ifndef MG_FRONTEND_DRIVER_POOL_H
#define MG_FRONTEND_DRIVER_POOL_H

#include "minigrad/pool.h"

#include <memory>
#include <new>

namespace mg::driver {

/// One thread is no pool.
class Pool {
public:
  explicit Pool(std::size_t threads)
      : pool(threads == 1 ? nullptr : mg_pool_create(threads),
             mg_pool_destroy) {
    if (threads != 1 && !pool)
      throw std::bad_alloc();
  }
  mg_pool *get() const { return pool.get(); }

private:
  std::unique_ptr<mg_pool, decltype(&mg_pool_destroy)> pool;
};

} // namespace mg::driver

#endif // MG_FRONTEND_DRIVER_POOL_H
