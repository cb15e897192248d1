//===- Prefetch.h - numbered pieces of work, made ahead by threads --------===//
//
// What a loader's threads do, without knowing what a batch is: nothing but the
// C++ library, so ThreadSanitizer sees all of it.
//
//===----------------------------------------------------------------------===//
#ifndef MG_FRONTEND_DATA_PREFETCH_H
#define MG_FRONTEND_DATA_PREFETCH_H

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace mg::data {

using Piece = std::shared_ptr<void>;

/// A piece was not there in time.
struct TimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Pieces from..count - 1 of a pass, in this order, each made by one call of
/// `make` on some thread. At most `ahead` pieces are being made or wait to be
/// taken. One thread owns this object.
class Prefetcher {
public:
  struct Options {
    int workers = 0; // 0: a piece is made when it is taken, by who takes it
    std::int64_t ahead = 1;
    double timeout = 0; // seconds to wait for a piece; 0: as long as it takes
    std::function<void(int)> init = {}; // first thing on worker i
    bool persistent = false;            // threads outlive a pass
  };
  using Make = std::function<Piece(std::int64_t)>;

  explicit Prefetcher(Options options) : options(std::move(options)) {}
  ~Prefetcher();
  Prefetcher(const Prefetcher &) = delete;
  Prefetcher &operator=(const Prefetcher &) = delete;

  /// Begins a pass; there is none now.
  void start(Make make, std::int64_t from, std::int64_t count);
  /// The next piece, or null at the end. Throws what `make` threw for it. Both
  /// end the pass.
  Piece next();
  /// Ends the pass if there is one: no thread is in `make` afterwards. (After a
  /// TimedOut threads are left behind that may be, and end when it returns.)
  void stop();

private:
  struct Shared;
  Piece take();
  void startThreads();
  void joinThreads();
  void abandonThreads();

  Options options;
  Make make; // of the pass
  std::int64_t taken = 0, count = 0;
  std::shared_ptr<Shared> shared;
  std::vector<std::thread> threads;
};

} // namespace mg::data

#endif // MG_FRONTEND_DATA_PREFETCH_H
