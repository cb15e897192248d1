//===- Folding.h - ops on known values, computed while tracing ------------===//
#ifndef MG_FRONTEND_DSL_FOLDING_H
#define MG_FRONTEND_DSL_FOLDING_H

#include <cstddef>

namespace mg::detail {

/// Results larger than this are computed where the program runs.
inline constexpr std::size_t maxFoldedBytes = std::size_t(1) << 20;
/// So are those larger than this that have more than twice the bytes of what
/// they are computed of: an iota, a vector spread over an image. A kernel makes
/// their elements where it needs them.
inline constexpr std::size_t maxGrownBytes = 4096;

/// While alive, an op of this thread whose operands all have values is computed
/// at once though a trace is open, unless its results are large. An importer
/// wants this: shapes that a graph computes are values then, and so is what
/// depends on weights alone. Traces of C++ do without: there the user says by
/// `jit` what is to be compiled.
class Folding {
public:
  Folding() : outer(on) { on = true; }
  ~Folding() { on = outer; }
  Folding(const Folding &) = delete;
  Folding &operator=(const Folding &) = delete;
  static bool isOn() { return on; }

private:
  static inline thread_local bool on = false;
  bool outer;
};

} // namespace mg::detail

#endif // MG_FRONTEND_DSL_FOLDING_H
