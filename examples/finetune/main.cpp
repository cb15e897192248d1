// finetune MODEL.onnx DATA [EPOCHS]: goes on with the training of somebody
// else's network. It knows dark digits on white; here they are white on dark.
#include <mg/mg.h>
#include <mg/onnx.h>

#include <cstdio>
#include <cstdlib>

using mg::Tensor;
using mg::onnx::Weights;
using Adam = mg::optim::Adam;

namespace {

constexpr int batch_size = 64;

int correct(const mg::onnx::Network &net, const Weights &weights, Tensor images,
            Tensor labels) {
  const Tensor logits = net(weights, {images})[0];
  return sum(astype(argmax(logits, 1) == labels, mg::DType::i32)).item<int>();
}

int run(const std::string &model, const std::string &data, int epochs) {
  const auto net = mg::onnx::load(model);
  auto load = [&](const char *name) {
    return mg::io::load_npy(data + "/" + name);
  };
  const Tensor images = 1 - load("train_images.npy"),
               labels = load("train_labels.npy"),
               test_images = 1 - load("test_images.npy"),
               test_labels = load("test_labels.npy");

  const auto loss = [&](const Weights &w, Tensor x, Tensor y) {
    return mean(cross_entropy(net(w, {x})[0], y));
  };
  const Adam adam{.lr = 5e-3f};
  const auto step =
      mg::jit([&](Weights w, Adam::State<Weights> s, Tensor x, Tensor y) {
        auto [l, gradient] = mg::value_and_grad(loss)(w, x, y);
        return adam.update(gradient, s, w, l);
      });

  Weights weights = net.weights();
  auto state = adam.init(weights);
  const auto report = [&](int epoch) {
    std::printf("after %d epochs: %d of %d correct\n", epoch,
                correct(net, weights, test_images, test_labels),
                static_cast<int>(test_labels.size()));
  };
  report(0);
  const auto batches = static_cast<int>(images.size(0) / batch_size);
  for (int epoch = 1; epoch <= epochs; ++epoch)
    for (int i = 0; i < batches; ++i) {
      const auto rows = mg::slice(i * batch_size, (i + 1) * batch_size);
      auto [w, s, l] = step(weights, state, images[rows], labels[rows]);
      weights = w, state = s;
    }
  report(epochs);
  return 0;
}

} // namespace

int main(int count, char **arguments) {
  if (count < 3 || count > 4) {
    std::fprintf(stderr, "usage: finetune MODEL.onnx DATA [EPOCHS]\n");
    return 2;
  }
  try {
    return run(arguments[1], arguments[2], count > 3 ? atoi(arguments[3]) : 30);
  } catch (const mg::Error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
