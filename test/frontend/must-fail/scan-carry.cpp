// says: the body's carry has the type of the first one
#include "mg/mg.h"
int main() {
  auto body = [](mg::Tensor c, mg::Tensor x) {
    return std::pair{std::pair{c, c}, x};
  };
  mg::scan(body, mg::Tensor(0), mg::from({1, 2}));
}
