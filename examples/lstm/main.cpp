// lstm DATA [EPOCHS]: reads the images of the digits row by row, a long
// short-term memory by mg::scan, and counts the test images that come out
// right.
#include <mg/mg.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using mg::Tensor;
using mg::optim::Adam;

constexpr std::int64_t hidden = 64;

struct Reader {
  mg::nn::LSTMCell cell;
  mg::nn::Linear out;

  static Reader init(const mg::Key &key) {
    return {mg::nn::LSTMCell::init(key.fold(0), 8, hidden),
            mg::nn::Linear::init(key.fold(1), hidden, 10)};
  }
  /// (n, 64) -> (n, 10), by a loop that stays one in the compiled program.
  Tensor operator()(Tensor images) const {
    auto read = [&](mg::LSTMState state, Tensor row) {
      return std::pair{cell(row, state), mg::Nothing()};
    };
    auto [state, none] =
        mg::scan(read, cell.start(images.size(0)), rows_of(images));
    return out(state.h);
  }
  /// The same, each step written out.
  Tensor unrolled(Tensor images) const {
    mg::LSTMState state = cell.start(images.size(0));
    for (int i = 0; i < 8; ++i)
      state = cell(rows_of(images)[i], state);
    return out(state.h);
  }
  /// (8, n, 8).
  static Tensor rows_of(Tensor images) {
    return transpose(reshape(images, {-1, 8, 8}), {1, 0, 2});
  }
};

Tensor loss(Reader reader, Tensor x, Tensor y) {
  return mean(cross_entropy(reader(x), y));
}
Tensor loss_unrolled(Reader reader, Tensor x, Tensor y) {
  return mean(cross_entropy(reader.unrolled(x), y));
}

std::tuple<Reader, Adam::State<Reader>, Tensor>
step(Reader reader, Adam::State<Reader> state, Tensor x, Tensor y) {
  auto [l, gradient] = mg::value_and_grad(loss)(reader, x, y);
  auto [clipped, norm] = mg::optim::clip_by_global_norm(gradient, 1.0f);
  return Adam{.lr = 3e-3}.update(clipped, state, reader, l);
}

/// |a - b| / |b| over all weights.
double distance(const Reader &a, const Reader &b) {
  const Reader difference =
      mg::map([](const Tensor &x, const Tensor &y) { return x - y; }, a, b);
  return mg::optim::global_norm(difference).item<double>() /
         mg::optim::global_norm(b).item<double>();
}

int correct(Tensor logits, Tensor labels) {
  return sum(astype(argmax(logits, 1) == labels, mg::DType::i32)).item<int>();
}

void run(const std::string &data, int epochs) {
  const Tensor images = mg::io::load_npy(data + "/train_images.npy"),
               labels = mg::io::load_npy(data + "/train_labels.npy"),
               test_images = mg::io::load_npy(data + "/test_images.npy"),
               test_labels = mg::io::load_npy(data + "/test_labels.npy");
  Reader reader = Reader::init(mg::Key(0));
  auto state = Adam{}.init(reader);
  std::printf(
      "gradient through the scan and through the steps: %.1e apart\n",
      distance(mg::jit(mg::grad(loss))(reader, images, labels),
               mg::jit(mg::grad(loss_unrolled))(reader, images, labels)));

  auto improve = mg::jit(step);
  mg::data::DataLoader loader(
      mg::data::TensorDataset(images, labels),
      {.batch_size = 64, .shuffle = true, .drop_last = true});
  mg::Progress progress(
      {.total = loader.size(), .epochs = epochs, .batch_size = 64});
  std::int64_t steps = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    Tensor l;
    for (auto [x, y] : loader) {
      std::tie(reader, state, l) =
          improve(std::move(reader), std::move(state), x, y);
      progress.update(++steps, l);
    }
    if (epoch == 0 || epoch == epochs - 1) {
      progress.clear();
      std::printf("epoch %d: loss %.4f of the last batch\n", epoch + 1,
                  l.item<double>());
    }
  }
  auto infer = mg::jit([](Reader r, Tensor x) { return r(x); });
  std::printf("%d of %d correct\n",
              correct(infer(reader, test_images), test_labels),
              int(test_labels.size()));
}

} // namespace

int main(int argc, char **argv) try {
  const int epochs = argc > 2 ? std::atoi(argv[2]) : 30;
  if (argc < 2 || argc > 3 || epochs < 1) {
    std::fprintf(stderr, "usage: lstm DATA [EPOCHS]\n");
    return 2;
  }
  run(argv[1], epochs);
} catch (const std::exception &e) {
  std::fprintf(stderr, "lstm: %s\n", e.what());
  return 1;
}
