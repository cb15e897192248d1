// bench-checkpoint [LAYERS [ROUNDS [POLICY..]]]: one training step of a
// transformer (width 256, 4 heads, 4 windows of 128 bytes, SGD), ahead of time,
// without checkpoints and with one around each block: the workspace that was
// planned, the part of it that a step wrote, and the time of a step on one
// thread. Variants take turns; medians.
#include "../examples/bytes/gpt.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <regex>

namespace {

constexpr std::int64_t batch = 4, window = 128, width = 256;
constexpr std::size_t align = 64;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

mg::Checkpoint policy_of(const std::string &name) {
  if (name == "none" || name == "everything")
    return mg::Checkpoint::everything;
  if (name == "nothing")
    return mg::Checkpoint::nothing;
  if (name == "dots")
    return mg::Checkpoint::dots;
  if (name == "bytes") // half a megabyte per block: one (4, 128, 256)
    return mg::Checkpoint::bytes(batch * window * width * 4);
  throw std::runtime_error("no policy is called " + name);
}

using mg::optim::SGD;

std::tuple<Gpt, mg::Tensor> step(const Gpt &model, mg::Tensor x, mg::Tensor y,
                                 const std::string &policy) {
  auto block_of = [](Block block, mg::Tensor h) { return block(h); };
  auto loss = [&](Gpt m, mg::Tensor x, mg::Tensor y) {
    mg::Tensor h = m.bytes(x) + m.positions;
    for (const Block &block : m.blocks)
      h = policy == "none"
              ? block(h)
              : mg::checkpoint(block_of, policy_of(policy))(block, h);
    mg::Tensor logits = matmul(m.norm(h), transpose(m.bytes.table));
    return mean(cross_entropy(logits, y));
  };
  auto [l, gradient] = mg::value_and_grad(loss)(model, x, y);
  auto moved = [](const mg::Tensor &t, const mg::Tensor &g) {
    return t - 0.1f * g;
  };
  return {mg::map(moved, model, gradient), l};
}

/// A compiled variant, its memory, and its losses.
struct Variant {
  std::string name;
  double compile_seconds = 0;
  std::size_t workspace = 0, state_bytes = 0;
  std::vector<void *> state;
  std::vector<std::uint8_t> memory, scratch;
  using Train = int (*)(const void *state, const std::int32_t *x,
                        const std::int32_t *y, float *loss, void *workspace,
                        void *pool);
  Train train = nullptr;
  std::vector<double> times;
  float first_loss = 0, last_loss = 0;
};

std::size_t number_in(const std::string &header, const std::string &macro) {
  std::smatch found;
  const std::regex pattern(macro + R"( \(\(size_t\)(\d+)\))");
  if (!std::regex_search(header, found, pattern))
    throw std::runtime_error("the header has no " + macro);
  return std::stoull(found[1]);
}

std::uint8_t *aligned(std::vector<std::uint8_t> &bytes, std::size_t size) {
  bytes.assign(size + align, 0);
  const auto at = reinterpret_cast<std::uintptr_t>(bytes.data());
  return bytes.data() + (align - at % align) % align;
}

Variant build(const std::string &policy, const Gpt &model,
              const std::string &folder) {
  Variant v;
  v.name = policy;
  const std::string name = "gpt_" + policy, base = folder + "/" + name;
  const mg::Tensor tokens = mg::spec({batch, window}, mg::DType::i32);
  const auto start = Clock::now();
  mg::aot::compile(name,
                   {mg::aot::entry(
                        "train",
                        [&](Gpt m, mg::Tensor x, mg::Tensor y) {
                          return step(m, x, y, policy);
                        },
                        mg::aot::state("m", model), mg::aot::input("x", tokens),
                        mg::aot::input("y", tokens))
                        .returns({"m", "loss"})},
                   {.targets = {"native"}, .directory = folder});
  v.compile_seconds = seconds_since(start);
  std::ifstream file(base + ".h");
  const std::string header{std::istreambuf_iterator<char>(file), {}};
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  v.workspace = number_in(header, upper + "_TRAIN_WORKSPACE_BYTES");
  v.state_bytes = number_in(header, upper + "_STATE_BYTES");

  const std::string link = "cc -shared -o " + base + ".so " + base +
                           ".o " MG_RUNTIME " -lm -lpthread";
  if (std::system(link.c_str()) != 0)
    throw std::runtime_error("cannot link: " + link);
  void *library = dlopen((base + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw std::runtime_error(dlerror());
  auto place = reinterpret_cast<int (*)(void *, void *)>(
      dlsym(library, (name + "_place_state").c_str()));
  v.train = reinterpret_cast<Variant::Train>(
      dlsym(library, (name + "_train").c_str()));

  const mg::Leaves leaves = mg::flatten(model);
  v.state.resize(leaves.size());
  place(aligned(v.memory, v.state_bytes), v.state.data());
  for (std::size_t i = 0; i < leaves.size(); ++i)
    std::memcpy(v.state[i], contiguous(leaves[i]).data(),
                std::size_t(leaves[i].size()) * 4);
  return v;
}

/// The furthest byte of a poisoned workspace that a step wrote.
std::size_t measured_peak(Variant &v, const mg::Tensor &x,
                          const mg::Tensor &y) {
  std::uint8_t *scratch = aligned(v.scratch, v.workspace);
  std::memset(scratch, 0xab, v.workspace);
  v.train(v.state.data(), static_cast<const std::int32_t *>(x.data()),
          static_cast<const std::int32_t *>(y.data()), &v.first_loss, scratch,
          nullptr);
  std::size_t end = v.workspace;
  while (end > 0 && scratch[end - 1] == 0xab)
    --end;
  return end;
}

void report(std::vector<Variant> &variants, const mg::Tensor &x,
            const mg::Tensor &y, int rounds) {
  std::vector<std::size_t> peaks;
  for (Variant &v : variants)
    peaks.push_back(measured_peak(v, x, y));
  for (int round = 0; round < rounds; ++round)
    for (Variant &v : variants) {
      std::uint8_t *scratch =
          v.scratch.data() +
          (align - reinterpret_cast<std::uintptr_t>(v.scratch.data()) % align) %
              align;
      const auto start = Clock::now();
      v.train(v.state.data(), static_cast<const std::int32_t *>(x.data()),
              static_cast<const std::int32_t *>(y.data()), &v.last_loss,
              scratch, nullptr);
      v.times.push_back(seconds_since(start));
    }
  for (std::size_t i = 0; i < variants.size(); ++i) {
    Variant &v = variants[i];
    std::sort(v.times.begin(), v.times.end());
    const double time = v.times.empty() ? 0 : v.times[v.times.size() / 2];
    std::printf("%-10s planned %8.2f MiB, written to %8.2f MiB, step %8.1f ms "
                "(from %.1f), loss %.6f then %.6f, compiled in %.0f s\n",
                v.name.c_str(), double(v.workspace) / (1 << 20),
                double(peaks[i]) / (1 << 20), 1e3 * time,
                v.times.empty() ? 0 : 1e3 * v.times.front(),
                double(v.first_loss), double(v.last_loss), v.compile_seconds);
  }
}

} // namespace

int main(int argc, char **argv) try {
  const int layers = argc > 1 ? std::atoi(argv[1]) : 12,
            rounds = argc > 2 ? std::atoi(argv[2]) : 9;
  std::vector<std::string> policies(argv + std::min(argc, 3), argv + argc);
  if (policies.empty())
    policies = {"none", "nothing", "dots", "bytes"};
  char folder[] = "/tmp/bench-checkpoint-XXXXXX";
  if (layers < 1 || !mkdtemp(folder))
    throw std::runtime_error("usage: [LAYERS [ROUNDS [POLICY..]]]");

  const Gpt model =
      Gpt::init(mg::Key(0), {.width = width, .layers = layers, .heads = 4});
  std::vector<Variant> variants;
  for (const std::string &policy : policies) {
    variants.push_back(build(policy, model, folder));
    std::printf("%s: planned %.2f MiB beside a state of %.2f MiB\n",
                policy.c_str(), double(variants.back().workspace) / (1 << 20),
                double(variants.back().state_bytes) / (1 << 20));
    std::fflush(stdout);
  }
  const mg::Key key(1);
  const mg::Tensor x = randint(key.fold(0), 0, 256, {batch, window}),
                   y = randint(key.fold(1), 0, 256, {batch, window});
  report(variants, x, y, rounds);
  std::filesystem::remove_all(folder);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-checkpoint: %s\n", e.what());
  return 1;
}
