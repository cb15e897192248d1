// digits-compile WEIGHTS.safetensors: writes digits.o and digits.h, the network
// with its weights, into the working directory.
#include "model.h"

#include <cstdio>

int main(int argc, char **argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: digits-compile WEIGHTS.safetensors\n");
    return 2;
  }
  auto model = mg::load<Mlp>(argv[1]);
  auto infer = [](Mlp m, mg::Tensor x) { return m(x); };
  auto entry = mg::aot::entry("infer", infer, mg::aot::weights(model),
                              mg::aot::input("x", mg::spec({360, 64})));
  mg::aot::compile("digits", {entry},
                   {.targets = {"x86-64-v2", "x86-64-v3", "x86-64-v4",
                                "icelake-server", "znver4"}});
} catch (const std::exception &e) {
  std::fprintf(stderr, "digits-compile: %s\n", e.what());
  return 1;
}
