// The workspace that the header of an object plans is what a run writes, in
// every program of examples/: not a byte more, and its last line is used.
#include "examples/bytes/gpt.h"
#include "examples/train-digits/models.h"
#include "minigrad/model.h"
#include "minigrad/pool.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <gtest/gtest.h>

namespace {

namespace aot = mg::aot;
using mg::Tensor;

constexpr std::size_t line = 64, behind = 4096;

struct Free {
  void operator()(void *p) const { std::free(p); }
};
using Memory = std::unique_ptr<unsigned char, Free>;

Memory memoryOf(std::size_t bytes) {
  const std::size_t whole = (bytes + behind + line - 1) / line * line;
  Memory memory(static_cast<unsigned char *>(std::aligned_alloc(line, whole)));
  std::memset(memory.get(), 0, whole);
  return memory;
}

std::size_t bytesOf(const mg_argument &argument) {
  std::size_t bytes = mg_dtype_size(mg_dtype(argument.dtype));
  for (int i = 0; i < argument.rank; ++i)
    bytes *= static_cast<std::size_t>(argument.shape[i]);
  return bytes;
}

/// One past the last byte of `space` that a run on zeros changes.
std::size_t bytesUsed(const mg_entry &entry, int poison, mg_pool *pool) {
  std::vector<Memory> arrays;
  std::vector<const void *> in;
  std::vector<void *> out;
  for (std::size_t i = 0; i < entry.input_count; ++i) {
    arrays.push_back(memoryOf(bytesOf(entry.inputs[i])));
    in.push_back(arrays.back().get());
  }
  for (std::size_t i = 0; i < entry.output_count; ++i) {
    arrays.push_back(memoryOf(bytesOf(entry.outputs[i])));
    out.push_back(entry.updates[i] < 0 ? arrays.back().get()
                                       : arrays[entry.updates[i]].get());
  }
  const std::size_t bytes = entry.workspace_bytes + behind;
  const Memory space = memoryOf(bytes);
  std::memset(space.get(), poison, bytes);
  EXPECT_EQ(entry.call(nullptr, in.data(), out.data(), space.get(), pool),
            MG_OK);
  std::size_t end = bytes;
  while (end > 0 && space.get()[end - 1] == static_cast<unsigned char>(poison))
    --end;
  return end;
}

void checkEntry(const mg_entry &entry) {
  SCOPED_TRACE(entry.name);
  mg_pool *pool = mg_pool_create(3);
  for (mg_pool *threads : {static_cast<mg_pool *>(nullptr), pool}) {
    const std::size_t used = std::max(bytesUsed(entry, 0x5a, threads),
                                      bytesUsed(entry, 0xa5, threads));
    EXPECT_LE(used, entry.workspace_bytes);
    EXPECT_GT(used + line, entry.workspace_bytes);
  }
  mg_pool_destroy(pool);
}

/// Compiles the entries for this machine and runs each.
void check(const std::vector<aot::Entry> &entries) {
  char folder[] = "/tmp/peak-test-XXXXXX";
  ASSERT_TRUE(mkdtemp(folder));
  aot::compile("peak", entries,
               {.targets = {"native"},
                .directory = folder,
                .embed_limit = std::size_t(64) << 20});
  const std::string base = std::string(folder) + "/peak";
  const std::string link = "cc -shared -o " + base + ".so " + base +
                           ".o " MG_RUNTIME " -lm -lpthread";
  ASSERT_EQ(std::system(link.c_str()), 0);
  void *library = dlopen((base + ".so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto describe =
      reinterpret_cast<const mg_model *(*)()>(dlsym(library, "peak_model"));
  const mg_model &model = *describe();
  for (std::size_t i = 0; i < model.entry_count; ++i)
    checkEntry(model.entries[i]);
  std::filesystem::remove_all(folder);
}

template <class Model> void checkTraining() {
  const Model model = Model::init(mg::Key(0));
  const auto state = Adam{}.init(model);
  const auto m = aot::state("m", model);
  check({aot::entry("train", step<Model>, m, aot::state("s", state),
                    aot::input("x", mg::spec({64, 64})),
                    aot::input("y", mg::spec({64}, mg::DType::i32)))
             .returns({"m", "s", "loss"}),
         aot::entry(
             "infer", [](Model f, Tensor x) { return f(x); }, m,
             aot::input("x", mg::spec({8, 64})))});
}

TEST(Peak, DigitsOfAnMlp) { checkTraining<Mlp>(); }
TEST(Peak, DigitsOfACnn) { checkTraining<Cnn>(); }

TEST(Peak, Bytes) {
  const Gpt model = Gpt::init(mg::Key(0), {.width = 32, .layers = 2});
  const auto m = aot::state("m", model);
  const Tensor bytes = mg::spec({4, 128}, mg::DType::i32);
  check({aot::entry("train", mg::value_and_grad([](Gpt f, Tensor x, Tensor y) {
                      return loss(f, x, y);
                    }),
                    m, aot::input("x", bytes), aot::input("y", bytes)),
         aot::entry(
             "infer", [](Gpt f, Tensor x) { return f(x); }, m,
             aot::input("x", mg::spec({1, 128}, mg::DType::i32)))});
}

// Loops carry memory of their own: a recurrence and its derivative.
TEST(Peak, Recurrence) {
  const auto cell = mg::nn::LSTM::init(mg::Key(1), 8, 16);
  const auto last = [](mg::nn::LSTM f, Tensor x) {
    return sum(std::get<0>(f(x)));
  };
  check({aot::entry("run", last, aot::state("m", cell),
                    aot::input("x", mg::spec({12, 4, 8}))),
         aot::entry("grad", mg::grad(last), aot::state("m", cell),
                    aot::input("x", mg::spec({12, 4, 8})))});
}

} // namespace
