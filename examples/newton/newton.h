// Logistic regression by Newton's method. The second derivatives are one call,
// `hessian`; the step solves H d = g by conjugate gradients, a `scan`.
#ifndef MG_EXAMPLES_NEWTON_H
#define MG_EXAMPLES_NEWTON_H

#include <mg/mg.h>

struct Set {
  mg::Tensor x; // (images, 65): the pixels, then a one
  mg::Tensor y; // 1 where the digit is less than five, else -1
};

inline mg::Tensor logistic_loss(mg::Tensor w, Set set) {
  const float decay = 1e-3f;
  return mean(softplus(-set.y * matmul(set.x, w))) + decay / 2 * sum(w * w);
}

struct Search {
  mg::Tensor d, residual, direction;
};
/// d with H d = g, for a positive H: n steps of conjugate gradients.
inline mg::Tensor solve(mg::Tensor H, mg::Tensor g) {
  auto step = [H](Search s, mg::Nothing) {
    mg::Tensor Hp = matmul(H, s.direction),
               before = sum(s.residual * s.residual),
               length = before / (sum(s.direction * Hp) + 1e-30f),
               residual = s.residual - length * Hp,
               turn = sum(residual * residual) / (before + 1e-30f);
    return std::pair{Search{s.d + length * s.direction, residual,
                            residual + turn * s.direction},
                     length};
  };
  return mg::scan(step, Search{zeros_like(g), g, g}, mg::nothing,
                  {.length = g.size()})
      .first.d;
}

/// The next w, the loss and the length of the gradient before it.
inline std::tuple<mg::Tensor, mg::Tensor, mg::Tensor> newton_step(mg::Tensor w,
                                                                  Set set) {
  auto [value, g] = mg::value_and_grad(logistic_loss)(w, set);
  return {w - solve(mg::hessian(logistic_loss)(w, set), g), value,
          sqrt(sum(g * g))};
}

#endif // MG_EXAMPLES_NEWTON_H
