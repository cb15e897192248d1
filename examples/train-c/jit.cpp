// train-jit DATA EPOCHS SEED LOSSES: the same training as main.c, with the
// same functions through mg::jit; writes the loss of each step, as bits.
#include "order.h"
#include "program.h"

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

int main(int argc, char **argv) try {
  if (argc != 5) {
    std::fprintf(stderr, "usage: train-jit DATA EPOCHS SEED LOSSES\n");
    return 2;
  }
  const std::string data = argv[1];
  const mg::Tensor images = mg::io::load_npy(data + "/train_images.npy");
  const mg::Tensor labels = mg::io::load_npy(data + "/train_labels.npy");
  const int epochs = std::atoi(argv[2]), seed = std::atoi(argv[3]);

  std::vector<int> order(IMAGES);
  std::iota(order.begin(), order.end(), 0);
  auto random = std::uint32_t(seed) + 1;
  auto improve = mg::jit(step<Mlp>);
  auto [model, state] = mg::jit(begin)(seed);
  std::vector<mg::Tensor> losses;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    shuffle(order.data(), &random);
    const mg::Tensor shuffled = mg::from(order);
    for (int at = 0; at < BATCHES * BATCH; at += BATCH) {
      const mg::Tensor batch = shuffled[mg::slice(at, at + BATCH)];
      mg::Tensor l;
      std::tie(model, state, l) =
          improve(std::move(model), std::move(state), take(images, batch),
                  take(labels, batch));
      losses.push_back(l);
    }
  }

  const auto bits = stack(losses).to_vector<float>();
  std::FILE *file = std::fopen(argv[4], "wb");
  const bool done =
      file && std::fwrite(bits.data(), 4, bits.size(), file) == bits.size();
  if (!file || std::fclose(file) != 0 || !done) {
    std::fprintf(stderr, "train-jit: cannot write %s\n", argv[4]);
    return 6;
  }
} catch (const std::exception &e) {
  std::fprintf(stderr, "train-jit: %s\n", e.what());
  return 1;
}
