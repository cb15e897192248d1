// says: wrt<...> names an argument that the function has not
#include "mg/mg.h"
int main() {
  mg::grad([](mg::Tensor x) { return x; }, mg::wrt<1>)(1.0f);
}
