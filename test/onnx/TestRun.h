//===- TestRun.h - many tests, each of which may end its process ----------===//
#ifndef MG_TEST_ONNX_TESTRUN_H
#define MG_TEST_ONNX_TESTRUN_H

#include <functional>
#include <string>
#include <vector>

namespace mg::onnxtests {

/// Broken: the files cannot be read, or contradict each other.
enum class Verdict : int { Pass, Unsupported, Broken, Wrong, Crashed };

struct Outcome {
  Verdict verdict = Verdict::Crashed;
  /// Which signal, which error; of one that passed, which inputs were fixed.
  std::string reason = {};
  double seconds = 0;
};

/// Runs `test(i)`, whose answer is an exit status as mgc's, for each i below
/// `count` in `jobs` processes at once; what it prints is the reason. A
/// process that dies takes one test along, and another goes on with the next.
/// One that takes longer than `limit` seconds dies.
std::vector<Outcome> runTests(std::size_t count, int jobs, unsigned limit,
                              const std::function<int(std::size_t)> &test);

} // namespace mg::onnxtests

#endif // MG_TEST_ONNX_TESTRUN_H
