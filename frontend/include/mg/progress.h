// A line that tells how training goes, on a terminal:
//
//   epoch 2/3  120/938 [=====>     ]  loss 0.1234  5.2k samples/s  0:12 left
#pragma once
#include <cstdint>
#include <memory>

#include "mg/tensor.h"

namespace mg {

struct ProgressOptions {
  /// Steps of an epoch; 0: not known.
  std::int64_t total = 0;
  /// 0: not known.
  std::int64_t epochs = 0;
  /// Samples of a step; 0: the rate is in steps.
  std::int64_t batch_size = 0;
  /// A line that stays at the end of each epoch, on anything.
  bool line_per_epoch = false;
  /// Nothing is drawn for what takes less, in seconds.
  double delay = 1;
  /// Where to: standard error.
  int descriptor = 2;
};

/// Redraws one line in place, at most ten times a second, and reads the loss
/// only then. Draws nothing where there is no terminal. The line never wraps,
/// and is gone with the object.
class Progress {
public:
  explicit Progress(const ProgressOptions &options = {});
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// `step` steps were done: those of all epochs, from 1.
  void update(std::int64_t step, const Tensor &loss,
              Where where = Where::current());
  void update(std::int64_t step);
  /// Removes the line until the next update, for other text.
  void clear();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace mg
