// U-Net: (n, 3, size, size) images -> (n, classes, size, size) logits. Levels
// halve the image and double the channels; on the way back each gets what its
// level had.
#pragma once
#include "convolved.h"

#include <vector>

namespace models {

struct Twice {
  Convolved first, second;
  static Twice init(const mg::Key &key, std::int64_t in, std::int64_t out) {
    return {Convolved::init(key.fold(0), in, out, 3),
            Convolved::init(key.fold(1), out, out, 3)};
  }
  mg::Tensor operator()(mg::Tensor x) const {
    return relu(second(relu(first(x))));
  }
};

struct Rise {
  mg::nn::ConvTranspose larger;
  Twice twice;
  static Rise init(const mg::Key &key, std::int64_t out) {
    return {
        mg::nn::ConvTranspose::init(
            key.fold(0),
            {.in = 2 * out, .out = out, .kernel = {2, 2}, .stride = {2, 2}}),
        Twice::init(key.fold(1), 2 * out, out)};
  }
  mg::Tensor operator()(mg::Tensor x, mg::Tensor beside) const {
    return twice(mg::concat({beside, larger(x)}, 1));
  }
};

struct Unet {
  struct Sizes {
    std::int64_t width = 32, classes = 2;
    int levels = 4;
  };
  std::vector<Twice> down; // the last one is the bottom
  std::vector<Rise> up;
  mg::nn::Conv head;

  static Unet init(const mg::Key &key, const Sizes &sizes) {
    Unet model;
    std::int64_t in = 3, out = sizes.width;
    for (int i = 0; i <= sizes.levels; ++i) {
      model.down.push_back(Twice::init(key.fold(i), in, out));
      in = out, out *= 2;
    }
    for (int i = 0; i < sizes.levels; ++i)
      model.up.push_back(Rise::init(key.fold(100 + i), in /= 2));
    model.head = mg::nn::Conv::init(
        key.fold(99), {.in = in, .out = sizes.classes, .kernel = {1, 1}});
    return model;
  }
  mg::Tensor operator()(mg::Tensor x) const {
    std::vector<mg::Tensor> beside;
    for (std::size_t i = 0; i < down.size(); ++i) {
      if (i > 0)
        x = max_pool(x, {.window = {2, 2}});
      beside.push_back(x = down[i](x));
    }
    beside.pop_back();
    for (const Rise &rise : up) {
      x = rise(x, beside.back());
      beside.pop_back();
    }
    return head(x);
  }
};

} // namespace models
