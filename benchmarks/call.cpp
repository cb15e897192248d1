// bench-call: what one call of a compiled function costs: y = x * x + 1 on 16
// floats, from C, through `mg::jit`, and eager.
#include <mg/mg.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using mg::Tensor;

namespace {

Tensor f(Tensor x) { return x * x + 1.0f; }

using Compiled = int (*)(const float *x, float *y, void *workspace, void *pool);

Compiled ahead_of_time(const std::string &folder) {
  mg::aot::compile(
      "call", {mg::aot::entry("f", f, mg::aot::input("x", mg::spec({16})))},
      {.targets = {"x86-64-v2", "x86-64-v3", "x86-64-v4"},
       .directory = folder});
  const std::string base = folder + "/call";
  const std::string link = "cc -shared -o " + base + ".so " + base +
                           ".o " MG_RUNTIME " -lm -lpthread";
  if (std::system(link.c_str()) != 0)
    throw std::runtime_error("cannot link: " + link);
  void *library = dlopen((base + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw std::runtime_error(dlerror());
  return reinterpret_cast<Compiled>(dlsym(library, "call_f"));
}

/// Nanoseconds of one call: the median of many rounds, each shorter than what
/// the system gives a process at a time.
double nanoseconds(int calls, const std::function<void(int)> &repeat) {
  repeat(calls);
  std::vector<double> rounds;
  for (int round = 0; round < 1001; ++round) {
    const auto start = std::chrono::steady_clock::now();
    repeat(calls);
    const std::chrono::duration<double, std::nano> took =
        std::chrono::steady_clock::now() - start;
    rounds.push_back(took.count() / calls);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[rounds.size() / 2];
}

void run(const std::string &folder) {
  const Compiled compiled = ahead_of_time(folder);
  alignas(64) float x[16] = {}, y[16];
  std::printf("from C   %7.1f ns\n", nanoseconds(20000, [&](int n) {
                for (int i = 0; i < n; ++i)
                  if (compiled(x, y, nullptr, nullptr) != 0 || y[15] != 1)
                    std::abort();
              }));
  mg::set_num_threads(1);
  const auto jitted = mg::jit(f);
  const Tensor t = mg::ones({16});
  std::printf("mg::jit  %7.1f ns\n", nanoseconds(200, [&](int n) {
                for (int i = 0; i < n; ++i)
                  jitted(t);
              }));
  std::printf("eager    %7.1f ns\n", nanoseconds(200, [&](int n) {
                for (int i = 0; i < n; ++i)
                  f(t);
              }));
}

} // namespace

int main() try {
  char folder[] = "/tmp/bench-call-XXXXXX";
  if (!mkdtemp(folder))
    throw std::runtime_error("cannot make a folder in /tmp");
  run(folder);
  std::filesystem::remove_all(folder);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-call: %s\n", e.what());
  return 1;
}
