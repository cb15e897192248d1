//===- Threads.h - the pool of eager ops and compiled functions -----------===//
#ifndef MG_FRONTEND_DSL_THREADS_H
#define MG_FRONTEND_DSL_THREADS_H

#include "minigrad/pool.h"

#include <memory>

namespace mg::detail {

/// The process' pool, made at first use; hold it while using it. Null: one
/// thread.
std::shared_ptr<mg_pool> currentPool();

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_THREADS_H
