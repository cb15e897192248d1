// bench-planned: the planned peak of a training step of the digits' CNN (Adam,
// 64 images), ahead of time.
#include "../examples/train-digits/models.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

int main() try {
  char folder[] = "/tmp/bench-planned-XXXXXX";
  if (!mkdtemp(folder))
    throw std::runtime_error("cannot make a folder in /tmp");
  const Cnn model = Cnn::init(mg::Key(0));
  const auto state = Adam{}.init(model);
  namespace aot = mg::aot;
  aot::compile(
      "cnn",
      {aot::entry("train", step<Cnn>, aot::state("m", model),
                  aot::state("s", state), aot::input("x", mg::spec({64, 64})),
                  aot::input("y", mg::spec({64}, mg::DType::i32)))
           .returns({"m", "s", "loss"})},
      {.targets = {"native"}, .directory = folder});
  std::ifstream header(std::string(folder) + "/cnn.h");
  for (std::string line; std::getline(header, line);)
    if (line.find("_BYTES ((size_t)") != std::string::npos)
      std::printf("%s\n", line.c_str());
  std::filesystem::remove_all(folder);
} catch (const std::exception &e) {
  std::fprintf(stderr, "bench-planned: %s\n", e.what());
  return 1;
}
