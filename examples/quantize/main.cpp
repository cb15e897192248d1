// quantize-cnn DATA FOLDER [EPOCHS]: trains the convolutional network of
// train-digits and writes what `mgc quantize` wants into FOLDER: cnn.mlir,
// cnn.safetensors, and the test images and labels as data/x.npy and
// data/labels.npy.
#include "../train-digits/models.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

Cnn trained(const std::string &data, int epochs) {
  auto improve = mg::jit(step<Cnn>);
  Cnn model = Cnn::init(mg::Key(0));
  auto state = Adam{}.init(model);
  mg::data::DataLoader loader(
      mg::data::TensorDataset(mg::io::load_npy(data + "/train_images.npy"),
                              mg::io::load_npy(data + "/train_labels.npy")),
      {.batch_size = 64, .shuffle = true, .drop_last = true});
  mg::Tensor loss;
  for (int epoch = 0; epoch < epochs; ++epoch)
    for (auto [x, y] : loader)
      std::tie(model, state, loss) =
          improve(std::move(model), std::move(state), x, y);
  return model;
}

} // namespace

int main(int argc, char **argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: quantize-cnn DATA FOLDER [EPOCHS]\n");
    return 2;
  }
  const std::string data = argv[1], folder = argv[2];
  const Cnn model = trained(data, argc > 3 ? std::atoi(argv[3]) : 20);
  std::filesystem::create_directories(folder + "/data");
  mg::save(folder + "/cnn.safetensors", model);
  std::ofstream(folder + "/cnn.mlir") << mg::aot::to_mlir(
      "cnn",
      {mg::aot::entry(
          "infer", [](Cnn m, mg::Tensor x) { return m(x); },
          mg::aot::weights(model), mg::aot::input("x", mg::spec({360, 64})))});
  mg::io::save_npy(folder + "/data/x.npy",
                   mg::io::load_npy(data + "/test_images.npy"));
  mg::io::save_npy(folder + "/data/labels.npy",
                   mg::io::load_npy(data + "/test_labels.npy"));
} catch (const std::exception &e) {
  std::fprintf(stderr, "quantize-cnn: %s\n", e.what());
  return 1;
}
