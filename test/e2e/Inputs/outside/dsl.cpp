#include <mg/mg.h>

#include <cstdio>

int main() {
  auto length = mg::jit([](mg::Tensor x) { return sqrt(sum(x * x)); });
  std::printf("jit: %g\n", length(mg::from({3.0f, 4.0f})).item<float>());
}
