// MobileNetV2: (n, 3, size, size) images -> (n, classes) logits.
#pragma once
#include "convolved.h"

#include <vector>

namespace models {

inline mg::Tensor relu6(mg::Tensor x) { return clip(x, 0, 6); }

/// Wide in the middle, where each channel is convolved by itself.
struct Inverted {
  std::optional<Convolved> expand;
  Convolved middle, project;
  bool is_residual;

  static Inverted init(const mg::Key &key, std::int64_t in, std::int64_t out,
                       std::int64_t factor, std::int64_t stride) {
    const std::int64_t wide = factor * in;
    Inverted block{
        {},
        Convolved::init(key.fold(1), wide, wide, 3, stride, /*groups=*/wide),
        Convolved::init(key.fold(2), wide, out, 1),
        stride == 1 && in == out};
    if (factor != 1)
      block.expand = Convolved::init(key.fold(0), in, wide, 1);
    return block;
  }
  mg::Tensor operator()(mg::Tensor x) const {
    const mg::Tensor wide = expand ? relu6((*expand)(x)) : x;
    const mg::Tensor y = project(relu6(middle(wide)));
    return is_residual ? x + y : y;
  }
};

struct Mobilenet {
  struct Stage {
    std::int64_t factor, out;
    int blocks;
    std::int64_t stride;
  };
  struct Sizes {
    std::int64_t first = 32, last = 1280, classes = 1000;
    std::vector<Stage> stages = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2},
                                 {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2},
                                 {6, 320, 1, 1}};
  };
  Convolved stem;
  std::vector<Inverted> blocks;
  Convolved last;
  mg::nn::Linear head;

  static Mobilenet init(const mg::Key &key, const Sizes &sizes) {
    std::int64_t in = sizes.first;
    std::vector<Inverted> blocks;
    for (const Stage &stage : sizes.stages)
      for (int i = 0; i < stage.blocks; ++i) {
        blocks.push_back(
            Inverted::init(key.fold(3 + static_cast<int>(blocks.size())), in,
                           stage.out, stage.factor, i == 0 ? stage.stride : 1));
        in = stage.out;
      }
    return {Convolved::init(key.fold(0), 3, sizes.first, 3, 2),
            std::move(blocks), Convolved::init(key.fold(1), in, sizes.last, 1),
            mg::nn::Linear::init(key.fold(2), sizes.last, sizes.classes)};
  }
  mg::Tensor operator()(mg::Tensor x) const {
    x = relu6(stem(x));
    for (const Inverted &block : blocks)
      x = block(x);
    return head(mean(relu6(last(x)), {2, 3}));
  }
};

} // namespace models
