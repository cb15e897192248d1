// Draws the inputs of every differentiable case of test/gradients, runs reverse
// mode and writes all of it to one .npz, which gradients.py then computes again
// with JAX.
//
//   gradients-cases OUT.npz
//
// Members of case i: `i/op` and `i/attributes` (text), `i/x0`.., the results'
// cotangents `i/ct0`.., the float operands' gradients `i/g0`..
#include "test/gradients/CaseModule.h"

#include "frontend/io/Npz.h"

#include "mlir/IR/MLIRContext.h"

#include <cstdio>
#include <cstring>

using namespace mg;
using namespace mg::test;

static eager::Array textArray(const std::string &text) {
  const int64_t shape[] = {static_cast<int64_t>(text.size())};
  eager::Array array = eager::allocate(MG_U8, shape);
  std::memcpy(array.view.data, text.data(), text.size());
  return array;
}

static void addCase(io::NamedArrays &arrays, const std::string &name,
                    const Case &testCase, CaseModule &module) {
  Random random(7);
  Arrays inputs;
  auto put = [&](const std::string &leaf, const eager::Array &array) {
    arrays.emplace_back(name + "/" + leaf, eager::rowMajor(array));
  };
  put("op", textArray(testCase.op));
  put("attributes", textArray(testCase.attributes));
  for (size_t i = 0; i < testCase.operands.size(); ++i) {
    inputs.push_back(draw(testCase.operands[i], module.operands()[i], random));
    put("x" + std::to_string(i), inputs.back());
  }
  for (size_t i : module.floatResults()) {
    inputs.push_back(drawWeights(module.results()[i], random));
    put("ct" + std::to_string(i), inputs.back());
  }
  const Arrays gradients = module.run("reverse", inputs);
  for (size_t k = 0; k < gradients.size(); ++k)
    put("g" + std::to_string(module.floatOperands()[k]), gradients[k]);
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  io::NamedArrays arrays;
  int count = 0;
  for (const Case &testCase : allCases()) {
    // What calls functions means its body; JAX has no such thing to compare.
    if (!testCase.functions.empty())
      continue;
    CaseModule module(context, testCase);
    if (!module)
      return 1;
    // A barrier is the identity, and gradients.py has none.
    if (module.isDifferentiable() && !testCase.isOpaque &&
        testCase.op != "barrier")
      addCase(arrays, std::to_string(count++), testCase, module);
  }
  try {
    io::saveNpz(argv[1], arrays);
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
