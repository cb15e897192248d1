// Layers of perceptrons with ReLU between them: (n, sizes[0]) -> (n, sizes[k]).
#pragma once
#include <mg/mg.h>

#include <vector>

namespace models {

struct Mlp {
  using Sizes = std::vector<std::int64_t>;
  std::vector<mg::nn::Linear> layers;

  static Mlp init(const mg::Key &key, const Sizes &sizes) {
    Mlp model;
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      model.layers.push_back(mg::nn::Linear::init(key.fold(static_cast<int>(i)),
                                                  sizes[i], sizes[i + 1]));
    return model;
  }
  mg::Tensor operator()(mg::Tensor x) const {
    for (std::size_t i = 0; i + 1 < layers.size(); ++i)
      x = relu(layers[i](x));
    return layers.back()(x);
  }
};

} // namespace models
