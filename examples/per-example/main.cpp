// per-example DATA: the gradient of each single image by `vmap` of `grad`, on
// the trained network of the digits. Its norm says what the network finds
// hard; clipped to a common norm, the mean is the gradient of private training.
#include "report.h"

#include <cstdio>
#include <string>

int main(int argc, char **argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: per-example DATA\n");
    return 2;
  }
  const std::string data = argv[1];
  auto model = mg::load<Mlp>(data + "/mlp.safetensors");
  auto images = mg::io::load_npy(data + "/test_images.npy");
  auto labels = mg::io::load_npy(data + "/test_labels.npy");
  Report report = mg::jit(examine)(model, images, labels);

  // The same, one image at a time.
  auto one = mg::jit([](Mlp m, mg::Tensor image, mg::Tensor label) {
    return sqrt(square_norm(mg::grad(image_loss)(m, image, label)));
  });
  double worst = 0;
  for (int i = 0; i < 40; ++i) {
    const double norm = one(model, images[i], labels[i]).item<double>(),
                 mapped = report.norms[i].item<double>();
    worst = std::max(worst, std::abs(norm - mapped));
  }
  std::printf("largest difference from a loop: %.1e\n", worst);

  mg::Tensor wrong = argmax(model(images), 1) != labels;
  auto mean_norm = [&](mg::Tensor chosen) {
    mg::Tensor weight = astype(chosen, mg::DType::f32);
    return (sum(report.norms * weight) / sum(weight)).item<double>();
  };
  std::printf("mean norm: %.2f where it is right, %.2f where it is wrong\n",
              mean_norm(!wrong), mean_norm(wrong));
  mg::Tensor hardest = topk(report.norms, 31).indices;
  std::printf("of the 31 largest, %d are of images it gets wrong\n",
              sum(astype(wrong[hardest], mg::DType::i32)).item<int>());
  std::printf("norm of the clipped mean: %.4f\n",
              sqrt(square_norm(report.clipped)).item<double>());
} catch (const std::exception &e) {
  std::fprintf(stderr, "per-example: %s\n", e.what());
  return 1;
}
