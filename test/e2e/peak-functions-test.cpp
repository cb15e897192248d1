// Planned and measured workspace (Peak.h) of the examples that are functions:
// fits, second derivatives, derivatives of each example.
#include "Peak.h"
#include "examples/newton/newton.h"
#include "examples/per-example/report.h"

namespace {

namespace aot = mg::aot;
using mg::Tensor;
using mg::test::checkPeak;

TEST(Peak, Newton) {
  const auto w = aot::input("w", mg::spec({65})),
             x = aot::input("x", mg::spec({500, 65})),
             y = aot::input("y", mg::spec({500}));
  const auto step = [](Tensor w, Tensor x, Tensor y) {
    return newton_step(w, {x, y});
  };
  const auto descent = [](Tensor w, Tensor x, Tensor y) {
    return w - 1.0f * mg::grad(logistic_loss)(w, Set{x, y});
  };
  checkPeak({aot::entry("newton", step, w, x, y),
             aot::entry("descent", descent, w, x, y)});
}

TEST(Peak, PerExample) {
  const Mlp model = {{mg::zeros({64, 128}), mg::zeros({128})},
                     {mg::zeros({128, 10}), mg::zeros({10})}};
  checkPeak({aot::entry("examine", examine, aot::state("m", model),
                        aot::input("x", mg::spec({48, 8, 8})),
                        aot::input("y", mg::spec({48}, mg::DType::i32)))});
}

// examples/linear, examples/resume and examples/chain.
TEST(Peak, FitsAndAChain) {
  const auto fit = [](Tensor x, Tensor y) {
    Tensor dx = x - mean(x), slope = sum(dx * (y - mean(y))) / sum(dx * dx);
    return std::pair{slope, mean(y) - slope * mean(x)};
  };
  const auto improved = [](Tensor slope, Tensor offset, Tensor x, Tensor y) {
    Tensor error = slope * x + offset - y;
    return std::pair{slope - mean(error * x), offset - mean(error)};
  };
  const auto chain = [](Tensor x) {
    Tensor a = x * 0.5f + 2.0f, b = sqrt(abs(a)) - x;
    return minimum(maximum(-b, 0.5f), 2.0f) * x + 0.5f;
  };
  const auto number = [](const char *name) {
    return aot::input(name, mg::spec({}));
  };
  const auto array = [](const char *name, std::int64_t n) {
    return aot::input(name, mg::spec({n}));
  };
  checkPeak({aot::entry("fit", fit, array("x", 1000), array("y", 1000)),
             aot::entry("improved", improved, number("slope"), number("offset"),
                        array("x", 64), array("y", 64)),
             aot::entry("chain", chain, array("x", 1 << 20))});
}

} // namespace
