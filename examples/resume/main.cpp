// Fits y = 3 x + 1 to noisy samples in shuffled batches: once straight through,
// once stopped in the middle of an epoch and resumed from a file.
#include <mg/mg.h>

#include <cstdio>

struct Line {
  mg::Tensor slope = 0.0f, offset = 0.0f;
};

struct Training { // all that a run goes on with
  Line line;
  mg::data::LoaderState loader;
  std::int64_t steps = 0;
};

Line improved(Line line, mg::Tensor x, mg::Tensor y) {
  mg::Tensor error = line.slope * x + line.offset - y;
  return {line.slope - mean(error * x), line.offset - mean(error)};
}

/// Goes on from `t` until that many steps are done.
Training train(Training t, std::int64_t steps) {
  using Sample = std::pair<mg::Tensor, mg::Tensor>;
  mg::Tensor x = mg::linspace(-1, 1, 1000);
  mg::data::DataLoader loader(
      mg::data::transform(mg::data::TensorDataset(x, 3 * x + 1),
                          [](Sample sample, const mg::Key &key) {
                            auto [x, y] = sample;
                            return Sample{x, y + 0.1f * mg::normal(key, {})};
                          }),
      {.batch_size = 64, .shuffle = true, .num_workers = 2});
  if (t.steps > 0)
    loader.load_state(t.loader);

  auto step = mg::jit(improved);
  mg::Progress progress({.total = loader.size(), .batch_size = 64});
  while (t.steps < steps)
    for (auto [x, y] : loader) {
      t.line = step(t.line, x, y);
      progress.update(++t.steps);
      if (t.steps == steps)
        break;
    }
  t.loader = loader.state();
  return t;
}

int main(int argc, char **argv) {
  const std::string file = argc > 1 ? argv[1] : "line.checkpoint";
  Line straight = train({}, 100).line;

  mg::save_checkpoint(file, train({}, 57));
  Line resumed = train(mg::load_checkpoint<Training>(file), 100).line;

  const bool same = (straight.slope == resumed.slope).item<bool>() &&
                    (straight.offset == resumed.offset).item<bool>();
  std::printf("y = %.1f x + %.1f, resumed: %s\n", resumed.slope.item<float>(),
              resumed.offset.item<float>(), same ? "the same" : "another");
}
