// newton DATA: logistic regression on the digits ("is it less than five?") by
// Newton's method (newton.h).
#include "newton.h"

#include <cstdio>
#include <string>

static Set load(const std::string &data, const std::string &part) {
  mg::Tensor pixels = mg::io::load_npy(data + "/" + part + "_images.npy"),
             digits = mg::io::load_npy(data + "/" + part + "_labels.npy");
  mg::Tensor one = mg::ones({pixels.size(0), 1});
  return {mg::concat({reshape(pixels, {pixels.size(0), -1}), one}, 1),
          mg::where(digits < 5, 1.0f, -1.0f)};
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
  auto newton = mg::jit(newton_step);
  auto descent = mg::jit([](mg::Tensor w, Set set) {
    return w - 1.0f * mg::grad(logistic_loss)(w, set);
  });

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
              logistic_loss(slow, train).item<double>());
  std::printf("accuracy: %.1f %% in training, %.1f %% in the test\n",
              accuracy(w, train), accuracy(w, test));
} catch (const std::exception &e) {
  std::fprintf(stderr, "newton: %s\n", e.what());
  return 1;
}
