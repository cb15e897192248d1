// bytes TEXT...: trains a small transformer on the bytes of texts, but for
// their last tenth, which it is then measured on, and lets it write. A training
// that was stopped goes on from a checkpoint, bit for bit. docs/examples.md
// tells more.
#include "gpt.h"
#include "windows.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numbers>
#include <sstream>

namespace {

using mg::optim::AdamW;

struct Training { // all that goes on
  Gpt model;
  AdamW::State<Gpt> optimizer;
  mg::data::LoaderState loader;
  std::int64_t steps = 0;
};

struct Options {
  Sizes sizes;
  std::vector<std::string> texts;
  std::string checkpoint;
  std::int64_t steps = 1000, every = 0, batch = 16, seed = 0, sample = 400;
  double rate = 2e-3;
  bool lists_windows = false;
};

using TextRef = std::shared_ptr<const Text>;

std::string read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf()))
    throw std::runtime_error("cannot read the text " + path);
  return content.str();
}

/// What to train on, and the rest.
std::pair<TextRef, TextRef> load(const Options &options) {
  std::string all;
  for (const std::string &path : options.texts)
    all += read(path);
  const Text text(std::move(all));
  if (text.longest_character() > options.sizes.window)
    throw std::runtime_error("a character does not fit a window");
  const auto cut =
      std::size_t(text.boundary_before(text.size() - text.size() / 10));
  auto part = [](std::string s) {
    if (s.empty())
      throw std::runtime_error("the texts are too short");
    return std::make_shared<const Text>(std::move(s));
  };
  return {part(text.bytes.substr(0, cut)), part(text.bytes.substr(cut))};
}

/// Of each byte of `text`, given those before it in its window.
double bits_per_byte(const Gpt &model, const TextRef &text,
                     const Options &options) {
  static const auto measure = mg::jit(
      [](Gpt m, mg::Tensor x, mg::Tensor y) { return sum(surprise(m, x, y)); });
  mg::data::DataLoader loader(AllWindows(text, options.sizes.window),
                              {.batch_size = options.batch});
  double nats = 0;
  for (auto [x, y] : loader)
    nats += measure(model, x, y).item<double>();
  return nats / std::numbers::ln2 / double(text->size());
}

void train(Training &t, const TextRef &text, const Options &options) {
  mg::data::DataLoader loader(RandomWindows{text, options.sizes.window},
                              {.batch_size = options.batch,
                               .shuffle = true,
                               .num_workers = 1,
                               .seed = options.seed,
                               .persistent_workers = true});
  if (t.steps > 0)
    loader.load_state(t.loader);

  const double all = double(options.steps), rate = options.rate;
  auto improve = mg::jit(
      [=](Gpt model, AdamW::State<Gpt> state, mg::Tensor x, mg::Tensor y) {
        auto [l, gradient] = mg::value_and_grad(loss)(model, x, y);
        auto [clipped, norm] = mg::optim::clip_by_global_norm(gradient, 1.0f);
        auto lr = mg::optim::schedule::warmup_cosine(state.step, rate, all / 20,
                                                     all, rate / 10);
        return AdamW{.lr = lr, .weight_decay = 0.1}.update(clipped, state,
                                                           model, l);
      });
  mg::Progress progress({.total = options.steps, .batch_size = options.batch});
  while (t.steps < options.steps)
    for (auto [x, y] : loader) {
      mg::Tensor l;
      std::tie(t.model, t.optimizer, l) =
          improve(std::move(t.model), std::move(t.optimizer), x, y);
      progress.update(++t.steps, l);
      t.loader = loader.state();
      if (options.every > 0 && t.steps % options.every == 0)
        mg::save_checkpoint(options.checkpoint + "." + std::to_string(t.steps),
                            t);
      if (t.steps == options.steps)
        break;
    }
}

/// One of the bytes that may follow `begun`, a character's first bytes, as
/// often as its logit says.
char draw(const mg::Tensor &logits, const std::string &begun, float chance) {
  auto p = softmax(logits / 0.8f).to_vector<double>();
  double total = 0;
  p[0] = 0;
  for (int b = 1; b < 256; ++b) {
    if (!begins_character(begun + char(b)))
      p[std::size_t(b)] = 0;
    total += p[std::size_t(b)];
  }
  double left = total * chance;
  int last = 0;
  for (int b = 1; b < 256; ++b)
    if (p[std::size_t(b)] > 0) {
      last = b;
      if ((left -= p[std::size_t(b)]) < 0)
        break;
    }
  return char(last);
}

