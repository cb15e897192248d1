// Planned and measured workspace (Peak.h) of the examples that train networks.
#include "Peak.h"
#include "examples/bytes/gpt.h"
#include "examples/train-digits/models.h"

namespace {

namespace aot = mg::aot;
using mg::Tensor;
using mg::test::checkPeak;

template <class Model> void checkTraining() {
  const Model model = Model::init(mg::Key(0));
  const auto state = Adam{}.init(model);
  const auto m = aot::state("m", model);
  checkPeak({aot::entry("train", step<Model>, m, aot::state("s", state),
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
  checkPeak(
      {aot::entry("train", mg::value_and_grad([](Gpt f, Tensor x, Tensor y) {
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
  checkPeak({aot::entry("run", last, aot::state("m", cell),
                        aot::input("x", mg::spec({12, 4, 8}))),
             aot::entry("grad", mg::grad(last), aot::state("m", cell),
                        aot::input("x", mg::spec({12, 4, 8})))});
}

} // namespace
