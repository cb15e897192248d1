// says: while_loop: the test returns a Tensor
#include "mg/mg.h"
int main() {
  mg::while_loop([](mg::Tensor) { return true; },
                 [](mg::Tensor v) { return v; }, mg::Tensor(1.0f));
}
