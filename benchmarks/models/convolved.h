// A convolution and the batch norm after it, as inference uses them: the
// running statistics are constants.
#pragma once
#include <mg/mg.h>

namespace models {

struct Convolved {
  mg::nn::Conv conv;
  mg::nn::BatchNorm norm;

  /// Square kernels, padded to keep the size where the stride is 1.
  static Convolved init(const mg::Key &key, std::int64_t in, std::int64_t out,
                        std::int64_t kernel, std::int64_t stride = 1,
                        std::int64_t groups = 1) {
    return {mg::nn::Conv::init(key, {.in = in,
                                     .out = out,
                                     .kernel = {kernel, kernel},
                                     .groups = groups,
                                     .stride = {stride, stride},
                                     .padding = {kernel / 2, kernel / 2},
                                     .bias = false}),
            mg::nn::BatchNorm::init(out)};
  }
  mg::Tensor operator()(mg::Tensor x) const {
    return norm(conv(x), mg::nn::Mode::eval).first;
  }
};

} // namespace models
