// train-digits mlp|cnn DATA [EPOCHS [SEEDS [RECORD.npz]]]: trains on the 1437
// images, from as many different random weights as there are SEEDS, and counts
// the test images that come out right. RECORD gets what another program needs
// to repeat the last training: the weights that it began with, which images
// came in which order, and the losses.
#include "models.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int batch_size = 64;

struct Data {
  mg::Tensor images, labels;
};

struct Arguments {
  std::string record;
  int epochs = 100, seeds = 1;
};

int correct(mg::Tensor logits, mg::Tensor labels) {
  return sum(astype(argmax(logits, 1) == labels, mg::DType::i32)).item<int>();
}

template <class Model>
void save_record(const std::string &path, const Model &first,
                 const std::vector<mg::Tensor> &order,
                 const std::vector<mg::Tensor> &losses) {
  mg::io::Tensors tensors{{"order", stack(order)}, {"losses", stack(losses)}};
  mg::for_each_leaf(const_cast<Model &>(first),
                    [&](const std::string &name, mg::Tensor &t) {
                      tensors.emplace(name, t);
                    });
  mg::io::save_npz(path, tensors);
}

/// Mean and standard deviation of how many of the test images were right.
void summarize(const std::vector<int> &counts, std::int64_t images) {
  double mean = 0, square = 0;
  for (int count : counts)
    mean += 100.0 * count / double(images) / double(counts.size());
  for (int count : counts)
    square += std::pow(100.0 * count / double(images) - mean, 2);
  const double others = std::max(1.0, double(counts.size()) - 1);
  std::printf("mean of %d: %.2f%%, standard deviation %.2f\n",
              int(counts.size()), mean, std::sqrt(square / others));
}

template <class Model>
void train(const Arguments &args, const Data &training, const Data &test) {
  auto improve = mg::jit(step<Model>);
  auto infer = mg::jit([](Model m, mg::Tensor x) { return m(x); });
  std::vector<int> counts;
  for (int seed = 0; seed < args.seeds; ++seed) {
    Model model = Model::init(mg::Key(std::uint64_t(seed)));
    auto state = Adam{}.init(model);
    const Model first = model;
    std::vector<mg::Tensor> order, losses;

    mg::data::DataLoader loader(
        mg::data::TensorDataset(training.images, training.labels,
                                mg::arange(training.labels.size())),
        {.batch_size = batch_size,
         .shuffle = true,
         .num_workers = 1,
         .drop_last = true,
         .seed = seed,
         .persistent_workers = true});
    mg::Progress progress({.total = loader.size(),
                           .epochs = args.epochs,
                           .batch_size = batch_size});
    for (int epoch = 0; epoch < args.epochs; ++epoch)
      for (auto [x, y, index] : loader) {
        mg::Tensor l;
        std::tie(model, state, l) =
            improve(std::move(model), std::move(state), x, y);
        order.push_back(index);
        losses.push_back(l);
        progress.update(std::int64_t(losses.size()), l);
      }
    progress.clear();

    const std::vector<mg::Tensor> last(losses.end() - loader.size(),
                                       losses.end());
    counts.push_back(correct(infer(model, test.images), test.labels));
    std::printf("seed %d: loss %.4f, then %.4f; %d of %d correct\n", seed,
                losses.front().item<float>(), mean(stack(last)).item<float>(),
                counts.back(), int(test.labels.size()));
    if (!args.record.empty())
      save_record(args.record, first, order, losses);
  }
  summarize(counts, test.labels.size());
}

Data load(const std::string &folder, const std::string &part) {
  return {mg::io::load_npy(folder + "/" + part + "_images.npy"),
          mg::io::load_npy(folder + "/" + part + "_labels.npy")};
}

} // namespace

int main(int argc, char **argv) try {
  const std::string network = argc > 1 ? argv[1] : "";
  Arguments args;
  if (argc > 3)
    args.epochs = std::atoi(argv[3]);
  if (argc > 4)
    args.seeds = std::atoi(argv[4]);
  if (argc > 5)
    args.record = argv[5];
  if ((network != "mlp" && network != "cnn") || argc < 3 || argc > 6 ||
      args.epochs < 1 || args.seeds < 1) {
    std::fprintf(stderr, "usage: train-digits mlp|cnn DATA [EPOCHS [SEEDS "
                         "[RECORD.npz]]]\n");
    return 2;
  }
  const Data training = load(argv[2], "train"), test = load(argv[2], "test");
  (network == "mlp" ? train<Mlp> : train<Cnn>)(args, training, test);
} catch (const std::exception &e) {
  std::fprintf(stderr, "train-digits: %s\n", e.what());
  return 1;
}