/// UTF-8, and whole characters: the last one ends where another begins.
std::string written_by(const Gpt &model, const Options &options) {
  auto next = mg::jit([](Gpt m, mg::Tensor x, mg::Tensor at) {
    return take(squeeze(m(x), 0), at, 0);
  });
  const mg::Key key(std::uint64_t(options.seed) + 1);
  const std::int64_t window = options.sizes.window;
  std::string all, begun;
  for (std::int64_t i = 0; i < options.sample || !begun.empty(); ++i) {
    std::int64_t first = std::max<std::int64_t>(0, i - (window - 1));
    while (first < i && (all[std::size_t(first)] & 0xc0) == 0x80)
      ++first;
    std::vector<std::int32_t> x(std::size_t(window), 0);
    for (std::int64_t k = first; k < i; ++k)
      x[std::size_t(k - first + 1)] = std::uint8_t(all[std::size_t(k)]);
    begun += draw(next(model, mg::from(x, {1, window}), int(i - first)), begun,
                  uniform(key.fold(i), {}).item<float>());
    all += begun.back();
    if (is_character(begun))
      begun.clear();
  }
  const Text text(all);
  return all.substr(0, std::size_t(text.boundary_before(text.size() - 1)));
}

/// The training's windows side by side, a line of bytes in hexadecimal each.
void list_windows(const TextRef &text, const Options &options) {
  const AllWindows windows(text, options.sizes.window);
  for (std::int64_t i = 0; i < windows.size(); ++i) {
    for (int byte : windows[i].y.to_vector<int>())
      if (byte >= 0)
        std::printf("%02x", byte);
    std::printf("\n");
  }
}

Training begin(const Options &options) {
  const mg::Key key{std::uint64_t(options.seed)};
  Training t;
  t.model = Gpt::init(key, options.sizes);
  t.optimizer = AdamW{}.init(t.model);
  if (!options.checkpoint.empty() &&
      std::filesystem::exists(options.checkpoint))
    return mg::load_checkpoint(options.checkpoint, std::move(t));
  return t;
}

void run(const Options &options) {
  const auto [text, held_out] = load(options);
  if (options.lists_windows)
    return list_windows(text, options);
  Training t = begin(options);
  std::int64_t numbers = 0;
  mg::for_each_leaf(t.model, [&](const std::string &, mg::Tensor &leaf) {
    numbers += leaf.size();
  });
  std::printf("%lld bytes to train on, %lld held out, %lld parameters\n",
              (long long)text->size(), (long long)held_out->size(),
              (long long)numbers);
  std::printf("step %lld: %.3f bits per byte of the held-out text\n",
              (long long)t.steps, bits_per_byte(t.model, held_out, options));
  std::fflush(stdout);
  train(t, text, options);
  std::printf("step %lld: %.3f bits per byte of the held-out text\n",
              (long long)t.steps, bits_per_byte(t.model, held_out, options));
  if (!options.checkpoint.empty())
    mg::save_checkpoint(options.checkpoint, t);
  if (options.sample > 0)
    std::printf("---\n%s\n", written_by(t.model, options).c_str());
}

} // namespace

int main(int argc, char **argv) try {
  Options o;
  CLI::App app("Trains a transformer on the bytes of texts.", "bytes");
  app.add_option("TEXT", o.texts, "UTF-8 texts")->required();
  auto *file = app.add_option("--checkpoint", o.checkpoint,
                              "to go on from, and to write");
  app.add_option("--steps", o.steps, "of the whole training");
  app.add_option("--every", o.every,
                 "steps after which CHECKPOINT.STEP is written, too")
      ->needs(file);
  app.add_option("--batch", o.batch, "windows of a step")
      ->check(CLI::PositiveNumber);
  app.add_option("--rate", o.rate, "the highest learning rate");
  app.add_option("--seed", o.seed);
  app.add_option("--sample", o.sample, "bytes to write at the end");
  app.add_option("--width", o.sizes.width)->check(CLI::PositiveNumber);
  app.add_option("--layers", o.sizes.layers);
  app.add_option("--heads", o.sizes.heads)->check(CLI::PositiveNumber);
  app.add_option("--window", o.sizes.window, "bytes")
      ->check(CLI::PositiveNumber);
  app.add_flag("--list-windows", o.lists_windows,
               "list the windows of the text and stop");
  CLI11_PARSE(app, argc, argv);
  run(o);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bytes: %s\n", e.what());
  return 1;
}
