// says: jacobian: the result or the argument must be a Tensor
#include "mg/mg.h"
struct Pair {
  mg::Tensor a, b;
};
int main() {
  mg::jacobian([](Pair p) { return p; })({{mg::Tensor(1.0f), 2.0f}});
}
