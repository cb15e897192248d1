// says: backward returns one cotangent per argument
#include "mg/mg.h"
int main() {
  auto f = mg::custom_vjp(
      [](mg::Tensor a, mg::Tensor b) { return a * b; },
      [](mg::Tensor a, mg::Tensor b) { return std::pair{a * b, a}; },
      [](mg::Tensor, mg::Tensor ct) { return ct; });
  f(1.0f, 2.0f);
}
