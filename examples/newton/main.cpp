// newton DATA: logistic regression on the digits ("is it less than five?") by
// Newton's method. The second derivatives are one call, `hessian`; the step
// solves H d = g by conjugate gradients, a `scan`.
#include <mg/mg.h>

#include <cstdio>
#include <string>

struct Set {
  mg::Tensor x; // (images, 65): the pixels, then a one
  mg::Tensor y; // 1 where the digit is less than five, else -1
};

static Set load(const std::string &data, const std::string &part) {
  mg::Tensor pixels = mg::io::load_npy(data + "/" + part + "_images.npy"),
             digits = mg::io::load_npy(data + "/" + part + "_labels.npy");
  mg::Tensor one = mg::ones({pixels.size(0), 1});
  return {mg::concat({reshape(pixels, {pixels.size(0), -1}), one}, 1),
          mg::where(digits < 5, 1.0f, -1.0f)};
}

static mg::Tensor loss(mg::Tensor w, Set set) {
  const float decay = 1e-3f;
  return mean(softplus(-set.y * matmul(set.x, w))) + decay / 2 * sum(w * w);
}

struct Search {
  mg::Tensor d, residual, direction;
};
/// d with H d = g, for a positive H: n steps of conjugate gradients.
static mg::Tensor solve(mg::Tensor H, mg::Tensor g) {
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

static double accuracy(mg::Tensor w, const Set &set) {
  mg::Tensor right = matmul(set.x, w) * set.y > 0;
  return 100 * mean(astype(right, mg::DType::f32)).item<double>();
}

int main(int argc, char **argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: newton DATA\n");
    return 2;
  }
  mg::set_num_threads(1); // the steps are small
  const Set train = load(argv[1], "train"), test = load(argv[1], "test");
  auto newton = mg::jit([](mg::Tensor w, Set set) {
    auto [value, g] = mg::value_and_grad(loss)(w, set);
    return std::tuple{w - solve(mg::hessian(loss)(w, set), g), value,
                      sqrt(sum(g * g))};
  });
  auto descent = mg::jit(
      [](mg::Tensor w, Set set) { return w - 1.0f * mg::grad(loss)(w, set); });

  mg::Tensor w = mg::zeros({train.x.size(1)}), slow = w;
  std::printf("step       loss   gradient\n");
  for (int i = 0; i < 8; ++i) {
    auto [next, value, slope] = newton(w, train);
    std::printf("%4d %10.6f %10.2e\n", i, value.item<double>(),
                slope.item<double>());
    w = next;
  }
  const int steps = 1000;
  for (int i = 0; i < steps; ++i)
    slow = descent(slow, train);
  std::printf("%d steps of gradient descent: loss %.6f\n", steps,
              loss(slow, train).item<double>());
  std::printf("accuracy: %.1f %% in training, %.1f %% in the test\n",
              accuracy(w, train), accuracy(w, test));
} catch (const std::exception &e) {
  std::fprintf(stderr, "newton: %s\n", e.what());
  return 1;
}
