// train-generate: writes train.o and train.h into the working directory: entry
// points for C that make random weights, improve them by one step, use them.
// The weights and what Adam remembers are memory of the C program.
#include "program.h"

#include <cstdio>

int main() try {
  namespace aot = mg::aot;
  const auto [model, optimizer] = mg::shapes_of(begin(0));
  const auto m = aot::state("model", model);
  const auto infer = [](Mlp model, mg::Tensor x) { return model(x); };
  aot::compile(
      "train",
      {aot::entry("init", begin,
                  aot::input("seed", mg::spec({}, mg::DType::i32)))
           .returns({"model", "optimizer"}),
       aot::entry("train", step<Mlp>, m, aot::state("optimizer", optimizer),
                  aot::input("x", mg::spec({64, 64})),
                  aot::input("y", mg::spec({64}, mg::DType::i32)))
           .returns({"model", "optimizer", "loss"}),
       aot::entry("infer", infer, m, aot::input("x", mg::spec({360, 64})))
           .returns({"logits"})},
      {.targets = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "icelake-server",
                   "znver4"}});
} catch (const std::exception &e) {
  std::fprintf(stderr, "train-generate: %s\n", e.what());
  return 1;
}
