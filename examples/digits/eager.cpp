// digits-eager DATA [--threads N]: the test images op by op and just in time,
// with the time of each.
#include "model.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

static int correct(mg::Tensor logits, mg::Tensor labels) {
  return sum(astype(argmax(logits, 1) == labels, mg::DType::i32)).item<int>();
}

template <class F> static double best_seconds(F f) {
  double best = 1e9;
  for (int i = 0; i < 200; ++i) {
    auto start = std::chrono::steady_clock::now();
    f();
    std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

int main(int argc, char **argv) try {
  if (argc != 2 && !(argc == 4 && std::string(argv[2]) == "--threads")) {
    std::fprintf(stderr, "usage: digits-eager DATA [--threads N]\n");
    return 2;
  }
  mg::set_num_threads(argc == 4 ? std::atoi(argv[3]) : 1);
  const std::string data = argv[1];
  auto model = mg::load<Mlp>(data + "/mlp.safetensors");
  auto images = mg::io::load_npy(data + "/test_images.npy");
  auto labels = mg::io::load_npy(data + "/test_labels.npy");
  auto exact = mg::io::load_npy(data + "/mlp_logits.npy");
  auto infer = [](Mlp m, mg::Tensor x) { return m(x); };
  auto compiled = mg::jit(infer);

  auto report = [&](const char *how, auto &&f) {
    mg::Tensor logits = f(model, images);
    std::printf("%s %8.1f us, %d of %d correct, largest difference %.2g\n", how,
                1e6 * best_seconds([&] { f(model, images); }),
                correct(logits, labels), int(labels.size()),
                max(abs(logits - exact)).item<float>());
  };
  report("eager:   ", infer);
  report("jit:     ", compiled);
} catch (const std::exception &e) {
  std::fprintf(stderr, "digits-eager: %s\n", e.what());
  return 1;
}
