// says: cond: both functions return the same type
#include "mg/mg.h"
int main() {
  mg::Tensor x = 1.0f;
  mg::cond(
      x > 0, [](mg::Tensor v) { return v; },
      [](mg::Tensor v) { return std::pair{v, v}; }, x);
}
