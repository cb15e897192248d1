//===- Prefetch.cpp - numbered pieces of work, made ahead by threads ------===//
#include "frontend/data/Prefetch.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace mg::data {

namespace {

struct Result {
  Piece piece;
  std::exception_ptr error;
};

Result resultOf(const Prefetcher::Make &make, std::int64_t number) {
  try {
    return {make(number), nullptr};
  } catch (...) {
    return {nullptr, std::current_exception()};
  }
}

} // namespace

/// Threads hold a share of it, so those left behind after a timeout have what
/// they need. Everything below the mutex is guarded by it.
struct Prefetcher::Shared {
  Shared(std::function<void(int)> init, std::int64_t ahead)
      : init(std::move(init)), results(static_cast<std::size_t>(ahead)) {}

  void work(int worker);
  void runPieces();

  const std::function<void(int)> init;
  std::mutex mutex;
  std::condition_variable workChanged, resultsChanged;
  bool quit = false;
  std::exception_ptr initError;
  /// Null between passes.
  std::shared_ptr<const Make> make;
  std::int64_t issued = 0, taken = 0, count = 0;
  int busy = 0; // threads in `make`
  /// Piece n stands at n modulo their number, which bounds those in flight.
  std::vector<std::optional<Result>> results;

  std::optional<Result> &slot(std::int64_t n) {
    return results[static_cast<std::size_t>(n) % results.size()];
  }
  bool hasWork() const {
    return make && issued < count &&
           issued - taken < static_cast<std::int64_t>(results.size());
  }
};

void Prefetcher::Shared::work(int worker) {
  try {
    if (init)
      init(worker);
    runPieces();
  } catch (...) {
    const std::lock_guard lock(mutex);
    initError = std::current_exception();
    resultsChanged.notify_all();
  }
}

void Prefetcher::Shared::runPieces() {
  std::unique_lock lock(mutex);
  for (;;) {
    workChanged.wait(lock, [&] { return quit || hasWork(); });
    if (quit)
      return;
    std::shared_ptr<const Make> ours = make;
    const std::int64_t number = issued++;
    ++busy;
    lock.unlock();
    Result result = resultOf(*ours, number);
    ours.reset(); // its destructor may do anything: not under the lock
    lock.lock();
    slot(number) = std::move(result);
    --busy;
    resultsChanged.notify_all();
  }
}

Prefetcher::~Prefetcher() {
  stop();
  joinThreads();
}

void Prefetcher::start(Make given, std::int64_t from, std::int64_t end) {
  stop();
  make = std::move(given);
  taken = from;
  count = end;
  if (options.workers == 0)
    return;
  if (threads.empty())
    startThreads();
  const std::lock_guard lock(shared->mutex);
  shared->make = std::make_shared<const Make>(make);
  shared->issued = shared->taken = from;
  shared->count = end;
  shared->workChanged.notify_all();
}

Piece Prefetcher::next() {
  if (!make || taken >= count) {
    stop();
    return nullptr;
  }
  try {
    Piece piece = options.workers == 0 ? make(taken) : take();
    ++taken;
    return piece;
  } catch (...) {
    stop();
    throw;
  }
}

Piece Prefetcher::take() {
  std::unique_lock lock(shared->mutex);
  std::optional<Result> &slot = shared->slot(taken);
  auto isThere = [&] { return slot || shared->initError; };
  if (options.timeout <= 0) {
    shared->resultsChanged.wait(lock, isThere);
  } else if (!shared->resultsChanged.wait_for(
                 lock, std::chrono::duration<double>(options.timeout),
                 isThere)) {
    lock.unlock();
    abandonThreads();
    throw TimedOut("timed out");
  }
  if (!slot)
    std::rethrow_exception(shared->initError);
  Result result = std::move(*slot);
  slot.reset();
  ++shared->taken;
  shared->workChanged.notify_one();
  lock.unlock();
  if (result.error)
    std::rethrow_exception(result.error);
  return std::move(result.piece);
}

void Prefetcher::stop() {
  make = nullptr;
  if (threads.empty())
    return;
  std::vector<std::optional<Result>> unwanted(shared->results.size());
  bool failed;
  {
    std::unique_lock lock(shared->mutex);
    shared->make = nullptr;
    shared->resultsChanged.wait(lock, [&] { return shared->busy == 0; });
    std::swap(shared->results, unwanted);
    failed = shared->initError != nullptr;
  }
  if (!options.persistent || failed)
    joinThreads();
}

void Prefetcher::startThreads() {
  shared = std::make_shared<Shared>(options.init, options.ahead);
  for (int i = 0; i < options.workers; ++i)
    threads.emplace_back([shared = shared, i] { shared->work(i); });
}

void Prefetcher::joinThreads() {
  if (threads.empty())
    return;
  {
    const std::lock_guard lock(shared->mutex);
    shared->quit = true;
    shared->workChanged.notify_all();
  }
  for (std::thread &thread : threads)
    thread.join();
  threads.clear();
}

void Prefetcher::abandonThreads() {
  {
    const std::lock_guard lock(shared->mutex);
    shared->quit = true;
    shared->make = nullptr;
    shared->workChanged.notify_all();
  }
  for (std::thread &thread : threads)
    thread.detach();
  threads.clear();
}

} // namespace mg::data
