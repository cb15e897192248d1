// What each single image says of a network: `vmap` of `grad`.
#ifndef MG_EXAMPLES_PER_EXAMPLE_REPORT_H
#define MG_EXAMPLES_PER_EXAMPLE_REPORT_H

#include "../digits/model.h"

inline mg::Tensor image_loss(Mlp model, mg::Tensor image, mg::Tensor label) {
  return sum(
      cross_entropy(model(reshape(image, {1, 64})), reshape(label, {1})));
}

inline mg::Tensor square_norm(const Mlp &gradient) {
  mg::Tensor total = 0.0f;
  for (const mg::Tensor &leaf : mg::flatten(gradient))
    total = total + sum(leaf * leaf);
  return total;
}

struct Report {
  mg::Tensor norms; // of the gradient of each image
  Mlp clipped;      // the mean of the gradients, each of norm 1 at most
};
inline Report examine(Mlp model, mg::Tensor images, mg::Tensor labels) {
  Mlp each = mg::vmap(mg::grad(image_loss),
                      {.in = {mg::none, 0, 0}})(model, images, labels);
  mg::Tensor norms = sqrt(mg::vmap(square_norm)(each)),
             scale = 1 / maximum(norms, 1.0f);
  auto shrunk = [](Mlp gradient, mg::Tensor by) {
    return mg::map([&](const mg::Tensor &t) { return t * by; }, gradient);
  };
  Mlp small = mg::vmap(shrunk)(each, scale);
  return {norms,
          mg::map([](const mg::Tensor &t) { return mean(t, 0); }, small)};
}

#endif // MG_EXAMPLES_PER_EXAMPLE_REPORT_H
