// Fits y = 3 x + 1 with the normal equations: eager once, then compiled.
#include <mg/mg.h>

#include <cstdio>

struct Line {
  mg::Tensor slope, offset;
  mg::Tensor operator()(mg::Tensor x) const { return slope * x + offset; }
};

Line fit(mg::Tensor x, mg::Tensor y) {
  mg::Tensor dx = x - mean(x), dy = y - mean(y);
  mg::Tensor slope = sum(dx * dy) / sum(dx * dx);
  return {slope, mean(y) - slope * mean(x)};
}

int main() {
  mg::Tensor x = mg::linspace(-1, 1, 1000), y = 3 * x + 1;
  auto compiled = mg::jit(fit); // one fused program, cached by shapes
  for (Line line : {fit(x, y), compiled(x, y)})
    std::printf("y = %.3f x + %.3f\n", line.slope.item<float>(),
                line.offset.item<float>());
}
