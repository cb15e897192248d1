// ResNet-50: (n, 3, size, size) images -> (n, classes) logits.
#pragma once
#include "convolved.h"

#include <vector>

namespace models {

struct Bottleneck {
  Convolved reduce, middle, expand;
  std::optional<Convolved> shortcut; // where the shape changes

  static Bottleneck init(const mg::Key &key, std::int64_t in,
                         std::int64_t width, std::int64_t stride) {
    const std::int64_t out = 4 * width;
    Bottleneck block{Convolved::init(key.fold(0), in, width, 1),
                     Convolved::init(key.fold(1), width, width, 3, stride),
                     Convolved::init(key.fold(2), width, out, 1),
                     {}};
    if (stride != 1 || in != out)
      block.shortcut = Convolved::init(key.fold(3), in, out, 1, stride);
    return block;
  }
  mg::Tensor operator()(mg::Tensor x) const {
    const mg::Tensor y = expand(relu(middle(relu(reduce(x)))));
    return relu(y + (shortcut ? (*shortcut)(x) : x));
  }
};

struct Resnet {
  struct Sizes {
    std::int64_t width = 64, classes = 1000;
    std::vector<int> blocks = {3, 4, 6, 3};
  };
  Convolved stem;
  std::vector<Bottleneck> blocks;
  mg::nn::Linear head;

  static Resnet init(const mg::Key &key, const Sizes &sizes) {
    Resnet model{Convolved::init(key.fold(0), 3, sizes.width, 7, 2), {}, {}};
    std::int64_t in = sizes.width, width = sizes.width;
    for (std::size_t stage = 0; stage < sizes.blocks.size(); ++stage) {
      for (int i = 0; i < sizes.blocks[stage]; ++i) {
        const int number = static_cast<int>(model.blocks.size());
        model.blocks.push_back(
            Bottleneck::init(key.fold(2 + number), in, width,
                             /*stride=*/stage > 0 && i == 0 ? 2 : 1));
        in = 4 * width;
      }
      width *= 2;
    }
    model.head = mg::nn::Linear::init(key.fold(1), in, sizes.classes);
    return model;
  }
  mg::Tensor operator()(mg::Tensor x) const {
    x = max_pool(
        relu(stem(x)),
        {.window = {3, 3}, .stride = {2, 2}, .low = {1, 1}, .high = {1, 1}});
    for (const Bottleneck &block : blocks)
      x = block(x);
    return head(mean(x, {2, 3}));
  }
};

} // namespace models
