// Two networks for 8x8 images of digits, and one step of their training: plain
// functions over plain structs, for any model that is called like one of these.
#pragma once
#include <mg/mg.h>

/// 64 pixels -> 64 -> 10 logits.
struct Mlp {
  mg::nn::Linear fc1, fc2;

  static Mlp init(const mg::Key &key) {
    return {mg::nn::Linear::init(key.fold(0), 64, 64),
            mg::nn::Linear::init(key.fold(1), 64, 10)};
  }
  mg::Tensor operator()(mg::Tensor x) const { return fc2(relu(fc1(x))); }
};

/// Two convolutions of 3x3, each halved by a maximum, and a layer of logits.
struct Cnn {
  mg::nn::Conv conv1, conv2;
  mg::nn::Linear fc;

  static Cnn init(const mg::Key &key) {
    using mg::nn::Conv;
    return {
        Conv::init(key.fold(0),
                   {.in = 1, .out = 16, .kernel = {3, 3}, .padding = {1, 1}}),
        Conv::init(key.fold(1),
                   {.in = 16, .out = 32, .kernel = {3, 3}, .padding = {1, 1}}),
        mg::nn::Linear::init(key.fold(2), 32 * 2 * 2, 10)};
  }
  mg::Tensor operator()(mg::Tensor x) const {
    mg::Tensor h = reshape(x, {-1, 1, 8, 8});
    h = max_pool(relu(conv1(h)), {.window = {2, 2}});
    h = max_pool(relu(conv2(h)), {.window = {2, 2}});
    return fc(reshape(h, {-1, 32 * 2 * 2}));
  }
};

template <class Model>
mg::Tensor loss(Model model, mg::Tensor x, mg::Tensor y) {
  return mean(cross_entropy(model(x), y));
}

using mg::optim::Adam;

/// {model, optimizer's state, loss before the step}.
template <class Model>
std::tuple<Model, Adam::State<Model>, mg::Tensor>
step(Model model, Adam::State<Model> state, mg::Tensor x, mg::Tensor y) {
  auto [l, gradient] = mg::value_and_grad(loss<Model>)(model, x, y);
  return Adam{.lr = 1e-3}.update(gradient, state, model, l);
}
